using System.Text.Json;

namespace NativeGateway.ControlPlane.Configuration;

/// <summary>
/// Reads a <c>server.json</c> of the MCP registry and writes the entry of <c>mcpServers</c> that it amounts to: its first remote, else its first
/// package that an allowed launcher runs. What a user has to fill in is told as a fault.
/// </summary>
internal static class RegistryServerReader
{
    public static bool Recognizes(JsonElement document) =>
        document.ValueKind == JsonValueKind.Object && document.TryGetProperty("name", out _)
        && (document.TryGetProperty("remotes", out _) || document.TryGetProperty("packages", out _));

    /// <summary>The server's short name: what follows the slash of <c>io.github.user/weather</c>.</summary>
    public static string NameOf(JsonElement document)
    {
        var name = TextOf(document, "name") ?? "";
        return name[(name.LastIndexOf('/') + 1)..];
    }

    public static void WriteEntry(Utf8JsonWriter json, ConfigNode document)
    {
        if (FirstOf(document, "remotes") is { } remote)
        {
            WriteRemote(json, remote);
        }
        else if (FirstOf(document, "packages") is { } package)
        {
            WritePackage(json, package);
        }
        else
        {
            document.Fault("has neither a remote nor a package");
        }
    }

    private static void WriteRemote(Utf8JsonWriter json, ConfigNode remote)
    {
        json.WriteString("type", TextOf(remote.Element, "type") == "sse" ? "sse" : "http");
        json.WriteString("url", TextOf(remote.Element, "url") ?? "");
        json.WriteStartObject("headers");
        WriteInputs(json, remote, "headers");
        json.WriteEndObject();
    }

    private static void WritePackage(Utf8JsonWriter json, ConfigNode package)
    {
        var (kind, name, version) = (TextOf(package.Element, "registryType"), TextOf(package.Element, "identifier") ?? "", TextOf(package.Element, "version"));
        var (launcher, arguments) = kind switch
        {
            "npm" => ("npx", (string[])["-y", version is null ? name : $"{name}@{version}"]),
            "pypi" => ("uvx", [version is null ? name : $"{name}@{version}"]),
            "nuget" => ("dnx", [version is null ? name : $"{name}@{version}", "--yes"]),
            _ => ("", []),
        };
        if (launcher.Length == 0)
        {
            new ConfigNode(package.Element, package.MemberPath("registryType"), package.Reading).Fault("must be npm, pypi or nuget; other packages are added as a command");
        }

        json.WriteString("command", launcher);
        json.WriteStartArray("args");
        foreach (var argument in arguments.Concat(ArgumentsOf(package)))
        {
            json.WriteStringValue(argument);
        }

        json.WriteEndArray();
        json.WriteStartObject("env");
        WriteInputs(json, package, "environmentVariables");
        json.WriteEndObject();
    }

    private static IEnumerable<string> ArgumentsOf(ConfigNode package)
    {
        foreach (var argument in ItemsOf(package, "packageArguments"))
        {
            if (TextOf(argument.Element, "type") == "named" && TextOf(argument.Element, "name") is { } name)
            {
                yield return name;
            }

            if ((TextOf(argument.Element, "value") ?? TextOf(argument.Element, "default")) is { } value)
            {
                yield return value;
            }
        }
    }

    /// <summary>Names with values; those that are required and have none are faults, those that are optional are left out.</summary>
    private static void WriteInputs(Utf8JsonWriter json, ConfigNode owner, string member)
    {
        foreach (var input in ItemsOf(owner, member))
        {
            var name = TextOf(input.Element, "name") ?? "";
            if ((TextOf(input.Element, "value") ?? TextOf(input.Element, "default")) is { } value)
            {
                json.WriteString(name, value);
            }
            else if (input.Element.ValueKind == JsonValueKind.Object && input.Element.TryGetProperty("isRequired", out var required) && required.ValueKind == JsonValueKind.True)
            {
                input.Fault($"needs a value; add \"value\" for {name}");
            }
        }
    }

    private static ConfigNode? FirstOf(ConfigNode owner, string member)
    {
        var items = ItemsOf(owner, member);
        return items.Count == 0 ? null : items[0];
    }

    private static List<ConfigNode> ItemsOf(ConfigNode owner, string member) =>
        owner.Element.ValueKind == JsonValueKind.Object && owner.Element.TryGetProperty(member, out var list) && list.ValueKind == JsonValueKind.Array
            ? new ConfigNode(list, owner.MemberPath(member), owner.Reading).Items()!
            : [];

    private static string? TextOf(JsonElement owner, string member) =>
        owner.ValueKind == JsonValueKind.Object && owner.TryGetProperty(member, out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;
}
