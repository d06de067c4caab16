using NativeGateway.Protocol;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// The long stream on which an upstream says what concerns no request: the GET stream of a legacy session (2025-11-25, basic/transports,
/// "Listening for Messages from the Server"), or <c>subscriptions/listen</c> of a modern one. One loop per session, until it is retired. Changes are
/// taken from the session without capabilities, questions from those with.
/// </summary>
internal sealed class HttpNotificationStream(HttpSession session, HttpWire wire, UpstreamIds ids)
{
    private const double LongestDelay = 30;

    private static readonly TimeSpan ShortestDelay = TimeSpan.FromMilliseconds(100);

    /// <summary>A stream that lasted this long was a good one, whatever it said.</summary>
    private static readonly TimeSpan Lasting = TimeSpan.FromSeconds(10);

    private readonly TaskCompletionSource _tried = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? _lastEventId;
    private TimeSpan? _wishedDelay;
    private bool _hadStream;

    /// <summary>How one attempt went.</summary>
    private enum Outcome : byte
    {
        /// <summary>The upstream has no such stream, or not for this state of the session.</summary>
        NotOffered,

        Ended,
        Failed,
    }

    /// <summary>Completes when the upstream has given its stream, or has not.</summary>
    public Task Tried => _tried.Task;

    public async Task RunAsync(CancellationToken closing)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (!session.IsRetired && !closing.IsCancellationRequested)
        {
            var state = session.State;
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(closing);
            var listening = ListenAsync(state, ending.Token);
            await state.Ended.WaitAsync(closing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await ending.CancelAsync();
            await listening;
        }
    }

    private async Task ListenAsync(HttpSessionState state, CancellationToken cancellationToken)
    {
        (_lastEventId, _hadStream) = (null, false);
        try
        {
            for (var failures = 0; ; failures++)
            {
                _wishedDelay = null;
                var started = wire.Time.GetTimestamp();
                var outcome = state.Head.IsModern
                    ? await ListenModernAsync(state, cancellationToken)
                    : await ListenLegacyAsync(state, cancellationToken);
                if (outcome == Outcome.NotOffered)
                {
                    wire.Logger.NoStreamOffered(wire.Key, wire.Place);
                    return;
                }

                failures = outcome == Outcome.Ended && wire.Time.GetElapsedTime(started) >= Lasting ? 0 : failures;
                await Task.Delay(NextDelay(failures), wire.Time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The state of the session that it belonged to has ended.
        }
        catch (Exception fault)
        {
            wire.Logger.StreamFaulted(wire.Key, wire.Place, fault);
        }
        finally
        {
            _tried.TrySetResult();
        }
    }

    private TimeSpan NextDelay(int failures)
    {
        var delay = TimeSpan.FromSeconds(Math.Min(LongestDelay, 1 << Math.Min(failures, 5)) * (0.8 + (0.2 * Random.Shared.NextDouble())));
        var wish = _wishedDelay ?? delay;
        return wish < ShortestDelay ? ShortestDelay : wish;
    }

    private async Task<Outcome> ListenLegacyAsync(HttpSessionState state, CancellationToken cancellationToken)
    {
        var sent = await wire.GetAsync(state.Head, _lastEventId, cancellationToken);
        _tried.TrySetResult();
        if (sent.Response is not { } response)
        {
            return Outcome.Failed;
        }

        if (!response.IsSuccess)
        {
            var refusal = await HttpRefusal.ReadAsync(response, wire.Time, cancellationToken);
            if (_hadStream && refusal.MeansLostSession(state.Head, default))
            {
                // When it works, this state ends, and the new one gets a stream of its own. Where there never was a stream, the same status
                // only says that there is none: not every server knows 405.
                await session.RenewAsync(state, cancellationToken);
                return Outcome.Failed;
            }

            _wishedDelay = refusal.RetryAfter;
            return refusal.IsPassing ? Outcome.Failed : Outcome.NotOffered;
        }

        var frames = HttpFrames.TryOpen(response, state.Head.Revision);
        if (frames is not { IsEventStream: true })
        {
            response.Dispose();
            return Outcome.NotOffered;
        }

        _hadStream = true;
        await using (frames)
        {
            await TakeAllAsync(state, frames, cancellationToken);
            _lastEventId = frames.LastEventId ?? _lastEventId;
            _wishedDelay = frames.Retry;
            return Outcome.Ended;
        }
    }

    private async Task TakeAllAsync(HttpSessionState state, HttpFrames frames, CancellationToken cancellationToken)
    {
        while (true)
        {
            var frame = await frames.ReadAsync(cancellationToken);
            if (frame.Kind != HttpFrameKind.Message)
            {
                wire.Logger.StreamEnded(wire.Key, wire.Place, frame.Kind.ToString());
                return;
            }

            if (RpcReader.Read(frame.Bytes.Span, out var message) == RpcFault.None)
            {
                Take(state, frame.Bytes, message);
            }
        }
    }

    private void Take(HttpSessionState state, ReadOnlyMemory<byte> bytes, in RpcMessage message)
    {
        if (message.MethodCode == McpMethod.NotifyElicitationComplete)
        {
            wire.Events.ElicitationCompleted(wire.Config.Id, bytes);
            return;
        }

        var isPing = message.MethodCode == McpMethod.Ping;
        var isQuestion = message.Kind == RpcKind.Request && !isPing;
        var isTaken = session.Calls is { } calls
            ? (isQuestion || message.MethodCode == McpMethod.NotifyCancelled) && calls.TryGive(bytes.Span)
            : wire.TakeEvent(bytes, message);
        if (isTaken || message.Kind != RpcKind.Request)
        {
            return;
        }

        var id = message.Id.Of(bytes.Span);
        _ = wire.AnswerAsync(state.Head, isPing ? HandshakeMessages.EmptyResult(id) : HandshakeMessages.MethodNotFound(id));
        if (isQuestion)
        {
            wire.Logger.QuestionRefused(wire.Key);
        }
    }

    private async Task<Outcome> ListenModernAsync(HttpSessionState state, CancellationToken cancellationToken)
    {
        var id = ids.Next();
        if (HandshakeMessages.Listen(id, state.Peer.Capabilities) is not { } message)
        {
            return Outcome.NotOffered;
        }

        var request = new UpstreamRequest { Id = id, Method = McpMethod.SubscriptionsListen };
        request.Message.Reset(message);
        var call = await HttpCall.SendAsync(wire, state.Head, request, cancellationToken);
        if (call.Refusal is { } refusal)
        {
            _wishedDelay = refusal.RetryAfter;
            return refusal.IsPassing ? Outcome.Failed : Outcome.NotOffered;
        }

        if (call.Reply is not { } reply)
        {
            return Outcome.Failed;
        }

        await using (reply)
        {
            return await TakeAllAsync(reply, cancellationToken);
        }
    }

    private async Task<Outcome> TakeAllAsync(UpstreamReply reply, CancellationToken cancellationToken)
    {
        if (_hadStream)
        {
            // Whatever changed in between was said to nobody.
            wire.Events.ListChanged(wire.Config.Id, McpMethod.Unknown);
        }

        for (_hadStream = true; ;)
        {
            // The reply hands on the notifications that matter; only acknowledgements and the end come out of it.
            var received = await reply.ReadAsync(cancellationToken);
            if (received.Error is { } error)
            {
                wire.Logger.StreamEnded(wire.Key, wire.Place, error.Detail ?? error.Message);
                return Outcome.Ended;
            }

            if (received.Message.IsResponse)
            {
                return received.Message.ErrorCode == -32601 ? Outcome.NotOffered : Outcome.Ended;
            }
        }
    }
}
