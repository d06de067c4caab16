using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace NativeGateway.DataPlane.Sessions;

/// <summary>
/// Messages that wait for a client's long stream (the GET stream of a legacy session, or a modern <c>subscriptions/listen</c>). Bounded: a client
/// that does not read loses the oldest, which is harmless because these are hints to look again, and is counted.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The semaphore's wait handle is never used, and a late reader may still meet it.")]
internal sealed class Outbox
{
    private const int Capacity = 128;

    private readonly Channel<ReadOnlyMemory<byte>> _messages;
    private readonly SemaphoreSlim _turn = new(1, 1);
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
    /// Hands every message to <paramref name="send"/>, one after the other, until the client is gone, the outbox is closed, or a later stream
    /// takes over: a client that lost its connection comes back before the gateway notices the loss. The one before has let go of its last
    /// message when <paramref name="start"/> is called.
    /// </summary>
    public async Task ReadAsync(Func<ValueTask> start, Func<ReadOnlyMemory<byte>, ValueTask> send, CancellationToken clientGone)
    {
        using var mine = CancellationTokenSource.CreateLinkedTokenSource(clientGone);
        var before = Interlocked.Exchange(ref _reader, mine);
        try
        {
            Displace(before);
            await _turn.WaitAsync(mine.Token).ConfigureAwait(false);
            try
            {
                await start().ConfigureAwait(false);
                await foreach (var message in _messages.Reader.ReadAllAsync(mine.Token).ConfigureAwait(false))
                {
                    await send(message).ConfigureAwait(false);
                }
            }
            finally
            {
                _turn.Release();
            }
        }
        catch (OperationCanceledException)
        {
            // The client left, or came back on a new stream.
        }
        finally
        {
            Interlocked.CompareExchange(ref _reader, null, mine);
        }
    }

    public void Post(ReadOnlyMemory<byte> message) => _messages.Writer.TryWrite(message);

    /// <summary>Ends the stream once everything posted has been sent.</summary>
    public void Close() => _messages.Writer.TryComplete();

    private static void Displace(CancellationTokenSource? before)
    {
        try
        {
            before?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has just left by itself.
        }
    }
}
