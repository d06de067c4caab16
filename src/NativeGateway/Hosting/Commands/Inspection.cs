using System.Text.Json;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.Hosting.Commands;

/// <summary>A tool to call while looking at a server.</summary>
internal sealed record ToolCall(string Name, JsonElement Arguments);

/// <summary>One list of what a server offers, and how long it took.</summary>
internal sealed record InspectedList(string Member, IReadOnlyList<JsonElement> Items, string? Problem, TimeSpan Took);

/// <summary>What a look at a server found. Times are those of this client.</summary>
internal sealed record InspectionReport
{
    public UpstreamPeer? Peer { get; init; }

    public TimeSpan Connect { get; init; }

    public IReadOnlyList<InspectedList> Lists { get; init; } = [];

    public McpAnswer? Call { get; init; }

    public TimeSpan CallTook { get; init; }

    public IReadOnlyList<string> Problems { get; init; } = [];

    /// <summary>How the endpoints did, in the order of the configuration.</summary>
    public IReadOnlyList<EndpointHealthReport> Health { get; init; } = [];
}

/// <summary>Connects to a server as a client, reads what it offers and perhaps calls a tool, and takes the times.</summary>
internal static class Inspection
{
    private static readonly (McpMethod Method, string Member)[] All =
    [
        (McpMethod.ToolsList, "tools"),
        (McpMethod.PromptsList, "prompts"),
        (McpMethod.ResourcesList, "resources"),
        (McpMethod.ResourceTemplatesList, "resourceTemplates"),
    ];

    public static async Task<InspectionReport> RunAsync(
        IUpstreamConnection connection, ToolCall? call, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        var report = await LookAsync(connection, call, patience, time, cancellationToken);
        return report with { Health = connection.Health.Report() };
    }

    private static async Task<InspectionReport> LookAsync(
        IUpstreamConnection connection, ToolCall? call, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = time.CreateTimer(_ => limited.Cancel(), null, patience, Timeout.InfiniteTimeSpan);
        var report = new InspectionReport();
        try
        {
            var started = time.GetTimestamp();
            var opening = await connection.OpenAsync(ClientCapabilities.None, limited.Token);
            report = report with { Connect = time.GetElapsedTime(started), Peer = opening.Session?.Peer };
            if (opening.Session is not { } session)
            {
                return report with { Problems = [McpClient.Explain(opening.Error)] };
            }

            var client = new McpClient(session);
            foreach (var (method, member) in All)
            {
                if (!Offers(session.Peer, member))
                {
                    continue;
                }

                started = time.GetTimestamp();
                var (items, problem) = await client.ListAsync(method, member, limited.Token);
                report = report with { Lists = [.. report.Lists, new InspectedList(member, items, problem, time.GetElapsedTime(started))] };
            }

            if (call is not null)
            {
                started = time.GetTimestamp();
                var answer = await client.AskAsync(McpMethod.ToolsCall, call.Name, json => WriteCall(json, call), limited.Token);
                report = report with { Call = answer, CallTook = time.GetElapsedTime(started) };
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return report with { Problems = [.. Problems(report), $"no answer within {patience.TotalSeconds} s"] };
        }

        return report with { Problems = Problems(report) };
    }

    private static List<string> Problems(InspectionReport report)
    {
        var problems = report.Lists.Where(list => list.Problem is not null).Select(list => $"{list.Member}: {list.Problem}").ToList();
        if (report.Call is { Problem: { } problem })
        {
            problems.Add($"call: {problem}");
        }

        return problems;
    }

    private static bool Offers(UpstreamPeer peer, string member)
    {
        if (peer.Capabilities.IsEmpty)
        {
            return false;
        }

        using var capabilities = JsonDocument.Parse(peer.Capabilities);
        return capabilities.RootElement.TryGetProperty(member == "resourceTemplates" ? "resources" : member, out _);
    }

    private static void WriteCall(Utf8JsonWriter json, ToolCall call)
    {
        json.WriteString("name"u8, call.Name);
        json.WritePropertyName("arguments"u8);
        call.Arguments.WriteTo(json);
    }
}
