using System.Diagnostics;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// Carries one request to its upstream and the reply back:
/// <code>
/// client ── 1 clock ── 2 session ── 3 rewrite ── 4 send ──> upstream
///        &lt;───────────────── 5 relay ─────────────────────
/// </code>
/// What fails before step 4 has executed nothing; what fails after it is never tried again, because the upstream may have acted.
/// </summary>
internal sealed class Forwarder(UpstreamTable upstreams, RevisionBridge bridge, ReplyRelay relay, TimeProvider time)
{
    public async ValueTask<GatewayError?> SendAsync(Exchange exchange)
    {
        var target = exchange.Target!;
        if (upstreams.Find(target.Id) is not { } state)
        {
            return new GatewayError(ErrorKind.UpstreamUnavailable, $"The server '{target.Key}' is being removed.");
        }

        // 1  A legacy client that loses its connection has not cancelled anything (2025-11-25, basic/transports); a modern one has.
        using var clock = new CallClock(target.Config.Timeout, time, exchange.Revision.IsModern ? exchange.ClientGone : default);
        using var lease = state.Enter();
        var cancellable = BeginInSession(exchange, clock);
        var sent = Stopwatch.GetTimestamp();
        exchange.Reply.AwaitUpstream(exchange.Session);
        try
        {
            // 2
            var opening = await state.Connection.OpenAsync(CapabilitiesFor(exchange), clock.Token).ConfigureAwait(false);
            if (opening.Session is not { } session)
            {
                return opening.Error;
            }

            return await ExchangeAsync(exchange, session, clock).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (clock.Token.IsCancellationRequested)
        {
            return Abandoned(clock, target);
        }
        finally
        {
            exchange.UpstreamTicks = Stopwatch.GetTimestamp() - sent;
            if (cancellable)
            {
                exchange.Session!.End(exchange.Text(exchange.Message.Id));
            }
        }
    }

    private async ValueTask<GatewayError?> ExchangeAsync(Exchange exchange, IUpstreamSession session, CallClock clock)
    {
        Rewrite(exchange, session);                                                                     // 3
        var answered = false;
        try
        {
            var sending = await session.SendAsync(exchange.Request, clock.Token).ConfigureAwait(false); // 4
            if (sending.Reply is not { } reply)
            {
                answered = true;
                return sending.Error;
            }

            await using (reply.ConfigureAwait(false))
            {
                var error = await relay.RunAsync(exchange, session, reply, clock).ConfigureAwait(false); // 5
                answered = true;
                return error;
            }
        }
        finally
        {
            if (!answered)
            {
                await CancelUpstreamAsync(exchange, session).ConfigureAwait(false);
            }
        }
    }

    private void Rewrite(Exchange exchange, IUpstreamSession session)
    {
        Span<byte> digits = stackalloc byte[20];
        var id = digits[..session.NextId(digits)].ToArray();
        ref readonly var message = ref exchange.Message;
        var request = exchange.Request;
        request.Message.Reset(exchange.Body);
        request.Id = id;
        request.Method = message.MethodCode;
        request.MethodText = exchange.Body.Slice(message.Method.Start + 1, message.Method.Length - 2);
        request.MirroredName = exchange.OwnName;
        request.MirroredParameters = session.Peer.Revision.IsModern ? MirroredParameters.Compute(exchange) : null;
        request.TraceParent = exchange.Head.TraceParent;
        request.ProgressToken = message.ProgressToken.IsPresent ? id : default;
        request.Message.Replace(message.Id, id);
        if (!exchange.OwnNameToken.IsEmpty)
        {
            request.Message.Replace(message.Name.IsPresent ? message.Name : message.Uri, exchange.OwnNameToken);
        }

        bridge.EditRequest(request.Message, message, exchange.Revision, session.Peer.Revision, request.ProgressToken);
    }

    /// <summary>Resource subscriptions live in the session whose long stream the gateway listens to, whatever the client can do.</summary>
    private static ClientCapabilities CapabilitiesFor(Exchange exchange)
    {
        return exchange.Message.MethodCode is McpMethod.ResourcesSubscribe or McpMethod.ResourcesUnsubscribe
            ? ClientCapabilities.None
            : exchange.Session?.Capabilities ?? ClientCapabilities.None;
    }

    private static bool BeginInSession(Exchange exchange, CallClock clock) =>
        exchange.Session is { } session && session.TryBegin(exchange.Text(exchange.Message.Id), clock);

    private static GatewayError Abandoned(CallClock clock, Model.Upstream target)
    {
        return clock.IsCalledOff
            ? new GatewayError(ErrorKind.ClientGone, "The client cancelled the request.")
            : new GatewayError(
                ErrorKind.UpstreamTimeout,
                $"The server '{target.Key}' was silent for {target.Config.Timeout.TotalSeconds:0.###} s (mcpServers.{target.Key}.timeout).");
    }

    /// <summary>
    /// A modern HTTP upstream learns of it when the reply is closed; a legacy or stdio one has to be told, within a short time of its own.
    /// </summary>
    private async ValueTask CancelUpstreamAsync(Exchange exchange, IUpstreamSession session)
    {
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
