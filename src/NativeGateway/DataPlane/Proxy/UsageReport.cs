using System.Diagnostics;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>What is said of a finished exchange to usage accounting and explanations. Allocates nothing.</summary>
internal static class UsageReport
{
    /// <summary>
    /// Requests of known callers. Notifications and answers belong to a call that is counted already, and a batch is counted by its parts; what
    /// nobody can be charged with is in the metrics only.
    /// </summary>
    public static bool IsAccountable(Exchange exchange) =>
        exchange.Caller is not null && exchange.Message.Kind == RpcKind.Request && (exchange.Message.Method.IsPresent || exchange.Failure is not null);

    /// <summary>Everything but a whole batch, whose parts are told one by one.</summary>
    public static bool IsTold(Exchange exchange) =>
        exchange.Failure is not null || exchange.Message.Method.IsPresent || exchange.Message.Kind != RpcKind.Request;

    public static UsageEvent Of(Exchange exchange, DateTimeOffset now)
    {
        var outcome = exchange.Outcome;
        var (status, code) = AnswerOf(exchange);
        var caller = exchange.Caller ?? exchange.Marks.Known;
        return new UsageEvent
        {
            At = now,
            Number = exchange.Head.Number,
            OrganizationId = caller?.OrganizationId ?? Guid.Empty,
            WorkspaceId = caller?.Workspace?.Id ?? Guid.Empty,
            KeyId = caller?.KeyId ?? "",
            Upstream = exchange.Target,
            Name = exchange.CatalogName,
            Method = UsageMethods.Of(exchange.Message.MethodCode),
            Outcome = outcome,
            Status = status,
            Code = code,
            Duration = Stopwatch.GetElapsedTime(exchange.StartedAt),
            UpstreamDuration = Stopwatch.GetElapsedTime(0, exchange.UpstreamTicks),
            BytesIn = exchange.Body.Length,
            // The editor holds the answer's message from when it was sent; nobody was left to send one to when the client had gone.
            BytesOut = outcome == CallOutcome.Cancelled ? 0 : exchange.Request.Message.Length,
            CostMicros = Cost(exchange, outcome),
            IsUncounted = !IsAccountable(exchange),
            Path = exchange.Marks.PathOf(exchange),
        };
    }

    public static (int Status, int Code) AnswerOf(Exchange exchange)
    {
        if (exchange.Failure is { } failure)
        {
            return ErrorResponder.Map(failure.Kind, exchange.Revision);
        }

        return exchange.AnsweredCode is { } code ? (ErrorResponder.StatusOfAnswer(code, exchange.Revision), code) : (200, 0);
    }

    /// <summary>
    /// A tool call costs when it went to the upstream, whatever came of it there. One that comes again with the answers to an upstream's questions
    /// (2026-07-28) was charged when it came first.
    /// </summary>
    private static long Cost(Exchange exchange, CallOutcome outcome)
    {
        var isCharged = exchange.Message.MethodCode == McpMethod.ToolsCall
            && !exchange.Message.RequestState.IsPresent
            && exchange.UpstreamTicks > 0
            && outcome != CallOutcome.Unavailable && !outcome.IsRefusal();
        return isCharged ? exchange.Target!.CostMicros : 0;
    }
}
