using System.Threading.Channels;

namespace NativeGateway.DataPlane.Sessions;

/// <summary>
/// Messages that wait for a client's long stream (the GET stream of a legacy session, or a modern <c>subscriptions/listen</c>). Bounded: a client
/// that does not read loses the oldest, which is harmless because these are hints to look again, and is counted.
/// </summary>
internal sealed class Outbox
{
    private const int Capacity = 128;

    private readonly Channel<ReadOnlyMemory<byte>> _messages;
    private long _dropped;
    private CancellationTokenSource? _reader;

    public Outbox()
    {
        var options = new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.DropOldest };
        _messages = Channel.CreateBounded<ReadOnlyMemory<byte>>(options, _ => Interlocked.Increment(ref _dropped));
    }

    public long Dropped => Interlocked.Read(ref _dropped);

    public ChannelReader<ReadOnlyMemory<byte>> Messages => _messages.Reader;

    /// <summary>Somebody reads it at present.</summary>
    public bool IsRead => Volatile.Read(ref _reader) is { IsCancellationRequested: false };

    /// <summary>
    /// Makes the caller the one reader. The token it gets is cancelled when a later stream takes over: a client that lost its connection
    /// comes back before the gateway notices the loss.
    /// </summary>
    public CancellationTokenSource TakeOver(CancellationToken clientGone)
    {
        var mine = CancellationTokenSource.CreateLinkedTokenSource(clientGone);
        Interlocked.Exchange(ref _reader, mine)?.Cancel();
        return mine;
    }

    public void Leave(CancellationTokenSource mine) => Interlocked.CompareExchange(ref _reader, null, mine);

    public void Post(ReadOnlyMemory<byte> message) => _messages.Writer.TryWrite(message);

    /// <summary>Ends the stream once everything posted has been sent.</summary>
    public void Close() => _messages.Writer.TryComplete();
}
