using System.Globalization;
using System.Text.Json;
using NativeGateway.ControlPlane.Admin;
using NativeGateway.ControlPlane.Health;
using NativeGateway.Model;

namespace NativeGateway.Hosting.Commands;

/// <summary>Prints what a look at a server found.</summary>
internal static class InspectionOutput
{
    private const int LongestDescription = 100;

    /// <summary>Prints and gives the exit code: failed when anything did not work, a tool's own error included.</summary>
    public static int Print(CliContext context, InspectionReport report, bool json)
    {
        if (json)
        {
            JsonOutput.Print(context.Out, writer => WriteJson(writer, report));
        }
        else
        {
            PrintText(context, report);
        }

        var isToolError = report.Call?.Result is { } result && result.RootElement.TryGetProperty("isError", out var flag) && flag.ValueKind == JsonValueKind.True;
        return report.Problems.Count == 0 && !isToolError ? ExitCode.Done : ExitCode.Failed;
    }

    private static void PrintText(CliContext context, InspectionReport report)
    {
        if (report.Peer is { } peer)
        {
            context.Out.WriteLine($"{ServerName(report)} speaks MCP {peer.Revision} (connected in {Milliseconds(report.Connect)})");
            if (!string.IsNullOrWhiteSpace(peer.Instructions))
            {
                context.Out.WriteLine($"  {OneLine(peer.Instructions)}");
            }
        }

        foreach (var list in report.Lists)
        {
            context.Out.WriteLine($"{list.Member}: {list.Items.Count} ({Milliseconds(list.Took)})");
            foreach (var item in list.Items)
            {
                var name = Text(item, "name") ?? Text(item, "uri") ?? "?";
                var address = Text(item, "uri") ?? Text(item, "uriTemplate");
                context.Out.WriteLine($"  {OneLine(name)}{(address is null ? "" : $" <{OneLine(address)}>")}{Described(item)}");
            }
        }

        if (report.Call?.Result is { } result)
        {
            context.Out.WriteLine($"call ({Milliseconds(report.CallTook)}):");
            JsonOutput.Print(context.Out, result.RootElement.WriteTo);
        }

        foreach (var endpoint in report.Health.Where(endpoint => report.Health.Count > 1 || endpoint.Verdict != HealthVerdict.Healthy))
        {
            context.Out.WriteLine($"endpoint {endpoint.Endpoint}: {HealthText.Of(endpoint)}");
        }

        foreach (var problem in report.Problems)
        {
            context.Fail(OneLine(problem));
        }
    }

    private static void WriteJson(Utf8JsonWriter json, InspectionReport report)
    {
        json.WriteStartObject();
        if (report.Peer is { } peer)
        {
            json.WriteString("protocolVersion", peer.Revision.Text);
            json.WritePropertyName("serverInfo");
            json.WriteRawValue(peer.ServerInfo.IsEmpty ? "{}"u8 : peer.ServerInfo.Span);
            json.WritePropertyName("capabilities");
            json.WriteRawValue(peer.Capabilities.IsEmpty ? "{}"u8 : peer.Capabilities.Span);
            json.WriteString("instructions", peer.Instructions);
        }

        foreach (var list in report.Lists)
        {
            json.WriteStartArray(list.Member);
            foreach (var item in list.Items)
            {
                item.WriteTo(json);
            }

            json.WriteEndArray();
        }

        if (report.Call?.Result is { } result)
        {
            json.WritePropertyName("result");
            result.RootElement.WriteTo(json);
        }

        json.WriteStartObject("milliseconds");
        json.WriteNumber("connect", Math.Round(report.Connect.TotalMilliseconds, 1));
        foreach (var list in report.Lists)
        {
            json.WriteNumber(list.Member, Math.Round(list.Took.TotalMilliseconds, 1));
        }

        if (report.Call is not null)
        {
            json.WriteNumber("call", Math.Round(report.CallTook.TotalMilliseconds, 1));
        }

        json.WriteEndObject();
        json.WriteStartArray("health");
        foreach (var endpoint in report.Health)
        {
            json.WriteStartObject();
            json.WriteNumber("endpoint", endpoint.Endpoint);
            json.WriteString("verdict", HealthText.Of(endpoint.Verdict));
            json.WriteString("reason", endpoint.Reason);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteTexts("problems", report.Problems);
        json.WriteEndObject();
    }

    private static string ServerName(InspectionReport report)
    {
        if (report.Peer is not { ServerInfo.IsEmpty: false } peer)
        {
            return "The server";
        }

        using var info = JsonDocument.Parse(peer.ServerInfo);
        return OneLine($"{Text(info.RootElement, "name")} {Text(info.RootElement, "version")}".Trim());
    }

    private static string Described(JsonElement item)
    {
        var text = OneLine(Text(item, "description") ?? Text(item, "title") ?? "");
        return text.Length == 0 ? "" : text.Length <= LongestDescription ? $" - {text}" : $" - {text[..LongestDescription]}…";
    }

    private static string? Text(JsonElement item, string member)
    {
        return item.ValueKind == JsonValueKind.Object && item.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
    }

    /// <summary>What a server sends must not steer the terminal.</summary>
    private static string OneLine(string text) => string.Concat(text.Select(c => c is '\n' or '\r' or '\t' ? ' ' : char.IsControl(c) ? '\uFFFD' : c));

    private static string Milliseconds(TimeSpan time) => time.TotalMilliseconds.ToString("0.0", CultureInfo.InvariantCulture) + " ms";
}
