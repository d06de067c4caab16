using System.Collections.Concurrent;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Policy;

/// <summary>What became of a call at the <see cref="QuotaGate"/>.</summary>
/// <param name="Refusal">Null when it may go on.</param>
/// <param name="Limits">For the headers of a refusal.</param>
internal readonly record struct QuotaVerdict(GatewayError? Refusal, LimitState Limits);

/// <summary>
/// Counts calls against the quotas of their organizations: each of them takes it, or none does. A call waits for the database only where a hard
/// quota's slice is empty, and never long. While nobody can be asked, soft quotas count on and hard ones allow a small overdraft; both are made
/// up for later. One per process; any thread.
/// </summary>
internal sealed class QuotaGate(IQuotaSource source, TimeProvider clock) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ClosingPatience = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<(Guid OrganizationId, QuotaKind Kind), QuotaLease> _leases = new();
    private readonly long[] _overruns = new long[Enum.GetValues<QuotaKind>().Length];

    /// <summary>Calls that went on although a soft quota of that kind was used up.</summary>
    public long OverrunsOf(QuotaKind kind) => Interlocked.Read(ref _overruns[(int)kind]);

    /// <param name="costMicros">What the call costs, in millionths of the currency.</param>
    public async ValueTask<QuotaVerdict> AcquireAsync(Quotas quotas, long costMicros)
    {
        var now = clock.GetUtcNow();
        for (var i = 0; i < quotas.All.Count; i++)
        {
            var quota = quotas.All[i];
            var amount = AmountOf(quota, costMicros);
            if (amount == 0)
            {
                continue;
            }

            var lease = LeaseOf(quotas.OrganizationId, quota.Kind, now);
            bool? isTaken = lease.TryTake(amount, quota, quotas.IsSoft, now);
            if (isTaken == false)
            {
                isTaken = await lease.TakeAsync(amount, quota, Patience).ConfigureAwait(false);
            }
            else if (quotas.IsSoft && lease.Used > quota.Limit)
            {
                Interlocked.Increment(ref _overruns[(int)quota.Kind]);
            }

            if (isTaken != true)
            {
                PutBack(quotas, i, costMicros, now);
                return isTaken is null ? new QuotaVerdict(QuotaRefusal.Unknown, default) : QuotaRefusal.UsedUp(quota, lease, now);
            }
        }

        return default;
    }

    /// <summary>What is held goes back to those who go on.</summary>
    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(ClosingPatience, clock);
        try
        {
            foreach (var lease in _leases.Values)
            {
                await lease.CloseAsync(patience.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The rest stays used: a stop does not wait for a database that does not answer.
        }
    }

    private void PutBack(Quotas quotas, int count, long costMicros, DateTimeOffset now)
    {
        for (var i = 0; i < count; i++)
        {
            var quota = quotas.All[i];
            LeaseOf(quotas.OrganizationId, quota.Kind, now).PutBack(AmountOf(quota, costMicros));
        }
    }

    private static long AmountOf(Quota quota, long costMicros) => quota.Kind == QuotaKind.MonthlySpend ? costMicros : 1;

    /// <summary>The lease of the present period. What was held of the last one is worth nothing any more.</summary>
    private QuotaLease LeaseOf(Guid organizationId, QuotaKind kind, DateTimeOffset now)
    {
        var key = (organizationId, kind);
        while (true)
        {
            if (!_leases.TryGetValue(key, out var lease))
            {
                lease = _leases.GetOrAdd(key, New(key, now));
            }

            if (now < lease.Period.EndsAt)
            {
                return lease;
            }

            _leases.TryUpdate(key, New(key, now), lease);
        }
    }

    private QuotaLease New((Guid OrganizationId, QuotaKind Kind) key, DateTimeOffset now) =>
        new(key.OrganizationId, key.Kind, QuotaPeriod.Of(key.Kind, now), source, clock);
}
