using NativeGateway.DataPlane.Upstream;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Bridge;

/// <summary>
/// The long stream of the legacy session, on which the endpoint says what belongs to no request (2025-11-25, basic/transports, "Listening for
/// Messages from the Server"). Opened again whenever it ends, and with a fresh session when that is gone.
/// </summary>
internal sealed class BridgeStream(BridgeWire wire, BridgeSession session, Func<ReadOnlyMemory<byte>, ValueTask> take)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);

    private BridgeHead _head = BridgeHead.None;
    private string? _lastEventId;
    private TimeSpan? _wishedDelay;
    private bool _hadStream;

    /// <summary>Ends when the endpoint offers no such stream, or when cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            for (var delay = FirstDelay; ; delay = delay < LongestDelay / 2 ? delay * 2 : LongestDelay)
            {
                _wishedDelay = null;
                switch (await ListenAsync(cancellationToken).ConfigureAwait(false))
                {
                    case null:
                        return;
                    case true:
                        delay = FirstDelay;
                        break;
                    default:
                        break;
                }

                await Task.Delay(_wishedDelay ?? delay, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The bridge ends.
        }
    }

    /// <summary>True when there was a stream, false when there may be one later, null when there is none to be had.</summary>
    private async Task<bool?> ListenAsync(CancellationToken cancellationToken)
    {
        if (_head != session.Head)
        {
            (_head, _lastEventId) = (session.Head, null);
        }

        var sent = await wire.GetAsync(_head, _lastEventId, cancellationToken).ConfigureAwait(false);
        if (sent.Response is not { } response)
        {
            return false;
        }

        if (response.IsSuccess && HttpFrames.TryOpen(response, null) is { IsEventStream: true } frames)
        {
            _hadStream = true;
            await using (frames.ConfigureAwait(false))
            {
                await TakeAllAsync(frames, cancellationToken).ConfigureAwait(false);
                _lastEventId = frames.LastEventId ?? _lastEventId;
                _wishedDelay = frames.Retry;
                return true;
            }
        }

        var status = response.Status;
        response.Dispose();
        if (_hadStream && status is 404 or 400)
        {
            // The session is gone, or only the place in its stream that is asked for.
            (_lastEventId, var hadPlace) = (null, _lastEventId is not null);
            if (status == 404 || !hadPlace)
            {
                await session.RenewAsync(_head, cancellationToken).ConfigureAwait(false);
            }

            return false;
        }

        return status is >= 500 or 408 or 429 ? false : null;
    }

    private async Task TakeAllAsync(HttpFrames frames, CancellationToken cancellationToken)
    {
        while (await frames.ReadAsync(cancellationToken).ConfigureAwait(false) is { Kind: HttpFrameKind.Message } frame)
        {
            if (RpcReader.Read(frame.Bytes.Span, out _) == RpcFault.None)
            {
                await take(frame.Bytes).ConfigureAwait(false);
            }
        }
    }
}
