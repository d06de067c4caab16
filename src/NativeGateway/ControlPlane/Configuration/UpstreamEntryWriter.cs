using System.Globalization;
using System.Text.Json;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Configuration;

/// <summary>
/// Writes an upstream as an entry of <c>mcpServers</c>, secrets included, so that <see cref="UpstreamEntryReader"/> reads the same upstream out
/// of it. Not for anybody's eyes.
/// </summary>
internal static class UpstreamEntryWriter
{
    public static void Write(Utf8JsonWriter json, UpstreamConfig upstream)
    {
        if (upstream.Command is { } command)
        {
            WriteCommand(json, command);
        }
        else
        {
            json.WriteString("type", upstream.Transport == UpstreamTransport.Sse ? "sse" : "http");
            WriteEndpoints(json, upstream.Endpoints);
            WriteMap(json, "headers", upstream.Headers);
            json.WriteString("loadBalancing", UpstreamText.Of(upstream.LoadBalancing));
        }

        json.WriteString("timeout", string.Create(CultureInfo.InvariantCulture, $"{upstream.Timeout.TotalMilliseconds}ms"));
        json.WriteBoolean("disabled", upstream.Disabled);
        json.WriteStartObject("tools");
        WriteList(json, "allow", upstream.Tools.Allow);
        WriteList(json, "deny", upstream.Tools.Deny);
        json.WriteEndObject();
        WriteText(json, "prefix", upstream.Prefix);
        WriteText(json, "instructions", upstream.Instructions);
        json.WriteNumber("costPerCall", upstream.CostPerCall);
        UpstreamText.WriteHealthCheck(json, upstream);
        UpstreamText.WriteLimits(json, upstream);
    }

    private static void WriteCommand(Utf8JsonWriter json, CommandConfig command)
    {
        json.WriteString("command", command.FileName);
        WriteList(json, "args", command.Arguments);
        WriteMap(json, "env", command.Environment);
        WriteText(json, "cwd", command.WorkingDirectory);
    }

    private static void WriteEndpoints(Utf8JsonWriter json, IReadOnlyList<EndpointConfig> endpoints)
    {
        if (endpoints is [{ Region: null, Priority: 0, Weight: 1 } only])
        {
            json.WriteString("url", only.Url.OriginalString);
            return;
        }

        json.WriteStartArray("endpoints");
        foreach (var endpoint in endpoints)
        {
            json.WriteStartObject();
            json.WriteString("url", endpoint.Url.OriginalString);
            WriteText(json, "region", endpoint.Region);
            json.WriteNumber("priority", endpoint.Priority);
            json.WriteNumber("weight", endpoint.Weight);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteMap(Utf8JsonWriter json, string name, IReadOnlyDictionary<string, string> map)
    {
        json.WriteStartObject(name);
        foreach (var (key, value) in map)
        {
            json.WriteString(key, value);
        }

        json.WriteEndObject();
    }

    private static void WriteList(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    private static void WriteText(Utf8JsonWriter json, string name, string? text)
    {
        if (text is not null)
        {
            json.WriteString(name, text);
        }
    }
}
