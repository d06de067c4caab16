using System.Globalization;
using System.Text;
using NativeGateway.ControlPlane.Admin;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.DataPlane.Policy;
using NativeGateway.Model;

namespace NativeGateway.Hosting.Commands;

/// <summary>How keys are shown and named on the command line. Never their secrets, except for the one moment when they are made.</summary>
internal static class KeyOutput
{
    public static string Date(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) ?? "-";

    /// <summary>Shows a key that was just made: the one time that its text is seen.</summary>
    public static void PrintIssued(CliContext context, IssuedKey issued, bool json)
    {
        if (json)
        {
            JsonOutput.Print(context.Out, writer =>
            {
                writer.WriteStartObject();
                KeyJson.Write(writer, issued, context.Time.GetUtcNow());
                writer.WriteEndObject();
            });
            return;
        }

        context.Out.WriteLine(issued.Text);
        context.Error.WriteLine($"Key {issued.Key.Id} (\"{issued.Key.Name}\"). It is shown this once: store it where your client reads it.");
    }

    /// <summary>The key meant by its id, its unique name, or its whole text; null with the reason.</summary>
    public static KeyConfig? Find(RegistryConfig registry, string which, out string problem)
    {
        var id = ApiKey.TryParse(Encoding.UTF8.GetBytes(which), out var whole) ? Encoding.ASCII.GetString(whole.Id) : which;
        var found = registry.Keys.Where(key => key.Id == id).ToList();
        if (found.Count == 0)
        {
            found = [.. registry.Keys.Where(key => key.Name == which)];
        }

        problem = found.Count == 0
            ? $"there is no key \"{id}\"; see: native-gateway keys list"
            : $"{found.Count} keys have the name \"{which}\"; name one by its id: {string.Join(", ", found.Select(key => key.Id))}";
        return found.Count == 1 ? found[0] : null;
    }
}
