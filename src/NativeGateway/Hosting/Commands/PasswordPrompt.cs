using System.Text;

namespace NativeGateway.Hosting.Commands;

/// <summary>Asks for a password: at a terminal twice and unseen, else as the next line of standard input. Never as an option, which every process can read.</summary>
internal static class PasswordPrompt
{
    /// <summary>Null after a message.</summary>
    public static async Task<string?> AskAsync(CliContext context, CancellationToken cancellationToken)
    {
        if (context.ReadKey is not { } readKey)
        {
            var line = await context.In.ReadLineAsync(cancellationToken);
            if (string.IsNullOrEmpty(line))
            {
                context.Fail("give the password as a line on standard input");
                return null;
            }

            return line;
        }

        var password = Read(context, readKey, "Password: ");
        if (Read(context, readKey, "Once more: ") == password)
        {
            return password;
        }

        context.Fail("the two are not the same; try again");
        return null;
    }

    private static string Read(CliContext context, Func<ConsoleKeyInfo> readKey, string prompt)
    {
        context.Error.Write(prompt);
        var typed = new StringBuilder();
        while (readKey() is var key && key.Key != ConsoleKey.Enter)
        {
            if (key.Key == ConsoleKey.Backspace)
            {
                typed.Length = Math.Max(0, typed.Length - 1);
            }
            else if (!char.IsControl(key.KeyChar))
            {
                typed.Append(key.KeyChar);
            }
        }

        context.Error.WriteLine();
        return typed.ToString();
    }
}
