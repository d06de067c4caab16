using System.CommandLine;
using System.Text.Json;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>inspect</c>: connects to any MCP endpoint as a client, shows what it offers, calls a tool, prints times.</summary>
internal static class InspectCommand
{
    public static Command Build(CliContext context)
    {
        var url = new Argument<string>("URL") { Description = "An MCP endpoint, such as http://127.0.0.1:12006/mcp" };
        var tool = new Option<string?>("--tool") { Description = "Call this tool", HelpName = "NAME" };
        var args = new Option<string?>("--args") { Description = "Its arguments as a JSON object (default: {})", HelpName = "JSON" };
        var apiKey = new Option<string?>("--api-key") { Description = "Sent as Authorization: Bearer KEY (or NATIVE_GATEWAY_API_KEY)", HelpName = "KEY" };
        var headers = new Option<string[]>("--header") { Description = "Sent with every request (repeatable)", HelpName = "NAME: VALUE" };
        var timeout = new Option<string?>("--timeout") { Description = "For everything together (default: 30s)" };
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var command = new Command("inspect", "Connect to an MCP endpoint as a client: list what it offers, call a tool, print times")
        {
            url, tool, args, apiKey, headers, timeout, json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var problems = new List<string>();
            var key = parsed.GetValue(apiKey) ?? new EnvironmentOptions(context.Environment).Text("API_KEY");
            var sent = ReadHeaders(parsed.GetValue(headers) ?? [], key, problems);
            var call = ReadCall(parsed.GetValue(tool), parsed.GetValue(args), problems);
            var patience = parsed.GetValue(timeout) is { } text ? DurationText.Parse(text) : TimeSpan.FromSeconds(30);
            if (UpstreamRules.Url(parsed.GetRequiredValue(url), out var address) is { } problem)
            {
                problems.Add($"URL {problem}");
            }

            if (patience is null)
            {
                problems.Add($"--timeout must be {DurationText.Form}");
            }

            if (problems.Count > 0)
            {
                problems.ForEach(one => context.Fail(one));
                return ExitCode.Usage;
            }

            var upstream = new UpstreamConfig
            {
                Id = Guid.Empty,
                WorkspaceId = Guid.Empty,
                Key = address!.Authority,
                Transport = UpstreamTransport.StreamableHttp,
                Endpoints = [new EndpointConfig(address)],
                Headers = sent,
                Timeout = patience!.Value,
                Trusted = true,
            };
            await using var connection = new InspectedConnection(upstream, context.Time);
            var report = await Inspection.RunAsync(connection.Connection, call, patience.Value, context.Time, cancellationToken);
            return InspectionOutput.Print(context, report, parsed.GetValue(json));
        });
        return command;
    }

    private static Dictionary<string, string> ReadHeaders(string[] pairs, string? key, List<string> problems)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        if (key is not null)
        {
            headers["Authorization"] = "Bearer " + key;
        }

        foreach (var pair in pairs)
        {
            var at = pair.IndexOf(':', StringComparison.Ordinal);
            var name = at > 0 ? pair[..at] : "";
            var value = at > 0 ? pair[(at + 1)..].Trim() : "";
            if ((at > 0 ? UpstreamRules.HeaderName(name) ?? UpstreamRules.HeaderValue(value) : "must be written as NAME: VALUE") is { } problem)
            {
                problems.Add($"--header {name} {problem}".Replace("  ", " ", StringComparison.Ordinal));
            }

            headers[name] = value;
        }

        return headers;
    }

    private static ToolCall? ReadCall(string? tool, string? arguments, List<string> problems)
    {
        if (tool is null)
        {
            if (arguments is not null)
            {
                problems.Add("--args needs --tool");
            }

            return null;
        }

        try
        {
            var parsed = JsonDocument.Parse(arguments ?? "{}").RootElement;
            if (parsed.ValueKind == JsonValueKind.Object)
            {
                return new ToolCall(tool, parsed);
            }
        }
        catch (JsonException)
        {
            // Told below, like any other JSON that is no object.
        }

        problems.Add("--args must be a JSON object, such as '{\"text\": \"hello\"}'");
        return null;
    }
}
