using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using NativeGateway.DataPlane.Policy;
using NativeGateway.DataPlane.Transport;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// What happens to a request, on one page. Each stage gives its verdict as a value: null goes on, an error ends the exchange.
/// The order is part of the product's interface: who is asked before what is read, permission before limits, limits before any upstream.
/// </summary>
internal sealed class McpProxy(
    SnapshotHolder snapshots,
    Authenticator authenticator,
    RevisionGate revisions,
    Resolver resolver,
    RateLimiter limiter,
    QuotaGate quotas,
    LocalMethods local,
    ResourceSubscriptions resources,
    Forwarder forwarder,
    ErrorResponder responder,
    Metrics metrics,
    ChannelWriter<UsageEvent> usage,
    Tracer? tracer,
    TimeProvider time)
{
    private static readonly GatewayError Saturated = new(ErrorKind.Saturated, "The gateway is at its limit of concurrent requests (limits.maxConcurrentRequests).")
    {
        RetryAfter = TimeSpan.FromSeconds(1),
    };

    private static readonly GatewayError NoBatch = new(
        ErrorKind.InvalidRequest, "This protocol revision has no batches: send one message per request.");

    private int _running;

    /// <summary>Requests that are being worked on at this moment.</summary>
    public int Running => Volatile.Read(ref _running);

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    public async ValueTask HandleAsync(Exchange exchange)
    {
        Interlocked.Increment(ref _running);
        try
        {
            var error = await AdmitCallerAsync(exchange).ConfigureAwait(false)                          // 1  who, and from where
                ?? CheckContentType(exchange)
                ?? await exchange.ReadBodyAsync(exchange.Snapshot.Settings.MaxRequestBytes).ConfigureAwait(false)
                ?? ReadMessage(exchange)                                                                // 2  what
                ?? (exchange.HoldsBatch ? null : await DecideAsync(exchange).ConfigureAwait(false))     // 3-6
                ?? await AnswerAsync(exchange).ConfigureAwait(false);                                   // 7  the answer
            if (error is not null)
            {
                await responder.WriteAsync(exchange, error).ConfigureAwait(false);
            }
        }
        catch (Exception fault)
        {
            await responder.WriteFaultAsync(exchange, fault).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _running);
            Record(exchange);
            exchange.ReleaseBody();
        }
    }

    /// <summary>What is decided about one message, alone in its request or one of a batch, before it is answered.</summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    public async ValueTask<GatewayError?> DecideAsync(Exchange exchange)
    {
        exchange.Marks.Stage = CallStage.Revision;
        if (tracer is not null)
        {
            ExchangeSpans.Begin(exchange, tracer);
        }

        return revisions.Admit(exchange)                                                                // 3  in which revision, in which session
            ?? await resolver.ResolveAsync(exchange).ConfigureAwait(false)                              // 4  where to
            ?? MirroredParameters.Check(exchange)
            ?? CheckPermission(exchange)                                                                // 5  may it?
            ?? await AcquireLimitsAsync(exchange).ConfigureAwait(false);                                // 6  now?
    }

    /// <summary>Answers what was decided about.</summary>
    public ValueTask<GatewayError?> AnswerAsync(Exchange exchange)
    {
        exchange.Marks.Stage = CallStage.Answer;
        return (exchange.Target, exchange.Message.MethodCode) switch
        {
            _ when exchange.HoldsBatch => Batch.HandleAsync(exchange, this, responder),
            (null, _) => local.AnswerAsync(exchange),
            (_, McpMethod.ResourcesSubscribe or McpMethod.ResourcesUnsubscribe) => resources.AnswerAsync(exchange),
            _ => forwarder.SendAsync(exchange),
        };
    }

    /// <summary>Everything that is decided before a body is read; also what a GET or DELETE has to pass.</summary>
    public ValueTask<GatewayError?> AdmitCallerAsync(Exchange exchange)
    {
        exchange.Snapshot = snapshots.Current;                                                          // one consistent view, to the end
        var settings = exchange.Snapshot.Settings;
        var error = (Running > settings.MaxConcurrentRequests ? Saturated : null)
            ?? OriginGuard.Check(exchange.Head, settings)
            ?? (exchange.Head.ContentLength > settings.MaxRequestBytes ? Exchange.TooLarge(settings.MaxRequestBytes) : null);
        return error is not null ? new(error)
            : authenticator.Recall(exchange.Snapshot, exchange.Head.Proof) is { } known ? new(Admit(exchange, known))
            : IdentifyAsync(exchange);
    }

    public static GatewayError? CheckContentType(Exchange exchange)
    {
        if (!exchange.Head.IsJson)
        {
            return new GatewayError(ErrorKind.UnsupportedMediaType, "Send Content-Type: application/json.");
        }

        return exchange.Head.AcceptsJson || exchange.Head.AcceptsEventStream
            ? null
            : new GatewayError(ErrorKind.NotAcceptable, "Send Accept: application/json, text/event-stream.");
    }

    /// <summary>Reads the head of the message, without handling it.</summary>
    public static GatewayError? CheckBody(Exchange exchange) =>
        RpcReader.Read(exchange.Body.Span, out exchange.Message) is var fault and not (RpcFault.None or RpcFault.Batch) ? NoMessage(fault) : null;

    private GatewayError? ReadMessage(Exchange exchange)
    {
        exchange.Marks.Stage = CallStage.Message;
        var fault = RpcReader.Read(exchange.Body.Span, out exchange.Message);
        exchange.HoldsBatch = fault == RpcFault.Batch;
        return fault == RpcFault.None ? null
            : !exchange.HoldsBatch ? NoMessage(fault)
            : revisions.AllowsBatch(exchange) ? null : NoBatch;
    }

    private static GatewayError NoMessage(RpcFault fault) => fault == RpcFault.NotJson
        ? new GatewayError(ErrorKind.NotJson, "The body is not JSON in UTF-8.")
        : new GatewayError(ErrorKind.InvalidRequest, "The body is no JSON-RPC 2.0 message as MCP defines it.");

    private async ValueTask<GatewayError?> IdentifyAsync(Exchange exchange)
    {
        var head = exchange.Head;
        var identification = await authenticator
            .IdentifyAsync(exchange.Snapshot, head.Credential, head.RemoteAddress, KeyScopes.Mcp, exchange.ClientGone)
            .ConfigureAwait(false);
        exchange.Marks.Known = identification.Known;
        if (identification.Caller is not { } caller)
        {
            return identification.Error;
        }

        head.Proof = new CallerProof(exchange.Snapshot, caller);
        return Admit(exchange, caller);
    }

    private static GatewayError? Admit(Exchange exchange, Caller caller)
    {
        exchange.Caller = caller;
        return Resolver.ResolveEndpoint(exchange);
    }

    private static GatewayError? CheckPermission(Exchange exchange)
    {
        exchange.Marks.Stage = CallStage.Permission;
        if (exchange.Target is not { } target)
        {
            return null;
        }

        var kind = PermissionCheck.KindOf(exchange.Message);
        return PermissionCheck.Check(exchange.Caller, target, kind, exchange.OwnName.Span, exchange.SentName.Span);
    }

    private async ValueTask<GatewayError?> AcquireLimitsAsync(Exchange exchange)
    {
        exchange.Marks.Stage = CallStage.RateLimit;
        // What a client sends in answer or as a notice is part of a call that was already charged.
        if (exchange.Message.Kind != RpcKind.Request)
        {
            return null;
        }

        if (await AcquireTokenAsync(exchange).ConfigureAwait(false) is { } limited)
        {
            return limited;
        }

        if (exchange.Caller.Quotas is not { } own || !IsCall(exchange))
        {
            return null;
        }

        exchange.Marks.Stage = CallStage.Quota;
        var cost = exchange.Message.MethodCode == McpMethod.ToolsCall ? exchange.Target!.CostMicros : 0;
        var verdict = await quotas.AcquireAsync(own, cost).ConfigureAwait(false);
        if (verdict.Limits.IsPresent)
        {
            exchange.Reply.Headers.Limits = verdict.Limits;
        }

        return verdict.Refusal;
    }

    /// <summary>What quotas count. A modern request that brings answers to questions was counted when it came first.</summary>
    private static bool IsCall(Exchange exchange) =>
        exchange.Target is not null
        && exchange.Message.MethodCode is McpMethod.ToolsCall or McpMethod.PromptsGet or McpMethod.ResourcesRead
        && !(exchange.Revision.IsModern && exchange.Message.RequestState.IsPresent);

    private async ValueTask<GatewayError?> AcquireTokenAsync(Exchange exchange)
    {
        var tool = exchange.Message.MethodCode == McpMethod.ToolsCall ? exchange.OwnName : default;
        var call = new LimitedCall(exchange.Caller, exchange.Target, tool, exchange.Head.RemoteAddress);
        var (error, state) = await limiter.AcquireAsync(call).ConfigureAwait(false);
        exchange.Reply.Headers.Limits = state;
        return error;
    }

    /// <summary>
    /// Accounts for one message, alone in its request or one of a batch, and tells what explains it. Never waits: what the channel cannot take is
    /// counted and gone.
    /// </summary>
    public void RecordUsage(Exchange exchange)
    {
        if (!UsageReport.IsTold(exchange))
        {
            return;
        }

        var now = time.GetUtcNow();
        if (!usage.TryWrite(UsageReport.Of(exchange, now)) && UsageReport.IsAccountable(exchange))
        {
            metrics.RecordUsageDropped(1);
        }

        if (tracer is not null)
        {
            ExchangeSpans.End(exchange, tracer, now);
        }
    }

    private void Record(Exchange exchange)
    {
        var elapsed = Stopwatch.GetTimestamp() - exchange.StartedAt;
        var method = McpMethods.Label(exchange.Message.MethodCode);
        metrics.Record(exchange.Target?.Key ?? "", method, exchange.Outcome.Label(), elapsed, exchange.UpstreamTicks);
        if (exchange.Failure?.LimitScope is { } scope)
        {
            metrics.RecordLimited(scope);
        }

        RecordUsage(exchange);
    }
}
