using System.Text;
using System.Text.Json;
using NativeGateway.DataPlane.Policy;

namespace NativeGateway.Hosting.Commands;

/// <summary>How keys are shown and named on the command line. Never their secrets, except for the one moment when they are made.</summary>
internal static class KeyOutput
{
    /// <summary>Shows a key that was just made: the one time that its text is seen.</summary>
    public static void PrintIssued(CliContext context, JsonElement issued, bool json)
    {
        if (json)
        {
            AdminVerbs.Print(context, issued);
            return;
        }

        context.Out.WriteLine(AdminVerbs.Text(issued, "key"));
        context.Error.WriteLine(
            $"Key {AdminVerbs.Text(issued, "id")} (\"{AdminVerbs.Text(issued, "name")}\"). It is shown this once: store it where your client reads it.");
    }

    /// <summary>A key may be named by its whole text, as it is found where it leaked; only its id goes on.</summary>
    public static string IdOf(string which) => ApiKey.TryParse(Encoding.UTF8.GetBytes(which), out var whole) ? Encoding.ASCII.GetString(whole.Id) : which;
}
