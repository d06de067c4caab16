using System.Text.Json;
using NativeGateway.Model;

namespace NativeGateway.Hosting.Commands;

/// <summary>How upstreams are shown on the command line: everything but the values of headers, environments and query strings.</summary>
internal static class ServerOutput
{
    public static string Transport(UpstreamConfig upstream) => upstream.Transport switch
    {
        UpstreamTransport.Stdio => "stdio",
        UpstreamTransport.Sse => "sse",
        _ => "http",
    };

    public static string Where(UpstreamConfig upstream)
    {
        return upstream.Command is { } command
            ? string.Join(' ', [command.FileName, .. command.Arguments])
            : string.Join(", ", upstream.Endpoints.Select(endpoint => Shown(endpoint.Url)));
    }

    public static void Write(Utf8JsonWriter json, UpstreamConfig upstream)
    {
        json.WriteString("id", upstream.Id);
        json.WriteString("name", upstream.Key);
        json.WriteString("type", Transport(upstream));
        if (upstream.Command is { } command)
        {
            json.WriteString("command", command.FileName);
            json.WriteTexts("args", command.Arguments);
            json.WriteTexts("env", command.Environment.Keys);
            json.WriteString("cwd", command.WorkingDirectory);
        }
        else
        {
            WriteEndpoints(json, upstream.Endpoints);
            json.WriteTexts("headers", upstream.Headers.Keys);
        }

        json.WriteBoolean("disabled", upstream.Disabled);
        json.WriteString("source", upstream.Source == ConfigSource.File ? "file" : "database");
        json.WriteBoolean("trusted", upstream.Trusted);
        json.WriteStartObject("tools");
        json.WriteTexts("allow", upstream.Tools.Allow);
        json.WriteTexts("deny", upstream.Tools.Deny);
        json.WriteEndObject();
        json.WriteString("prefix", upstream.Prefix ?? upstream.Key);
        json.WriteString("instructions", upstream.Instructions);
        json.WriteNumber("costPerCall", upstream.CostPerCall);
        json.WriteString("timeout", $"{upstream.Timeout.TotalSeconds}s");
    }

    /// <summary>Keys stand in query strings too often to show any.</summary>
    private static string Shown(Uri url) => url.Query.Length == 0 ? url.AbsoluteUri : url.GetLeftPart(UriPartial.Path) + "?…";

    private static void WriteEndpoints(Utf8JsonWriter json, IReadOnlyList<EndpointConfig> endpoints)
    {
        json.WriteStartArray("endpoints");
        foreach (var endpoint in endpoints)
        {
            json.WriteStartObject();
            json.WriteString("url", Shown(endpoint.Url));
            json.WriteString("region", endpoint.Region);
            json.WriteNumber("priority", endpoint.Priority);
            json.WriteNumber("weight", endpoint.Weight);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
