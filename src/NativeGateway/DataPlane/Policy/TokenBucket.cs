using NativeGateway.Model;

namespace NativeGateway.DataPlane.Policy;

/// <summary>What asking a bucket for a token came to. Times are in the clock's timestamp units.</summary>
/// <param name="Remaining">Whole tokens left.</param>
/// <param name="UntilFull">How long until the bucket is full again when nobody asks.</param>
/// <param name="Wait">How long until a refused call would get its token; 0 when it got one.</param>
internal readonly record struct BucketReading(bool IsTaken, int Remaining, long UntilFull, long Wait)
{
    /// <summary>When not null, nothing was decided: ask again when it has completed.</summary>
    public Task? Answer { get; init; }
}

/// <summary>
/// A token bucket with continuous refill whose whole state is one number, the time at which it is full again (GCRA, the generic cell rate
/// algorithm). Taking is one compare-and-swap, so threads never wait for each other. The limit comes with every call: a changed one holds at once
/// and the state survives it. Of a bucket that processes share the number is what was last heard of, and tokens come from its lease.
/// </summary>
internal sealed class TokenBucket
{
    private const long Retired = long.MinValue;

    private long _fullAt;
    private BucketLease? _lease;

    /// <summary>When it is full again, as far as this process knows.</summary>
    public long FullAt => Volatile.Read(ref _fullAt);

    public bool IsRetired => FullAt == Retired;

    /// <summary>Null as long as this process had it for itself.</summary>
    public BucketLease? Lease => Volatile.Read(ref _lease);

    public BucketLease LeaseFrom(SharedBuckets shared, in BucketKey key)
    {
        if (Lease is { } lease)
        {
            return lease;
        }

        lease = new BucketLease(key.ToId(), this, shared);
        return Interlocked.CompareExchange(ref _lease, lease, null) ?? lease;
    }

    /// <summary>False when the bucket has been retired: the caller has to look for its successor.</summary>
    public bool TryTake(in BucketRate rate, long now, out BucketReading reading)
    {
        var fullAt = Volatile.Read(ref _fullAt);
        while (fullAt != Retired)
        {
            // Never further away than an empty bucket's refill, which it would be after a limit was raised; kept, so that the refill begins now.
            var current = Math.Clamp(fullAt, now, now + rate.Capacity);
            var next = current + rate.Interval;
            var isTaken = next - now <= rate.Capacity;
            var target = isTaken ? next : current;

            var seen = target == fullAt ? fullAt : Interlocked.CompareExchange(ref _fullAt, target, fullAt);
            if (seen == fullAt)
            {
                reading = isTaken
                    ? new BucketReading(true, (int)((rate.Capacity - (next - now)) / rate.Interval), next - now, 0)
                    : new BucketReading(false, 0, current - now, next - now - rate.Capacity);
                return true;
            }

            fullAt = seen;
        }

        reading = default;
        return false;
    }

    /// <summary>Puts back a token that was taken. A retired bucket was full and needs nothing back.</summary>
    public void GiveBack(in BucketRate rate) => Move(fullAt: null, -rate.Interval);

    /// <summary>Takes over what those know who share it.</summary>
    public void Correct(long fullAt) => Move(fullAt, 0);

    /// <summary>Ends the bucket if it has been full since <paramref name="idleSince"/>: a full one says no more than a new one.</summary>
    public bool TryRetire(long idleSince)
    {
        var fullAt = Volatile.Read(ref _fullAt);
        return fullAt <= idleSince && Lease is not { IsOpen: true } && Interlocked.CompareExchange(ref _fullAt, Retired, fullAt) == fullAt;
    }

    private void Move(long? fullAt, long by)
    {
        var before = Volatile.Read(ref _fullAt);
        while (before != Retired)
        {
            var seen = Interlocked.CompareExchange(ref _fullAt, (fullAt ?? before) + by, before);
            if (seen == before)
            {
                return;
            }

            before = seen;
        }
    }
}

/// <summary>A limit in the clock's timestamp units.</summary>
/// <param name="Interval">In which one token comes back.</param>
/// <param name="Capacity">In which an empty bucket fills.</param>
internal readonly record struct BucketRate(long Interval, long Capacity)
{
    public BucketRate(LimitConfig limit, TimeProvider clock)
        : this(limit, Math.Max(1, 60 * clock.TimestampFrequency / limit.RequestsPerMinute))
    {
    }

    private BucketRate(LimitConfig limit, long interval)
        : this(interval, interval * limit.Burst)
    {
    }

    /// <summary>What one of so many processes may take when they cannot agree. A burst that is smaller than their number lets each take one.</summary>
    public BucketRate ShareOf(int processes) => new(Interval * processes, Math.Max(Capacity, Interval * processes));
}
