using NativeGateway.DataPlane.Policy;
using NativeGateway.Model;

namespace NativeGateway.Tests.DataPlane.Policy;

/// <summary>Token buckets that processes share, as the database keeps them; can be away, and slow.</summary>
internal sealed class MemoryBuckets(TimeProvider clock, int processes) : IBucketSource
{
    private readonly Dictionary<Guid, long> _fullAt = [];

    public bool IsAway { get; set; }

    /// <summary>While it is set nobody is answered.</summary>
    public TaskCompletionSource? Gate { get; set; }

    public int Processes { get; set; } = processes;

    public List<BucketClaim> Claims { get; } = [];

    private long Now => (clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;

    /// <summary>Tokens that the one bucket lacks.</summary>
    public double Missing(long interval)
    {
        lock (_fullAt)
        {
            return Math.Max(0, _fullAt.Values.Single() - Now) / (double)interval;
        }
    }

    public async Task<IReadOnlyList<BucketGrant>?> TakeAsync(IReadOnlyList<BucketClaim> claims, CancellationToken cancellationToken)
    {
        if (Gate is { } gate)
        {
            await gate.Task.WaitAsync(cancellationToken);
        }

        lock (_fullAt)
        {
            if (IsAway)
            {
                return null;
            }

            Claims.AddRange(claims);
            return [.. claims.Select(Take)];
        }
    }

    public Task<int?> CountAsync(CancellationToken cancellationToken) => Task.FromResult<int?>(IsAway ? null : Processes);

    public Task LeaveAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private BucketGrant Take(BucketClaim claim)
    {
        var now = Now;
        var until = Math.Max(_fullAt.GetValueOrDefault(claim.Id), now - claim.Age) + (claim.Spent * claim.Interval);
        until = Math.Max(Math.Min(until, now + (2 * claim.Capacity)), now);
        var free = Math.Max(0, (now + claim.Capacity - until) / claim.Interval);
        var tokens = Math.Min(free, Math.Max(claim.Needed, Math.Min(claim.Needed + claim.Ahead, free / 8)));
        _fullAt[claim.Id] = until + (tokens * claim.Interval);
        return new BucketGrant(claim.Id, tokens, _fullAt[claim.Id] - now);
    }
}
