using System.Diagnostics;
using System.Text;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>Ties an exchange into the trace of its client, and its upstream's part into both. Costs nothing for what is not sampled.</summary>
internal static class ExchangeSpans
{
    /// <summary>Joins what the client's header says, or else its <c>_meta</c>; a trace of its own otherwise.</summary>
    public static void Begin(Exchange exchange, Tracer tracer) => exchange.Span = tracer.Begin(ParentOf(exchange));

    /// <summary>Makes the upstream's part the parent of whatever the upstream does, by header and where the client has put its own in the body.</summary>
    public static void Propagate(Exchange exchange, UpstreamRequest request)
    {
        request.TraceState = exchange.Head.TraceState;
        request.TraceParent = exchange.Head.TraceParent;
        if (!exchange.Span.IsTraced)
        {
            return;
        }

        request.TraceParent = exchange.Span.Outgoing.ToString();
        if (MetaParentOf(exchange) is { IsPresent: true } own)
        {
            request.Message.Replace(own, Encoding.ASCII.GetBytes($"\"{request.TraceParent}\""));
        }
    }

    /// <param name="now">The end of the exchange.</param>
    public static void End(Exchange exchange, Tracer tracer, DateTimeOffset now)
    {
        // What was refused before its body was read has no context yet.
        if (exchange.Marks.Stage < CallStage.Revision)
        {
            Begin(exchange, tracer);
        }

        if (!exchange.Span.IsTraced)
        {
            return;
        }

        var ended = (now - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
        var stopped = Stopwatch.GetTimestamp();
        var upstream = exchange.Marks.UpstreamBegan;
        var outcome = exchange.Outcome;
        var (status, code) = UsageReport.AnswerOf(exchange);
        tracer.End(new SpanRecord
        {
            Context = exchange.Span,
            Method = McpMethods.Label(exchange.Message.MethodCode),
            Name = exchange.CatalogName,
            Server = exchange.Target?.Key ?? "",
            Outcome = outcome.Label(),
            IsError = outcome is not (CallOutcome.Ok or CallOutcome.Cancelled),
            Status = status,
            Code = code,
            RequestId = exchange.Head.RequestId,
            Revision = exchange.Revision.ToString(),
            Began = ended - NanosecondsTo(stopped, exchange.StartedAt),
            Ended = ended,
            UpstreamBegan = upstream == 0 ? 0 : ended - NanosecondsTo(stopped, upstream),
            UpstreamEnded = upstream == 0 ? 0 : ended - NanosecondsTo(stopped, upstream + exchange.UpstreamTicks),
        });
    }

    private static TraceParent? ParentOf(Exchange exchange)
    {
        if (exchange.Head.TraceParent is { } header && TraceParent.TryParse(header, out var parent))
        {
            return parent;
        }

        var own = MetaParentOf(exchange);
        return own.Length > 2 && TraceParent.TryParse(exchange.Text(own)[1..^1], out parent) ? parent : null;
    }

    private static ByteRange MetaParentOf(Exchange exchange) => exchange.Message.Meta.IsPresent
        ? JsonMembers.Find(exchange.Body.Span, exchange.Message.Meta, MetaKeys.TraceParent)
        : default;

    private static long NanosecondsTo(long stopped, long at) => Stopwatch.GetElapsedTime(at, stopped).Ticks * TimeSpan.NanosecondsPerTick;
}
