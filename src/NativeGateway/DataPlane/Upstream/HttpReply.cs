using System.Runtime.CompilerServices;
using NativeGateway.DataPlane.Transport;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// The answer to one POST: hands on what belongs to the request, takes care of what does not, and takes a legacy event stream up again when it
/// breaks (2025-11-25, basic/transports, "Resumability and Redelivery"). Owned by the request, and used again for its next answer.
/// </summary>
internal sealed class HttpReply : UpstreamReply
{
    private const int MaxResumptions = 5;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);

    private HttpWire _wire = null!;
    private HttpSessionHead _head = HttpSessionHead.None;
    private ReadOnlyMemory<byte> _id;

    /// <summary>Null when the body has its frames, or was read whole.</summary>
    private IWireResponse? _whole;
    private HttpFrames? _frames;
    private HttpFrames? _used;

    /// <summary>Not answered yet, as far as the endpoint's health is concerned.</summary>
    private EndpointCall _call;
    private string? _lastEventId;
    private TimeSpan? _retry;
    private int _resumptions;

    /// <summary>Begins with a response whose content is JSON or events. What was before is over and disposed.</summary>
    public void Begin(HttpWire wire, HttpSessionHead head, IWireResponse response, ReadOnlyMemory<byte> id, EndpointCall call)
    {
        (_wire, _head, _id, _call) = (wire, head, id, call);
        (_whole, _frames, _used, _lastEventId, _retry, _resumptions) = (response, null, _frames ?? _used, null, null, 0);
    }

    public override ValueTask<UpstreamReceived> ReadAsync(CancellationToken cancellationToken)
    {
        if (_whole is { } response)
        {
            if (TryTakeWhole(response, out var whole))
            {
                return new(whole);
            }

            _whole = null;
            _frames = _used is not null && _used.TryRestart(response) ? _used : HttpFrames.TryOpen(response, _head.Revision);
        }

        // Messages often arrive together.
        while (_frames is { } frames && frames.TryRead(out var frame))
        {
            if (Take(frame, out var received))
            {
                return new(received);
            }
        }

        return ReadFramesAsync(cancellationToken);
    }

    public override ValueTask DisposeAsync()
    {
        _call.Abandoned(_wire.Config.Timeout);
        if (_whole is { } response)
        {
            _whole = null;
            return LeaveAsync(response);
        }

        return _frames?.DisposeAsync() ?? ValueTask.CompletedTask;
    }

    /// <summary>The plain case: the body is there, and nothing but the answer is in it. Then it is read where it stands.</summary>
    private bool TryTakeWhole(IWireResponse response, out UpstreamReceived received)
    {
        received = default;
        if (response.Content != WireContent.Json || !response.TryPeekBody(out var bytes)
            || RpcReader.Read(bytes.Span, out var message) != RpcFault.None
            || !message.IsResponse || !message.Id.Of(bytes.Span).SequenceEqual(_id.Span))
        {
            return false;
        }

        _call.Answered();
        received = new UpstreamReceived(bytes, message, null);
        return true;
    }

    private ValueTask LeaveAsync(IWireResponse response)
    {
        if (_call.IsOver)
        {
            response.Dispose();
            return ValueTask.CompletedTask;
        }

        return HttpFrames.TryOpen(response, _head.Revision)!.DisposeAsync();
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<UpstreamReceived> ReadFramesAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_frames is null)
            {
                return Failed(HttpFailures.Broken(_wire.Key, "the reply is already at its end"));
            }

            var frame = await _frames.ReadAsync(cancellationToken);
            var isOver = frame.Kind is HttpFrameKind.End or HttpFrameKind.Broken;
            if ((!isOver || !await ResumeAsync(cancellationToken)) && Take(frame, out var received))
            {
                return received;
            }
        }
    }

    /// <summary>False for what does not concern the request.</summary>
    private bool Take(in HttpFrame frame, out UpstreamReceived received)
    {
        if (frame.Kind != HttpFrameKind.Message)
        {
            var error = ErrorOf(frame.Kind);
            _call.Failed(error.Detail!);
            received = Failed(error);
            return true;
        }

        var bytes = frame.Bytes;
        if (RpcReader.Read(bytes.Span, out var message) != RpcFault.None)
        {
            received = Failed(HttpFailures.Invalid(_wire.Key, "the upstream sent something that is no JSON-RPC message"));
            return true;
        }

        received = new UpstreamReceived(bytes, message, null);
        _call.Heard();
        switch (message.Kind)
        {
            case RpcKind.Request:
                return !TakeRequest(bytes, message);
            case RpcKind.Notification:
                return !_wire.TakeEvent(bytes, message);
            default:
                var isAnswer = message.Id.Of(bytes.Span).SequenceEqual(_id.Span);
                if (isAnswer)
                {
                    _call.Answered();
                    _frames!.Leave();
                }
                else
                {
                    _wire.Logger.ForeignResponse(_wire.Key);
                }

                return isAnswer;
        }
    }

    private bool TakeRequest(ReadOnlyMemory<byte> bytes, in RpcMessage message)
    {
        if (_head.IsModern)
        {
            _wire.Logger.ForbiddenRequest(_wire.Key);
            return true;
        }

        if (message.MethodCode != McpMethod.Ping)
        {
            _call.Asked();
            return false;
        }

        _ = _wire.AnswerAsync(_head, HandshakeMessages.EmptyResult(message.Id.Of(bytes.Span)));
        return true;
    }

    private async ValueTask<bool> ResumeAsync(CancellationToken cancellationToken)
    {
        var broken = _frames!;
        if (_head.IsModern || !broken.IsEventStream)
        {
            return false;
        }

        if (broken.LastEventId is { } progress)
        {
            // Each event that arrived allows further attempts: servers may let clients poll for as long as a call takes.
            (_lastEventId, _resumptions) = (progress, 0);
        }

        _retry = broken.Retry ?? _retry;
        while (_lastEventId is not null && _resumptions++ < MaxResumptions)
        {
            // What the upstream asked for holds for the first attempt; further ones are less and less likely to help.
            var delay = (_retry ?? FirstDelay) * (1 << (_resumptions - 1));
            _wire.Logger.ReplyResumed(_wire.Key, _resumptions);
            await Task.Delay(_resumptions > 1 && delay > LongestDelay ? LongestDelay : delay, _wire.Time, cancellationToken);
            var sent = await _wire.GetAsync(_head, _lastEventId, cancellationToken);
            if (sent.Response is not { } response)
            {
                continue;
            }

            var resumed = response.IsSuccess ? HttpFrames.TryOpen(response, _head.Revision) : null;
            if (resumed is { IsEventStream: true })
            {
                await broken.DisposeAsync();
                _frames = resumed;
                return true;
            }

            if (response.IsSuccess || !(await HttpRefusal.ReadAsync(response, _wire.Time, cancellationToken)).IsPassing)
            {
                response.Dispose();
                return false;
            }
        }

        return false;
    }

    private GatewayError ErrorOf(HttpFrameKind kind) => kind switch
    {
        HttpFrameKind.TooLarge => HttpFailures.TooLarge(_wire.Key, HttpFrames.MaxMessage),
        HttpFrameKind.Garbage => HttpFailures.Invalid(_wire.Key, "the body is not JSON"),
        HttpFrameKind.End when !_frames!.IsEventStream => HttpFailures.Invalid(_wire.Key, "the body holds no answer to the request"),
        _ => HttpFailures.Broken(_wire.Key, "its reply ended without a response"),
    };

    private static UpstreamReceived Failed(GatewayError error) => new(default, default, error);
}
