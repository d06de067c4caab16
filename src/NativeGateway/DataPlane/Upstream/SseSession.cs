using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// One connection to an upstream of the transport of 2024-11-05: requests go out by POST, everything comes back on one event stream. Owned by
/// <see cref="SseEndpoint"/>, used by many exchanges at once. It ends once; then its calls have failed.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The source of the closing token has no timer; its handle is never used.")]
internal sealed class SseSession : IUpstreamSession
{
    private readonly SseEndpoint _endpoint;
    private readonly HttpWire _wire;
    private readonly UpstreamIds _ids;
    private readonly PendingCalls _calls;
    private readonly CallRouter _router;
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource<GatewayError?> _located = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private HttpWire? _post;
    private UpstreamPeer? _peer;
    private GatewayError? _gone;
    private SseSession? _successor;

    public SseSession(SseEndpoint endpoint, HttpWire wire, UpstreamIds ids, ClientCapabilities capabilities)
    {
        _endpoint = endpoint;
        _wire = wire;
        _ids = ids;
        _calls = new PendingCalls(wire.Time);
        Capabilities = capabilities;
        _router = new CallRouter(wire.Config, _calls, wire.Events, capabilities != ClientCapabilities.None, Answer, wire.Logger);
    }

    /// <summary>What the upstream was told that it may ask for.</summary>
    public ClientCapabilities Capabilities { get; }

    /// <summary>Set by the handshake, before anybody else gets to see the session.</summary>
    public UpstreamPeer Peer
    {
        get => _peer ?? throw new InvalidOperationException("The handshake is not done.");
        set => _peer = value;
    }

    public bool IsUsable => Volatile.Read(ref _gone) is null;

    public Task Ended => _ended.Task;

    public int NextId(Span<byte> destination) => _ids.Next(destination);

    /// <summary>Opens the stream and waits until the upstream has said where it wants to be sent messages.</summary>
    public async Task<GatewayError?> ConnectAsync(CancellationToken cancellationToken)
    {
        var sent = await _wire.GetAsync(HttpSessionHead.None, null, cancellationToken);
        if (sent.Response is not { } response)
        {
            return sent.Error;
        }

        if (!response.IsSuccess)
        {
            return (await HttpRefusal.ReadAsync(response, _wire.Time, cancellationToken)).ToError(_wire.Key);
        }

        if (HttpFrames.TryOpen(response, null, takesEndpoint: true) is not { IsEventStream: true } frames)
        {
            response.Dispose();
            return HttpFailures.Invalid(_wire.Key, "it answered GET with something else than an event stream");
        }

        _ = ReadAsync(frames);
        return await _located.Task.WaitAsync(cancellationToken);
    }

    public async ValueTask<UpstreamSending> SendAsync(UpstreamRequest request, CancellationToken cancellationToken)
    {
        var sending = await SendHereAsync(request, cancellationToken);
        if (sending.Error is not { Retry: RetryHint.NothingSent } || IsUsable || _peer is null)
        {
            return sending;
        }

        var opening = await _endpoint.OpenAsync(Capabilities, cancellationToken);
        if (opening.Session is not SseSession successor || successor == this || successor.Peer.Revision != Peer.Revision)
        {
            return opening.Error is null ? sending : new UpstreamSending(null, opening.Error);
        }

        Volatile.Write(ref _successor, successor);
        return await successor.SendHereAsync(request, cancellationToken);
    }

    public async ValueTask<GatewayError?> PostAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        if (!IsUsable)
        {
            return Volatile.Read(ref _successor) is { } successor ? await successor.PostAsync(message, cancellationToken) : Gone();
        }

        var sent = await _post!.PostAsync(HttpSessionHead.None, message, cancellationToken);
        return sent.Response is { } response ? await JudgeAsync(response, null, cancellationToken) : sent.Error;
    }

    /// <summary>True when the call was still waiting for its answer.</summary>
    public bool Leave(SseCall call)
    {
        if (call.Dropped > 0)
        {
            _wire.Logger.NotificationsDropped(_wire.Key, call.Dropped);
        }

        var isOpen = _calls.TryLeave(call.Id);
        call.EndStay(isOpen, IsUsable, _wire.Config.Timeout);
        return isOpen;
    }

    public GatewayError Gone() =>
        Volatile.Read(ref _gone) ?? HttpFailures.Broken(_wire.Key, "its event stream ended") with { Retry = RetryHint.NothingSent };

    /// <summary>Ends the session, if it has not ended yet.</summary>
    /// <param name="wanted">False when the upstream left no other choice.</param>
    public void Close(string reason, bool wanted)
    {
        var gone = HttpFailures.Broken(_wire.Key, reason);
        if (Interlocked.CompareExchange(ref _gone, gone with { Retry = RetryHint.NothingSent }, null) is not null)
        {
            return;
        }

        _endpoint.Closed(this, reason, wanted);
        _located.TrySetResult(gone);
        _calls.Close(gone);
        _closing.Cancel();
        _ended.TrySetResult();
    }

    private async ValueTask<UpstreamSending> SendHereAsync(UpstreamRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        request.GoTo(_wire.Health.Index);
        var id = CallRouter.ReadNumber(request.Id.Span) ?? throw new ArgumentException("The id was not minted by this session.", nameof(request));
        var stay = request.Method == McpMethod.SubscriptionsListen ? default : _wire.Health.Enter(request.IsHandshake);
        var call = new SseCall(this, id, CallRouter.ReadNumber(request.ProgressToken.Span), request.Method) { Stay = stay };
        if (!_calls.TryAdd(call))
        {
            await call.DisposeAsync();
            return new UpstreamSending(null, Gone());
        }

        // Some upstreams answer the POST only after the call, so nobody waits for that; hence the copy, for the message is the caller's.
        var copy = new ArrayBufferWriter<byte>(request.Message.Length);
        request.Message.WriteTo(copy);
        var post = new UpstreamRequest { TraceParent = request.TraceParent, TraceState = request.TraceState };
        post.Message.Reset(copy.WrittenMemory);
        call.Post((posted, left) => PostCallAsync(posted, post, left));
        GatewayError? error;
        try
        {
            error = await call.BegunAsync(cancellationToken);
        }
        catch
        {
            await call.DisposeAsync();
            throw;
        }

        if (error is null)
        {
            return new UpstreamSending(call, null);
        }

        await call.DisposeAsync();
        return new UpstreamSending(null, error);
    }

    private async Task PostCallAsync(SseCall call, UpstreamRequest request, CancellationToken left)
    {
        GatewayError? error;
        try
        {
            var sent = await _post!.PostAsync(HttpSessionHead.None, request, left);
            error = sent.Response is { } response ? await JudgeAsync(response, call, left) : sent.Error;
        }
        catch (OperationCanceledException)
        {
            return;
        }
        catch (Exception fault)
        {
            _wire.Logger.SsePostFaulted(_wire.Key, _wire.Place, fault);
            error = new GatewayError(ErrorKind.Internal, $"The request could not be sent to upstream '{_wire.Key}'.");
        }

        if (error is not null)
        {
            call.Fail(error);
        }
    }

    /// <summary>How a POST was taken; null when well. Disposes the response.</summary>
    private async ValueTask<GatewayError?> JudgeAsync(IWireResponse response, SseCall? call, CancellationToken cancellationToken)
    {
        if (response.IsSuccess)
        {
            response.Dispose();
            return null;
        }

        var refusal = await HttpRefusal.ReadAsync(response, _wire.Time, cancellationToken);
        if (refusal.Status != 404)
        {
            call?.Stay.Refused(refusal, default);
            return refusal.ToError(_wire.Key);
        }

        // The address belongs to this connection, so the upstream does not know the connection any more, and has not processed this message;
        // what the other calls have come to is not known.
        if (call is not null)
        {
            _calls.TryTake(call.Id, out _);
        }

        Close("it does not know its session any more", wanted: false);
        return Gone();
    }

    private async Task ReadAsync(HttpFrames frames)
    {
        string reason;
        await using (frames)
        {
            try
            {
                reason = await TakeAllAsync(frames);
            }
            catch (OperationCanceledException)
            {
                reason = "it is not needed any more";
            }
            catch (Exception fault)
            {
                _wire.Logger.SseLoopFaulted(_wire.Key, _wire.Place, fault);
                reason = "its reading loop failed";
            }
        }

        Close(reason, wanted: false);
    }

    private async Task<string> TakeAllAsync(HttpFrames frames)
    {
        while (true)
        {
            var frame = await frames.ReadAsync(_closing.Token);
            switch (frame.Kind)
            {
                case HttpFrameKind.Message:
                    if (_router.Take(frame.Bytes) is var fault and not RpcFault.None)
                    {
                        _wire.Logger.SseEventIsNoMessage(_wire.Key, fault.ToString(), frame.Bytes.Length);
                    }

                    break;
                case HttpFrameKind.Endpoint when _post is null:
                    if (_wire.At(Encoding.UTF8.GetString(frame.Bytes.Span)) is not { } post)
                    {
                        return "it wants its messages sent to another origin";
                    }

                    _post = post;
                    _located.TrySetResult(null);
                    break;
                case HttpFrameKind.Endpoint:
                    // An address does not change during a connection.
                    break;
                case HttpFrameKind.TooLarge:
                    return "it sent a message that is too large";
                default:
                    return "its event stream ended";
            }
        }
    }

    /// <summary>Answers a request of the upstream that no client gets to see.</summary>
    private void Answer(byte[] message)
    {
        if (_post is not null)
        {
            _ = _post.AnswerAsync(HttpSessionHead.None, message);
        }
    }
}
