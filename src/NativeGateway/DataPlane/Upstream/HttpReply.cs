using System.Runtime.CompilerServices;
using NativeGateway.DataPlane.Transport;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// The answer to one POST: hands on what belongs to the request, takes care of what does not, and takes a legacy event stream up again when it
/// breaks (2025-11-25, basic/transports, "Resumability and Redelivery"). Owned by the exchange.
/// </summary>
internal sealed class HttpReply(HttpWire wire, HttpSessionHead head, HttpFrames frames, ReadOnlyMemory<byte> id, EndpointCall call) : UpstreamReply
{
    private const int MaxResumptions = 5;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);

    private HttpFrames? _frames = frames;

    /// <summary>Not answered yet, as far as the endpoint's health is concerned.</summary>
    private EndpointCall _call = call;
    private string? _lastEventId;
    private TimeSpan? _retry;
    private int _resumptions;

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    public override async ValueTask<UpstreamReceived> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_frames is null)
            {
                return Failed(HttpFailures.Broken(wire.Key, "the reply is already at its end"));
            }

            var frame = await _frames.ReadAsync(cancellationToken);
            if (frame.Kind == HttpFrameKind.Message)
            {
                if (Take(frame.Bytes, out var received))
                {
                    return received;
                }
            }
            else if (frame.Kind is not (HttpFrameKind.End or HttpFrameKind.Broken) || !await ResumeAsync(cancellationToken))
            {
                var error = ErrorOf(frame.Kind);
                _call.Failed(error.Detail!);
                return Failed(error);
            }
        }
    }

    public override ValueTask DisposeAsync()
    {
        _call.Abandoned(wire.Config.Timeout);
        return _frames?.DisposeAsync() ?? ValueTask.CompletedTask;
    }

    /// <summary>False for what does not concern the request.</summary>
    private bool Take(ReadOnlyMemory<byte> bytes, out UpstreamReceived received)
    {
        if (RpcReader.Read(bytes.Span, out var message) != RpcFault.None)
        {
            received = Failed(HttpFailures.Invalid(wire.Key, "the upstream sent something that is no JSON-RPC message"));
            return true;
        }

        received = new UpstreamReceived(bytes, message, null);
        _call.Heard();
        switch (message.Kind)
        {
            case RpcKind.Request:
                return !TakeRequest(bytes, message);
            case RpcKind.Notification:
                return !wire.TakeEvent(bytes, message);
            default:
                var isAnswer = message.Id.Of(bytes.Span).SequenceEqual(id.Span);
                if (isAnswer)
                {
                    _call.Answered();
                    _frames!.Leave();
                }
                else
                {
                    wire.Logger.ForeignResponse(wire.Key);
                }

                return isAnswer;
        }
    }

    private bool TakeRequest(ReadOnlyMemory<byte> bytes, in RpcMessage message)
    {
        if (head.IsModern)
        {
            wire.Logger.ForbiddenRequest(wire.Key);
            return true;
        }

        if (message.MethodCode != McpMethod.Ping)
        {
            _call.Asked();
            return false;
        }

        _ = wire.AnswerAsync(head, HandshakeMessages.EmptyResult(message.Id.Of(bytes.Span)));
        return true;
    }

    private async ValueTask<bool> ResumeAsync(CancellationToken cancellationToken)
    {
        var broken = _frames!;
        if (head.IsModern || !broken.IsEventStream)
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
            wire.Logger.ReplyResumed(wire.Key, _resumptions);
            await Task.Delay(_resumptions > 1 && delay > LongestDelay ? LongestDelay : delay, wire.Time, cancellationToken);
            var sent = await wire.GetAsync(head, _lastEventId, cancellationToken);
            if (sent.Response is not { } response)
            {
                continue;
            }

            var resumed = response.IsSuccess ? HttpFrames.TryOpen(response, head.Revision) : null;
            if (resumed is { IsEventStream: true })
            {
                await broken.DisposeAsync();
                _frames = resumed;
                return true;
            }

            if (response.IsSuccess || !(await HttpRefusal.ReadAsync(response, wire.Time, cancellationToken)).IsPassing)
            {
                response.Dispose();
                return false;
            }
        }

        return false;
    }

    private GatewayError ErrorOf(HttpFrameKind kind) => kind switch
    {
        HttpFrameKind.TooLarge => HttpFailures.TooLarge(wire.Key, HttpFrames.MaxMessage),
        HttpFrameKind.Garbage => HttpFailures.Invalid(wire.Key, "the body is not JSON"),
        HttpFrameKind.End when !_frames!.IsEventStream => HttpFailures.Invalid(wire.Key, "the body holds no answer to the request"),
        _ => HttpFailures.Broken(wire.Key, "its reply ended without a response"),
    };

    private static UpstreamReceived Failed(GatewayError error) => new(default, default, error);
}
