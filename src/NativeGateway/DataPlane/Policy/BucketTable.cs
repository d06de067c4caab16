using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace NativeGateway.DataPlane.Policy;

/// <summary>What a bucket counts; the lower-case name is what clients and metrics see.</summary>
internal enum LimitScope
{
    Organization,
    Key,
    Server,
    Tool,
    Address,
    User,

    /// <summary>Refused credentials of an address, which is the scope that clients see.</summary>
    Credentials,
}

/// <summary>Names one bucket. Which members mean something depends on the scope; the others stay empty.</summary>
/// <param name="Owner">The key's id.</param>
/// <param name="Id">The organization's, user's or upstream's id, or an address.</param>
/// <param name="Rule">The glob of a tool limit.</param>
internal readonly record struct BucketKey(LimitScope Scope, string Owner, Guid Id, string Rule)
{
    private const int IdBytes = 16;

    public override int GetHashCode() => HashCode.Combine((int)Scope, Owner, Id, Rule);

    /// <summary>The same in every process, and nothing leads back from it to an address.</summary>
    public Guid ToId()
    {
        var text = $"{(int)Scope} {Owner} {Id:N} {Rule}";
        return MemoryMarshal.Read<Guid>(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, IdBytes));
    }
}

/// <summary>
/// Buckets by name, made when first asked and retired when they have been full for a while. Sweeping is done in small steps by whoever calls,
/// so no thread ever pays for the whole table. Beyond <paramref name="capacity"/> all newcomers share one bucket: a flood of names (addresses
/// are the only ones that strangers choose) costs strangers their comfort and not the process its memory.
/// </summary>
/// <param name="shared">For buckets that other processes take from, too.</param>
internal sealed class BucketTable(TimeProvider clock, int capacity = int.MaxValue, SharedBuckets? shared = null)
{
    private const int StepSize = 256;

    private static readonly TimeSpan BetweenSteps = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan BetweenSweeps = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<BucketKey, TokenBucket> _buckets = new();
    private readonly TokenBucket _overflow = new();
    private int _count;
    private long _nextStep = clock.GetTimestamp() + InUnits(clock, BetweenSweeps);
    private int _isSweeping;
    private IEnumerator<KeyValuePair<BucketKey, TokenBucket>>? _cursor;

    public int Count => Volatile.Read(ref _count);

    public BucketReading Take(in BucketKey key, in BucketRate rate, long now)
    {
        if (now >= Volatile.Read(ref _nextStep))
        {
            Sweep(now);
        }

        while (true)
        {
            var bucket = GetOrAdd(key);
            var isTold = shared is null || shared.IsAlone || ReferenceEquals(bucket, _overflow)
                ? bucket.TryTake(rate, now, out var reading)
                : bucket.LeaseFrom(shared, key).TryTake(rate, now, out reading);
            if (isTold)
            {
                return reading;
            }

            Remove(key, bucket);
        }
    }

    public void GiveBack(in BucketKey key, in BucketRate rate)
    {
        if (!_buckets.TryGetValue(key, out var bucket))
        {
            return;
        }

        if (shared is { IsAlone: false } && bucket.Lease is { } lease)
        {
            lease.GiveBack();
        }
        else
        {
            bucket.GiveBack(rate);
        }
    }

    private TokenBucket GetOrAdd(in BucketKey key)
    {
        while (true)
        {
            if (_buckets.TryGetValue(key, out var bucket))
            {
                return bucket;
            }

            if (Interlocked.Increment(ref _count) > capacity)
            {
                Interlocked.Decrement(ref _count);
                return _overflow;
            }

            bucket = new TokenBucket();
            if (_buckets.TryAdd(key, bucket))
            {
                return bucket;
            }

            Interlocked.Decrement(ref _count);
        }
    }

    private void Remove(in BucketKey key, TokenBucket bucket)
    {
        if (_buckets.TryRemove(new KeyValuePair<BucketKey, TokenBucket>(key, bucket)))
        {
            Interlocked.Decrement(ref _count);
        }
    }

    /// <summary>One step through the table; several steps make a sweep.</summary>
    private void Sweep(long now)
    {
        if (Interlocked.Exchange(ref _isSweeping, 1) != 0)
        {
            return;
        }

        var idleSince = now - InUnits(clock, BetweenSweeps);
        _cursor ??= _buckets.GetEnumerator();
        var left = StepSize;
        while (left > 0 && _cursor.MoveNext())
        {
            left--;
            var (key, bucket) = _cursor.Current;
            if (bucket.TryRetire(idleSince))
            {
                Remove(key, bucket);
            }
        }

        if (left > 0)
        {
            _cursor.Dispose();
            _cursor = null;
        }

        Volatile.Write(ref _nextStep, now + InUnits(clock, left > 0 ? BetweenSweeps : BetweenSteps));
        Volatile.Write(ref _isSweeping, 0);
    }

    private static long InUnits(TimeProvider clock, TimeSpan span) => (long)(span.TotalSeconds * clock.TimestampFrequency);
}
