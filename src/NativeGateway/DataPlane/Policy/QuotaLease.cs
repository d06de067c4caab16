using NativeGateway.Model;

namespace NativeGateway.DataPlane.Policy;

/// <summary>
/// What this process holds of one quota in one period: a slice that it takes calls from without asking anybody, and asks for more of before it
/// is used up. Slices are small against the limit and get smaller towards its end, so that what processes hold unused keeps nobody below the
/// limit for long, and a process that crashes takes little with it. Below zero the balance is what was used without having been given. Any thread.
/// </summary>
internal sealed class QuotaLease(Guid organizationId, QuotaKind kind, QuotaPeriod period, IQuotaSource source, TimeProvider clock)
{
    /// <summary>A slice is at most this part of the limit …</summary>
    private const int SlicesOfLimit = 500;

    /// <summary>… and this part of what was left when last asked.</summary>
    private const int SlicesOfRest = 16;

    /// <summary>The part of a hard limit that each process may use beyond what it was given, while nobody can be asked.</summary>
    private const int OverdraftsOfLimit = 100;

    private const long Unbounded = long.MaxValue / 4;

    /// <summary>For how long an answer that there is nothing left is believed: others may give back what they held, or the limit may be raised.</summary>
    private static readonly TimeSpan UsedUpFor = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan AwayFor = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private Task _asking = Task.CompletedTask;
    private long _askedAt;
    private long _balance;
    private long _waiting;
    private long _taken;
    private long _usedUpLimit = -1;
    private long _usedUpUntil;
    private long _awayUntil;

    public QuotaPeriod Period => period;

    /// <summary>As far as this process knows, what all of them have used.</summary>
    public long Used => Volatile.Read(ref _taken) - Volatile.Read(ref _balance);

    /// <summary>Takes from what is held, and asks for more in the background when that gets low.</summary>
    public bool TryTake(long amount, Quota quota, bool isSoft, DateTimeOffset now)
    {
        var isTaken = TryTake(amount, isSoft ? -Unbounded : 0);
        if (isTaken && Volatile.Read(ref _balance) <= SliceOf(quota.Limit, isSoft) / 2 && !IsUsedUp(quota, now) && !IsAway(now))
        {
            _ = AskAsync(quota, isSoft);
        }

        return isTaken;
    }

    public void PutBack(long amount) => Interlocked.Add(ref _balance, amount);

    /// <summary>Takes for a hard quota when nothing is held: waits for more, for as long as <paramref name="patience"/> at most.</summary>
    /// <returns>True when it was taken, false when the quota is used up, null when nobody could say.</returns>
    public async ValueTask<bool?> TakeAsync(long amount, Quota quota, TimeSpan patience)
    {
        Interlocked.Add(ref _waiting, amount);
        try
        {
            while (true)
            {
                var now = clock.GetUtcNow();
                if (TryTake(amount, 0))
                {
                    return true;
                }

                if (IsUsedUp(quota, now))
                {
                    return false;
                }

                if (IsAway(now))
                {
                    return TryTake(amount, -(quota.Limit / OverdraftsOfLimit)) ? true : null;
                }

                var asking = AskAsync(quota, isSoft: false);
                // Who comes late to a question that is not answered does not wait as long again.
                var rest = patience - clock.GetElapsedTime(Interlocked.Read(ref _askedAt));
                if (!asking.IsCompleted && rest <= TimeSpan.Zero)
                {
                    Volatile.Write(ref _awayUntil, (now + AwayFor).UtcTicks);
                    continue;
                }

                await asking.WaitAsync(rest > TimeSpan.Zero ? rest : TimeSpan.Zero, clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        finally
        {
            Interlocked.Add(ref _waiting, -amount);
        }
    }

    /// <summary>Gives back what is held. Nothing may be taken any more.</summary>
    public async Task CloseAsync(CancellationToken cancellationToken)
    {
        await _asking.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var rest = Interlocked.Exchange(ref _balance, 0);
        if (rest != 0)
        {
            await source.SettleAsync(Claim(rest, Unbounded), cancellationToken).ConfigureAwait(false);
        }
    }

    private bool TryTake(long amount, long floor)
    {
        var balance = Volatile.Read(ref _balance);
        while (balance - amount >= floor)
        {
            var seen = Interlocked.CompareExchange(ref _balance, balance - amount, balance);
            if (seen == balance)
            {
                return true;
            }

            balance = seen;
        }

        return false;
    }

    private bool IsUsedUp(Quota quota, DateTimeOffset now) =>
        Volatile.Read(ref _usedUpLimit) == quota.Limit && now.UtcTicks < Volatile.Read(ref _usedUpUntil);

    private bool IsAway(DateTimeOffset now) => now.UtcTicks < Volatile.Read(ref _awayUntil);

    /// <summary>One question at a time; whoever comes meanwhile gets the same.</summary>
    private Task AskAsync(Quota quota, bool isSoft)
    {
        lock (_gate)
        {
            if (_asking.IsCompleted)
            {
                Interlocked.Exchange(ref _askedAt, clock.GetTimestamp());
                _asking = AskOnceAsync(quota, isSoft);
            }

            return _asking;
        }
    }

    private async Task AskOnceAsync(Quota quota, bool isSoft)
    {
        var missing = Math.Max(0, -Volatile.Read(ref _balance)) + Interlocked.Read(ref _waiting);
        var claim = Claim(SliceOf(quota.Limit, isSoft) + missing, isSoft ? Unbounded : quota.Limit);
        var answer = await source.TakeAsync(claim, CancellationToken.None).ConfigureAwait(false);
        if (answer is not { } grant)
        {
            Volatile.Write(ref _awayUntil, (clock.GetUtcNow() + AwayFor).UtcTicks);
            return;
        }

        Volatile.Write(ref _awayUntil, 0);
        Interlocked.Add(ref _balance, grant.Amount);
        Volatile.Write(ref _taken, grant.Taken);
        if (!isSoft && grant.Taken >= quota.Limit)
        {
            Volatile.Write(ref _usedUpUntil, (clock.GetUtcNow() + UsedUpFor).UtcTicks);
            Volatile.Write(ref _usedUpLimit, quota.Limit);
        }
    }

    private long SliceOf(long limit, bool isSoft)
    {
        var slice = limit / SlicesOfLimit;
        return Math.Max(1, isSoft ? slice : Math.Min(slice, (limit - Volatile.Read(ref _taken)) / SlicesOfRest));
    }

    private QuotaClaim Claim(long amount, long cap) => new(organizationId, kind, period.Name, amount, cap);
}
