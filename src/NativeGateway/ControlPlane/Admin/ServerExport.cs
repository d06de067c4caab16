using System.Globalization;
using System.Text;
using System.Text.Json;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>
/// Servers as a configuration file that can be used at once: where a secret stood, there is an environment variable. A table has no secrets and
/// no arguments that hold one.
/// </summary>
internal static class ServerExport
{
    private static readonly string[] Columns = ["name", "type", "url", "command", "args", "disabled", "prefix", "timeout", "costPerCall", "allowTools", "denyTools"];

    public static void Write(Utf8JsonWriter json, IReadOnlyList<UpstreamConfig> servers)
    {
        json.WriteStartObject("mcpServers");
        foreach (var server in servers)
        {
            json.WriteStartObject(server.Key);
            UpstreamEntryWriter.Write(json, WithoutSecrets(server));
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    public static string Table(IReadOnlyList<UpstreamConfig> servers)
    {
        var text = new StringBuilder();
        CsvTable.WriteRow(text, Columns);
        foreach (var server in servers.Select(WithoutSecrets))
        {
            CsvTable.WriteRow(
                text,
                [
                    server.Key,
                    ServerJson.Transport(server),
                    server.Endpoints.Count > 0 ? server.Endpoints[0].Url.OriginalString : "",
                    server.Command?.FileName ?? "",
                    string.Join(' ', server.Command?.Arguments ?? []),
                    server.Disabled ? "true" : "false",
                    server.Prefix ?? "",
                    string.Create(CultureInfo.InvariantCulture, $"{server.Timeout.TotalSeconds}s"),
                    server.CostPerCall.ToString(CultureInfo.InvariantCulture),
                    string.Join(' ', server.Tools.Allow),
                    string.Join(' ', server.Tools.Deny),
                ]);
        }

        return text.ToString();
    }

    private static UpstreamConfig WithoutSecrets(UpstreamConfig server) => server with
    {
        Headers = server.Headers.Keys.ToDictionary(name => name, name => Variable(server.Key, name)),
        Endpoints = [.. server.Endpoints.Select((endpoint, number) => endpoint with { Url = WithoutQuery(endpoint.Url, Variable(server.Key, $"query{number + 1}")) })],
        Command = server.Command is not { } command ? null : command with
        {
            Arguments = [.. ServerJson.Shown(command.Arguments, Variable(server.Key, "argument"))],
            Environment = command.Environment.Keys.ToDictionary(name => name, name => Variable(server.Key, name)),
        },
    };

    private static Uri WithoutQuery(Uri url, string variable) =>
        url.Query.Length == 0 ? url : new Uri($"{url.GetLeftPart(UriPartial.Path)}?{variable}", UriKind.Absolute);

    private static string Variable(string server, string name) =>
        $"${{{string.Concat($"{server}_{name}".Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToUpperInvariant(c) : '_'))}}}";
}
