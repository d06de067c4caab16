using System.Diagnostics;
using System.Runtime.CompilerServices;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.DataPlane.Transport;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// Carries one request to its upstream and the reply back:
/// <code>
/// client ── 1 clock, place ── 2 session ── 3 rewrite ── 4 send ──> upstream
///        &lt;───────────────── 5 relay ────────────────────────────
///        ── 6 answers, where a modern upstream asks a legacy client; then again from 3
/// </code>
/// What fails before step 4 has executed nothing; what fails after it is never tried again, because the upstream may have acted. A request that
/// brings answers to a call which a legacy upstream is still working on does not come this way: that call is waiting for it.
/// </summary>
internal sealed class Forwarder(
    UpstreamTable upstreams,
    RevisionBridge bridge,
    ReplyRelay relay,
    SuspendingRelay suspending,
    ClientInput clientInput,
    RequestStates states,
    PageVisits visits,
    LogLevels logLevels,
    TimeProvider time)
{
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    public async ValueTask<GatewayError?> SendAsync(Exchange exchange)
    {
        var target = exchange.Target!;
        if (exchange.Message.RequestState.IsPresent && exchange.Revision.IsModern)
        {
            if (states.Open(exchange) is not { } state)
            {
                return RequestStates.Invalid;
            }

            if (state.Kind == RequestStateKind.Suspended)
            {
                return await suspending.ResumeAsync(exchange, state).ConfigureAwait(false);
            }

            exchange.State = state;
        }

        if (upstreams.Find(target.Id) is not { } upstream)
        {
            return new GatewayError(ErrorKind.UpstreamUnavailable, $"The server '{target.Key}' is being removed.");
        }

        // 1
        var clock = exchange.StartClock(target.Config.Timeout, time);
        var entering = EnterAsync(upstream, target, clock);
        exchange.Marks.QueuedAt = entering.IsCompleted ? 0 : Stopwatch.GetTimestamp();
        var admission = await entering.ConfigureAwait(false);
        if (admission.Error is not null)
        {
            exchange.EndClock(clock);
            return admission.Error;
        }

        var lease = admission.Lease;
        var cancellable = BeginInSession(exchange, clock);
        var sent = Stopwatch.GetTimestamp();
        exchange.Marks.UpstreamBegan = sent;
        exchange.Request.Tries = 0;
        exchange.Reply.AwaitUpstream(exchange.Session);
        try
        {
            // 2
            exchange.Askable = AskableOf(exchange);
            var client = new UpstreamClient(exchange.Askable, AffinityOf(exchange));
            var opens = upstream.Connection.OpenAsync(client, clock.Token);
            var isOpen = opens.IsCompleted;
            var opening = await opens.ConfigureAwait(false);
            if (opening.Session is { Peer.Revision.IsModern: false } && exchange.Revision.IsModern)
            {
                opening = await OpenForModernAsync(exchange, upstream, opening.Session, clock).ConfigureAwait(false);
            }

            exchange.Marks.Opened(opening, isOpen);

            return opening.Session is { } session
                ? await ExchangeAsync(exchange, session, clock, lease).ConfigureAwait(false)
                : opening.Error;
        }
        catch (OperationCanceledException) when (clock.Token.IsCancellationRequested)
        {
            await ClientInput.WithdrawAsync(exchange).ConfigureAwait(false);
            return CallEnds.Abandoned(clock, target);
        }
        finally
        {
            exchange.UpstreamTicks = Stopwatch.GetTimestamp() - sent;
            exchange.Questions?.Close();
            if (cancellable)
            {
                exchange.Session!.End(exchange.Text(exchange.Message.Id));
            }

            if (!exchange.IsHandedOver)
            {
                exchange.EndClock(clock);
                lease.Dispose();
            }
        }
    }

    /// <summary>A place among the calls that the server may get at once, or why there is none.</summary>
    private static ValueTask<(UpstreamState.Lease Lease, GatewayError? Error)> EnterAsync(UpstreamState upstream, Model.Upstream target, CallClock clock) =>
        upstream.TryEnter(target.Config.MaxConcurrent, out var lease) ? new((lease, null)) : AwaitPlaceAsync(upstream, target, clock);

    private static async ValueTask<(UpstreamState.Lease Lease, GatewayError? Error)> AwaitPlaceAsync(UpstreamState upstream, Model.Upstream target, CallClock clock)
    {
        try
        {
            return await upstream.EnterAsync(clock.Token).ConfigureAwait(false) is { } lease
                ? (lease, null)
                : (default, CallEnds.TooManyAtOnce(target));
        }
        catch (OperationCanceledException) when (clock.Token.IsCancellationRequested)
        {
            // It is not the server that was silent: it has not got the call.
            return (default, clock.IsCalledOff ? CallEnds.Abandoned(clock, target) : CallEnds.TooManyAtOnce(target));
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<GatewayError?> ExchangeAsync(Exchange exchange, IUpstreamSession session, CallClock clock, UpstreamState.Lease lease)
    {
        if (exchange.State is { } state)
        {
            if ((state.Kind == RequestStateKind.OfUpstream) != session.Peer.Revision.IsModern)
            {
                return RequestStates.Invalid;
            }

            if (state.Kind == RequestStateKind.SendAgain && InputResponses.AnyRefusal(exchange.Body.Span, exchange.Message.InputResponses))
            {
                return await CallEnds.UnansweredAsync(exchange, "The user did not visit the page that the server asked for.").ConfigureAwait(false);
            }

            await AwaitVisitsAsync(exchange, state, clock).ConfigureAwait(false);
        }

        var answers = ReadOnlyMemory<byte>.Empty;
        for (var round = 1; ; round++)
        {
            Rewrite(exchange, session, answers);                                                            // 3
            var relayed = default(Relayed);
            var answered = false;
            UpstreamReply? reply = null;
            try
            {
                var sending = await session.SendAsync(exchange.Request, clock.Token).ConfigureAwait(false); // 4
                reply = sending.Reply;
                session = sending.Elsewhere ?? session;
                exchange.Marks.Sent(sending);
                relayed = reply is null
                    ? new Relayed(sending.Error, null)
                    : await relay.RunAsync(exchange, session, reply, clock, lease).ConfigureAwait(false);   // 5
                answered = true;
            }
            finally
            {
                if (!exchange.IsHandedOver)
                {
                    await LeaveAsync(exchange, session, reply, answered).ConfigureAwait(false);
                }
            }

            if (relayed.Input is not { } input)
            {
                return relayed.Error;
            }

            var gathered = await clientInput.GatherAsync(exchange, input, clock, round).ConfigureAwait(false); // 6
            if (gathered.IsOver)
            {
                return gathered.Error;
            }

            answers = gathered.Members;
        }
    }

    /// <summary>A client comes back when its user has agreed to visit the pages, and not when the user is done there.</summary>
    private async ValueTask AwaitVisitsAsync(Exchange exchange, RequestState state, CallClock clock)
    {
        if (state.Kind == RequestStateKind.SendAgain)
        {
            clock.Asked();
            await visits.WaitAsync(exchange.Target!.Id, InputRequired.PageIds(state.Content), clock.Token).ConfigureAwait(false);
            clock.Answered();
        }
    }

    private void Rewrite(Exchange exchange, IUpstreamSession session, ReadOnlyMemory<byte> answers)
    {
        Span<byte> digits = stackalloc byte[20];
        ref readonly var message = ref exchange.Message;
        var request = exchange.Request;
        request.Message.Reset(exchange.Body);
        var id = request.TakeId(digits[..session.NextId(digits)]);
        request.Method = message.MethodCode;
        request.MethodText = exchange.Body.Slice(message.Method.Start + 1, message.Method.Length - 2);
        request.MirroredName = exchange.OwnName;
        request.MirroredParameters = session.Peer.Revision.IsModern ? MirroredParameters.Compute(exchange) : null;
        ExchangeSpans.Propagate(exchange, request);
        request.ProgressToken = message.ProgressToken.IsPresent ? id : default;
        request.Message.Replace(message.Id, id);
        if (!exchange.OwnNameToken.IsEmpty)
        {
            var named = message.MethodCode.IsOfTask() ? message.TaskId : message.Name.IsPresent ? message.Name : message.Uri;
            request.Message.Replace(named, exchange.OwnNameToken);
        }

        if (exchange.State is { Kind: RequestStateKind.OfUpstream } state)
        {
            request.Message.Replace(message.RequestState, state.Content);
        }

        var declared = new DeclaredClient(exchange.Askable, exchange.Session?.LogLevel);
        bridge.EditRequest(request.Message, message, exchange.Revision, session.Peer.Revision, request.ProgressToken, declared, answers, keepsTask: exchange.Single is not null);
    }

    /// <summary>What a legacy client can be asked during this exchange. Of a modern one only a legacy upstream needs to know.</summary>
    private static ClientCapabilities AskableOf(Exchange exchange)
    {
        // Resource subscriptions live in the session whose long stream the gateway listens to, whatever the client can do.
        var isSubscription = exchange.Message.MethodCode is McpMethod.ResourcesSubscribe or McpMethod.ResourcesUnsubscribe;
        return exchange.Session is { } session && exchange.Reply.CanStream && !isSubscription ? session.Capabilities : ClientCapabilities.None;
    }

    /// <summary>A client's session may have state at the upstream, and a subscription has it there for all clients.</summary>
    private static int AffinityOf(Exchange exchange)
    {
        if (exchange.Message.MethodCode is McpMethod.ResourcesSubscribe or McpMethod.ResourcesUnsubscribe)
        {
            return UpstreamClient.Everybody;
        }

        return exchange.Session is { } session ? RuntimeHelpers.GetHashCode(session) : 0;
    }

    /// <summary>A legacy upstream learns what can be asked when a session is opened, so it has one for each set of capabilities.</summary>
    private async ValueTask<UpstreamOpening> OpenForModernAsync(Exchange exchange, UpstreamState upstream, IUpstreamSession session, CallClock clock)
    {
        ref readonly var message = ref exchange.Message;
        var opening = new UpstreamOpening(session, null);
        if (message.MethodCode is McpMethod.ToolsCall or McpMethod.PromptsGet or McpMethod.ResourcesRead)
        {
            exchange.Askable = ClientCapabilityReader.Read(exchange.Body.Span, message.MetaCapabilities, exchange.Revision);
            if (exchange.Askable != ClientCapabilities.None)
            {
                opening = await upstream.Connection.OpenAsync(exchange.Askable, clock.Token).ConfigureAwait(false);
            }
        }

        if (opening.Session is { } opened && LogLevelNames.Find(exchange.Text(exchange.Message.MetaLogLevel)) is { } level)
        {
            await logLevels.EnsureAsync(opened, level).ConfigureAwait(false);
        }

        return opening;
    }

    private static bool BeginInSession(Exchange exchange, CallClock clock) =>
        exchange.Session is { } session && session.TryBegin(exchange.Text(exchange.Message.Id), clock);

    /// <summary>
    /// Closes the reply, by which a modern HTTP upstream learns that its request is cancelled if it was not answered; a legacy or stdio one has to be
    /// told, within a short time of its own.
    /// </summary>
    private ValueTask LeaveAsync(Exchange exchange, IUpstreamSession session, UpstreamReply? reply, bool answered)
    {
        var leaving = reply is null ? ValueTask.CompletedTask : reply.DisposeAsync();
        return answered ? leaving : CancelUpstreamAsync(exchange, session, leaving);
    }

    private async ValueTask CancelUpstreamAsync(Exchange exchange, IUpstreamSession session, ValueTask leaving)
    {
        await leaving.ConfigureAwait(false);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2), time);
        try
        {
            await session.PostAsync(NotificationText.Cancelled(exchange.Request.Id.Span), patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // It is only a courtesy: the upstream's answer, should it come, is ignored anyway.
        }
    }
}
