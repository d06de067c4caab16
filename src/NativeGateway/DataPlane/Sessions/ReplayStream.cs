using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Sessions;

/// <summary>
/// One event stream toward a client that may change its connection on the way. Every event is kept before it is written, so that whoever reads
/// next gets what the connection before did not carry; one connection reads at a time. The sender waits for a slow reader, and for none when
/// nobody reads.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The semaphore's wait handle is never used, and a late reader may still meet it.")]
internal sealed class ReplayStream(EventReplay replay, long number, TimeProvider time)
{
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private EventReader? _newest;
    private EventReader? _reader;
    private long _last;
    private long _lastMessage;
    private long _endedAt = -1;

    public long Number => number;

    /// <summary>The number of the last event that bore a message.</summary>
    public long LastMessage => Volatile.Read(ref _lastMessage);

    public bool IsEnded => _ended.Task.IsCompleted;

    /// <summary>Time stamp of the end; null before.</summary>
    public long? EndedAt => IsEnded ? Volatile.Read(ref _endedAt) : null;

    public bool HasGiven(long eventNumber) => eventNumber > 0 && eventNumber <= Volatile.Read(ref _last);

    /// <summary>Makes a connection the one that the client reads. The one before stops at once, even in the middle of a write.</summary>
    public EventReader Attach(EventWriter write, CancellationToken clientGone)
    {
        var reader = new EventReader(write, clientGone);
        Interlocked.Exchange(ref _newest, reader)?.Displace();
        return reader;
    }

    /// <summary>Writes what the client has not seen; from then on the reader gets every event as it comes.</summary>
    /// <param name="after">The last event that the client has seen; null when it only wants what comes.</param>
    public async ValueTask StartAsync(EventReader reader, long? after)
    {
        await _sending.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            foreach (var (missed, message) in after is { } seen ? replay.After(this, seen) : [])
            {
                if (!await reader.TryWriteAsync(replay.IdOf(this, missed), message).ConfigureAwait(false))
                {
                    return;
                }
            }

            if (!reader.Gone.IsCancellationRequested)
            {
                _reader = reader;
                await PrimeAsync(reader, after).ConfigureAwait(false);
            }
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Sends a message that precedes the response.</summary>
    public ValueTask SendAsync(MessageEditor message)
    {
        var bytes = new ArrayBufferWriter<byte>(message.Length);
        message.WriteTo(bytes);
        return SendAsync(bytes.WrittenMemory);
    }

    public async ValueTask SendAsync(ReadOnlyMemory<byte> message)
    {
        await _sending.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            var eventNumber = Interlocked.Increment(ref _last);
            Volatile.Write(ref _lastMessage, eventNumber);
            replay.Keep(this, eventNumber, message);
            if (_reader is { } reader && !await reader.TryWriteAsync(replay.IdOf(this, eventNumber), message).ConfigureAwait(false))
            {
                _reader = null;
            }
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Waits until everything is sent, or the reader is gone.</summary>
    public async Task ReadToEndAsync(EventReader reader)
    {
        try
        {
            await _ended.Task.WaitAsync(reader.Gone).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The client left, or came back on another connection.
        }
    }

    public void End()
    {
        Volatile.Write(ref _endedAt, time.GetTimestamp());
        _ended.TrySetResult();
        replay.Settle(this);
    }

    /// <summary>A first event without data, so that a client can come back that has not seen any message yet (2025-11-25, "Sending Messages").</summary>
    private async ValueTask PrimeAsync(EventReader reader, long? after)
    {
        if (replay.Primes && after is null)
        {
            await reader.TryWriteAsync(replay.IdOf(this, Interlocked.Increment(ref _last)), default).ConfigureAwait(false);
        }
    }
}
