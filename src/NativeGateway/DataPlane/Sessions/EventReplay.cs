using System.Globalization;
using System.Security.Cryptography;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Sessions;

/// <summary>
/// What the streams of one session have sent lately, so that a client that lost its connection can have it again (2025-11-25, basic/transports,
/// "Resumability and Redelivery"). Bounded in events and bytes; the oldest go first. An event id is a mark of this object, the stream's number and the
/// event's number within it: it means something in its own session only, and a session belongs to one key. Any thread.
/// </summary>
internal sealed class EventReplay(ReplayBudget budget, ProtocolRevision revision, TimeProvider time)
{
    public const int MaxEvents = 256;
    public const int MaxBytes = 4 * 1024 * 1024;

    /// <summary>The number of the GET stream; the others belong to one POST each.</summary>
    private const long StandaloneNumber = 0;

    /// <summary>What an event takes besides its bytes.</summary>
    private const int Overhead = 96;

    private readonly Lock _gate = new();

    /// <summary>An id that an earlier process gave for another stream of the same session must not pass for one of ours.</summary>
    private readonly string _mark = RandomNumberGenerator.GetHexString(8, lowercase: true);
    private readonly LinkedList<Kept> _kept = [];
    private readonly Dictionary<long, ReplayStream> _streams = [];
    private long _lastStream;
    private long _bytes;
    private bool _closed;

    private readonly record struct Kept(ReplayStream Stream, long Number, ReadOnlyMemory<byte> Message)
    {
        public int Size => Message.Length + Overhead;
    }

    /// <summary>The client may be told a position by an event without data.</summary>
    public bool Primes { get; } = revision.HasPrimingEvents;

    /// <summary>The stream of what belongs to no request. It never ends while the session lasts.</summary>
    public ReplayStream Standalone
    {
        get
        {
            lock (_gate)
            {
                return _streams.TryGetValue(StandaloneNumber, out var stream) ? stream : Add(StandaloneNumber);
            }
        }
    }

    /// <summary>A new stream, for the reply to one POST.</summary>
    public ReplayStream Begin()
    {
        lock (_gate)
        {
            return Add(++_lastStream);
        }
    }

    /// <summary>The id of an event.</summary>
    public string IdOf(ReplayStream stream, long number) => string.Create(CultureInfo.InvariantCulture, $"{_mark}-{stream.Number}-{number}");

    /// <summary>
    /// The stream that bore this event, and the event's number in it. Null for an id that this session never gave, and for a stream that has
    /// ended and whose last message is not kept (any more): its client would wait for it in vain. The GET stream of an earlier process goes on as
    /// this one's, without a number: nothing of it is kept.
    /// </summary>
    public ReplayStream? Find(string eventId, out long? number)
    {
        number = null;
        Span<Range> parts = stackalloc Range[4];
        var id = eventId.AsSpan();
        if (id.Split(parts, '-') != 3
            || !long.TryParse(id[parts[1]], NumberStyles.None, CultureInfo.InvariantCulture, out var streamNumber)
            || !long.TryParse(id[parts[2]], NumberStyles.None, CultureInfo.InvariantCulture, out var eventNumber))
        {
            return null;
        }

        if (!id[parts[0]].SequenceEqual(_mark))
        {
            return id[parts[0]].Length == _mark.Length && streamNumber == StandaloneNumber ? Standalone : null;
        }

        number = eventNumber;
        lock (_gate)
        {
            var stream = _streams.GetValueOrDefault(streamNumber);
            return stream is null || !stream.HasGiven(eventNumber) ? null : stream;
        }
    }

    /// <summary>Keeps an event, and drops older ones for it. What is larger than the whole buffer is not kept.</summary>
    public void Keep(ReplayStream stream, long number, ReadOnlyMemory<byte> message)
    {
        var kept = new Kept(stream, number, message);
        lock (_gate)
        {
            if (_closed || kept.Size > MaxBytes)
            {
                budget.CountDropped();
                return;
            }

            while (_kept.Count >= MaxEvents || _bytes + kept.Size > MaxBytes)
            {
                DropOldest();
            }

            while (!budget.TryTake(kept.Size))
            {
                if (_kept.Count == 0)
                {
                    budget.CountDropped();
                    return;
                }

                DropOldest();
            }

            _bytes += kept.Size;
            _kept.AddLast(kept);
        }
    }

    /// <summary>What is kept of a stream after an event, oldest first.</summary>
    public IReadOnlyList<(long Number, ReadOnlyMemory<byte> Message)> After(ReplayStream stream, long number)
    {
        lock (_gate)
        {
            var missed = new List<(long Number, ReadOnlyMemory<byte> Message)>();
            foreach (var kept in _kept)
            {
                if (kept.Stream == stream && kept.Number > number)
                {
                    missed.Add((kept.Number, kept.Message));
                }
            }

            return missed;
        }
    }

    /// <summary>A stream has ended: if its last message is not kept, nothing of it can be resumed.</summary>
    public void Settle(ReplayStream stream)
    {
        lock (_gate)
        {
            if (!_kept.Any(kept => kept.Stream == stream && kept.Number == stream.LastMessage))
            {
                Remove(stream);
            }
        }
    }

    /// <summary>Forgets streams that ended so long ago that nobody will come back for them.</summary>
    public void Forget(TimeSpan age)
    {
        lock (_gate)
        {
            foreach (var stream in _streams.Values.Where(stream => stream.EndedAt is { } ended && time.GetElapsedTime(ended) > age).ToArray())
            {
                Remove(stream);
            }
        }
    }

    public void Close()
    {
        ReplayStream[] streams;
        lock (_gate)
        {
            _closed = true;
            streams = [.. _streams.Values];
            foreach (var stream in streams)
            {
                Remove(stream);
            }
        }

        foreach (var stream in streams)
        {
            stream.End();
        }
    }

    private ReplayStream Add(long number)
    {
        var stream = new ReplayStream(this, number, time);
        if (!_closed)
        {
            _streams.Add(number, stream);
        }

        return stream;
    }

    private void DropOldest()
    {
        var oldest = _kept.First!.Value;
        _kept.RemoveFirst();
        Free(oldest);
        budget.CountDropped();
        if (oldest.Stream.IsEnded && oldest.Number == oldest.Stream.LastMessage)
        {
            _streams.Remove(oldest.Stream.Number);
        }
    }

    private void Remove(ReplayStream stream)
    {
        _streams.Remove(stream.Number);
        for (var node = _kept.First; node is not null;)
        {
            var next = node.Next;
            if (node.Value.Stream == stream)
            {
                _kept.Remove(node);
                Free(node.Value);
            }

            node = next;
        }
    }

    private void Free(Kept kept)
    {
        _bytes -= kept.Size;
        budget.Return(kept.Size);
    }
}
