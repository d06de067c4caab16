using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Bridge;

/// <summary>
/// The body of one response: hands on every message as it comes, until everything is answered that its request waits for. A legacy event stream
/// that breaks before is taken up again (2025-11-25, basic/transports, "Resumability and Redelivery").
/// </summary>
internal sealed class BridgeReply(BridgeWire wire, BridgeHead head, BridgeMessage message, HttpFrames frames) : IAsyncDisposable
{
    private const int MaxResumptions = 5;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);

    private HttpFrames _frames = frames;
    private string? _lastEventId;
    private TimeSpan? _retry;
    private int _resumptions;

    /// <summary>Null when everything was answered.</summary>
    /// <param name="take">Gets each message, with its head; the bytes are valid until it completes.</param>
    public async Task<GatewayError?> RelayAsync(Func<ReadOnlyMemory<byte>, RpcMessage, ValueTask> take, CancellationToken cancelled)
    {
        while (message.Awaited.Count > 0)
        {
            var frame = await _frames.ReadAsync(cancelled).ConfigureAwait(false);
            if (frame.Kind != HttpFrameKind.Message)
            {
                if (message.Awaited.Count == 0)
                {
                    // Given up meanwhile.
                    return null;
                }

                if (frame.Kind is HttpFrameKind.End or HttpFrameKind.Broken && await ResumeAsync(cancelled).ConfigureAwait(false))
                {
                    continue;
                }

                return ErrorOf(frame.Kind);
            }

            if (RpcReader.Read(frame.Bytes.Span, out var read) != RpcFault.None)
            {
                return BridgeFailures.NoMessage(wire.Place);
            }

            if (read.IsResponse)
            {
                message.Answered(read.Id.Of(frame.Bytes.Span));
            }

            await take(frame.Bytes, read).ConfigureAwait(false);
        }

        _frames.Leave();
        return null;
    }

    public ValueTask DisposeAsync() => _frames.DisposeAsync();

    private async Task<bool> ResumeAsync(CancellationToken cancelled)
    {
        if (message.IsModern || !_frames.IsEventStream)
        {
            return false;
        }

        if (_frames.LastEventId is { } progress)
        {
            // Each event that arrived allows further attempts: servers may let clients poll for as long as a call takes.
            (_lastEventId, _resumptions) = (progress, 0);
        }

        _retry = _frames.Retry ?? _retry;
        while (_lastEventId is not null && _resumptions++ < MaxResumptions)
        {
            var delay = (_retry ?? FirstDelay) * (1 << (_resumptions - 1));
            await Task.Delay(_resumptions > 1 && delay > LongestDelay ? LongestDelay : delay, cancelled).ConfigureAwait(false);
            var sent = await wire.GetAsync(head, _lastEventId, cancelled).ConfigureAwait(false);
            if (sent.Response is not { } response)
            {
                continue;
            }

            if (response.IsSuccess && HttpFrames.TryOpen(response, null) is { IsEventStream: true } resumed)
            {
                await _frames.DisposeAsync().ConfigureAwait(false);
                _frames = resumed;
                return true;
            }

            response.Dispose();
            if (response.Status < 500)
            {
                return false;
            }
        }

        return false;
    }

    private GatewayError ErrorOf(HttpFrameKind kind) => kind switch
    {
        HttpFrameKind.TooLarge => BridgeFailures.TooLarge(wire.Place),
        HttpFrameKind.Garbage => BridgeFailures.NoMessage(wire.Place),
        _ => BridgeFailures.Broken(wire.Place),
    };
}
