using System.Threading.Channels;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// One request in flight in a session whose GET stream may bring questions that belong to it, and the reply to it: what comes on either is read here.
/// Some upstreams answer the POST only when the call is done, so a question may also come before the reply has begun. Owned by the exchange.
/// </summary>
internal sealed class AskableReply : UpstreamReply
{
    private const int MaxHeld = 64;

    private readonly AskableCalls _calls;
    private readonly Channel<byte[]> _given = Channel.CreateBounded<byte[]>(MaxHeld);
    private readonly CancellationTokenSource _left = new();
    private readonly Task<UpstreamSending> _sending;
    private Task<bool>? _waiting;
    private Task<UpstreamReceived>? _reading;

    private AskableReply(AskableCalls calls, Func<CancellationToken, ValueTask<UpstreamSending>> send)
    {
        _calls = calls;
        calls.Add(this);
        _sending = send(_left.Token).AsTask();
    }

    /// <summary>Returns when the upstream has begun to answer or asks something first, or an error when it cannot.</summary>
    public static async ValueTask<UpstreamSending> SendAsync(
        AskableCalls calls, Func<CancellationToken, ValueTask<UpstreamSending>> send, CancellationToken cancellationToken)
    {
        var reply = new AskableReply(calls, send);
        var begun = default(UpstreamSending);
        try
        {
            await Task.WhenAny(reply._sending, reply.WaitAsync()).WaitAsync(cancellationToken);
            begun = reply._sending.IsCompleted ? await reply._sending : begun;
        }
        catch
        {
            await reply.DisposeAsync();
            throw;
        }

        if (begun.Error is null)
        {
            return new UpstreamSending(reply, null);
        }

        if (begun.Error is { Retry: RetryHint.NothingSent })
        {
            calls.Remove(reply);
        }

        await reply.DisposeAsync();
        return begun;
    }

    /// <summary>Takes a message that came on the GET stream. False when there is no room for it.</summary>
    public bool TryTake(byte[] message) => _given.Writer.TryWrite(message);

    public override async ValueTask<UpstreamReceived> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_given.Reader.TryRead(out var given))
            {
                _ = RpcReader.Read(given, out var message);
                return new UpstreamReceived(given, message, null);
            }

            _reading ??= ReadReplyAsync();
            await Task.WhenAny(_reading, WaitAsync()).WaitAsync(cancellationToken);
            if (_reading.IsCompleted)
            {
                var received = await _reading;
                _reading = null;
                if (received.Message.IsResponse && received.Error is null)
                {
                    _calls.Remove(this);
                }

                return received;
            }
        }
    }

    public override async ValueTask DisposeAsync()
    {
        _calls.Leave(this);
        await _left.CancelAsync();
        await (_reading ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await ((Task)_sending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_sending is { IsCompletedSuccessfully: true, Result.Reply: { } reply })
        {
            await reply.DisposeAsync();
        }

        _left.Dispose();
    }

    private async Task<UpstreamReceived> ReadReplyAsync()
    {
        var sending = await _sending;
        return sending.Reply is { } reply ? await reply.ReadAsync(_left.Token) : new UpstreamReceived(default, default, sending.Error);
    }

    /// <summary>Completes when there is a message to take from the GET stream.</summary>
    private Task<bool> WaitAsync() =>
        _waiting is { IsCompleted: false } ? _waiting : _waiting = _given.Reader.WaitToReadAsync(CancellationToken.None).AsTask();
}
