using System.Text.Json;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>Finds the entries in whatever form they are sent.</summary>
internal static class ServerImport
{
    private static readonly string[] Columns = ["name", "type", "url", "command", "args", "disabled", "prefix", "timeout", "costPerCall", "allowTools", "denyTools"];

    public static IReadOnlyList<(string Name, ConfigNode Entry)> EntriesOf(AdminRequest request, ConfigReading reading)
    {
        if (request.Text is { } table)
        {
            return FromTable(table, reading);
        }

        var root = new ConfigNode(request.Body, "", reading);
        if (RegistryServerReader.Recognizes(request.Body))
        {
            return [(RegistryServerReader.NameOf(request.Body), Rewritten(root, json => RegistryServerReader.WriteEntry(json, root)))];
        }

        foreach (var name in (string[])["mcpServers", "servers"])
        {
            if (request.Body.ValueKind == JsonValueKind.Object && request.Body.TryGetProperty(name, out var servers))
            {
                return new ConfigNode(servers, root.MemberPath(name), reading).Entries() ?? [];
            }
        }

        root.Fault("holds neither \"mcpServers\" (a client's configuration) nor \"remotes\" or \"packages\" (a server.json)");
        return [];
    }

    /// <summary>Files of clients hold variables, which mean something on their machine and nothing here.</summary>
    public static void RefuseVariables(UpstreamConfig server, ConfigNode entry)
    {
        var texts = server.Headers.Values
            .Concat(server.Command?.Environment.Values ?? [])
            .Concat(server.Command?.Arguments ?? [])
            .Concat(server.Endpoints.Select(endpoint => endpoint.Url.OriginalString));
        if (texts.Any(text => text.Contains("${", StringComparison.Ordinal)))
        {
            entry.Fault("holds a variable, ${…}; put its value there");
        }
    }

    private static List<(string Name, ConfigNode Entry)> FromTable(string text, ConfigReading reading)
    {
        var entries = new List<(string Name, ConfigNode Entry)>();
        if (CsvTable.Read(text, out var problem) is not { } rows)
        {
            reading.Fault("", problem);
            return entries;
        }

        foreach (var row in rows)
        {
            var place = new ConfigNode(default, $"/{entries.Count}", reading);
            if (row.Keys.FirstOrDefault(column => !Columns.Contains(column)) is { } unknown)
            {
                reading.Fault("", $"The column \"{(unknown.Length > 32 ? unknown[..32] : unknown)}\" is not known; known are {string.Join(", ", Columns)}.");
                return [];
            }

            entries.Add((row.GetValueOrDefault("name", ""), Rewritten(place, json => WriteRow(json, row))));
        }

        return entries;
    }

    private static void WriteRow(Utf8JsonWriter json, Dictionary<string, string> row)
    {
        foreach (var column in (string[])["type", "url", "command", "disabled", "prefix", "timeout", "costPerCall"])
        {
            if (row.GetValueOrDefault(column) is { Length: > 0 } cell && !(column == "type" && cell == "stdio"))
            {
                json.WriteString(column, cell);
            }
        }

        if (row.GetValueOrDefault("args") is { Length: > 0 } arguments)
        {
            WriteList(json, "args", arguments);
        }

        json.WriteStartObject("tools");
        WriteList(json, "allow", row.GetValueOrDefault("allowTools", ""));
        WriteList(json, "deny", row.GetValueOrDefault("denyTools", ""));
        json.WriteEndObject();
    }

    /// <summary>Texts of a cell are parted by spaces.</summary>
    private static void WriteList(Utf8JsonWriter json, string name, string cell) => json.WriteTexts(name, cell.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    /// <summary>An entry in another form, at the place of what it was made from.</summary>
    private static ConfigNode Rewritten(ConfigNode place, Action<Utf8JsonWriter> write)
    {
        var reader = new Utf8JsonReader(AdminAnswer.Write(write).Span);
        return place with { Element = JsonElement.ParseValue(ref reader) };
    }
}
