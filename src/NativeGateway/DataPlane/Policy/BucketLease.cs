using NativeGateway.Model;

namespace NativeGateway.DataPlane.Policy;

/// <summary>
/// What this process holds of one bucket that processes share. Tokens that were given out are taken without asking anybody, and more are asked for
/// in the background before they are used up. Where nothing is held, a small part of what was there when last heard is taken on credit and told
/// at once; beyond it a call waits for the answer, or is refused when the answer was that there is nothing. So credit may run into debt, which the
/// bucket's refill pays first: over time what passes in all processes is what the limit allows. Any thread takes; <see cref="SharedBuckets"/> asks.
/// </summary>
internal sealed class BucketLease(Guid id, TokenBucket bucket, SharedBuckets shared)
{
    /// <summary>All processes together take at most this part of what was last known on credit.</summary>
    private const int CreditParts = 4;

    /// <summary>Sooner than this nobody asks again after an answer that there was too little.</summary>
    private static readonly TimeSpan ShortPause = TimeSpan.FromMilliseconds(50);

    /// <summary>Of calls that were refused, those of so long before count as calls that are there.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromMilliseconds(100);

    /// <summary>For how long tokens are asked for ahead.</summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromMilliseconds(500);

    private readonly Lock _gate = new();
    private TaskCompletionSource? _answer;
    private BucketRate _rate;
    private int _isAsking;

    /// <summary>A bucket that was used before there was a lease was used by a process that was alone.</summary>
    private int _era = bucket.FullAt == 0 ? shared.Era : -1;
    private bool _isIdle;
    private long _heldAtLook;

    private long _held;
    private long _low;
    private long _owed;
    private long _owedSince;
    private long _missed;
    private long _waiting;
    private long _emptyUntil;

    // What the last claim said.
    private long _claimedAt;
    private int _claimedEra;
    private long _needed;
    private long _told;
    private long _toldSince;
    private long _heldThen;

    /// <summary>Whether something is held, or is still to be told.</summary>
    public bool IsOpen => Volatile.Read(ref _held) != 0 || Volatile.Read(ref _isAsking) != 0;

    public Guid Id => id;

    /// <summary>False when the bucket has been retired: the caller has to look for its successor.</summary>
    public bool TryTake(in BucketRate rate, long now, out BucketReading reading)
    {
        if (TryTakeHeld(out var left))
        {
            if (left <= Volatile.Read(ref _low))
            {
                Ask(rate);
            }

            reading = ReadTaken(rate, now);
            return true;
        }

        if (shared.IsAway)
        {
            return TryTakeShare(rate, now, out reading);
        }

        var fullAt = bucket.FullAt;
        var there = rate.Capacity - Math.Max(0, fullAt - now);
        if (TryCredit(there / rate.Interval / (CreditParts * shared.Processes), now))
        {
            Ask(rate);
            reading = ReadTaken(rate, now);
        }
        else if (Math.Max(Volatile.Read(ref _emptyUntil), fullAt + rate.Interval - rate.Capacity) is var until && now < until)
        {
            Interlocked.Increment(ref _missed);
            reading = new BucketReading(false, 0, Math.Max(until, fullAt) - now, until - now);
        }
        else
        {
            Interlocked.Increment(ref _waiting);
            reading = new BucketReading(false, 0, Math.Max(0, fullAt - now), 0) { Answer = AnswerAsync(rate) };
        }

        return !bucket.IsRetired;
    }

    public void GiveBack() => Interlocked.Increment(ref _held);

    /// <summary>What to ask for and to tell now.</summary>
    public BucketClaim Claim(long now)
    {
        var elapsed = Math.Max(now - _claimedAt, shared.UnitsOf(Fresh));
        var held = Volatile.Read(ref _held);
        var waiting = Interlocked.Exchange(ref _waiting, 0);
        var missed = Interlocked.Exchange(ref _missed, 0);
        _toldSince = Volatile.Read(ref _owedSince);
        Volatile.Write(ref _told, Interlocked.Exchange(ref _owed, 0));
        var demand = Math.Max(0, _heldThen - held) + _told + waiting + missed;
        if (shared.IsLeaving || (_isIdle && demand == 0))
        {
            Volatile.Write(ref _told, Volatile.Read(ref _told) - Interlocked.Exchange(ref _held, 0));
            held = 0;
        }

        // What this process knows from having been alone, the others do not.
        var age = _era == shared.Era ? now - _toldSince : Math.Min(0, now - bucket.FullAt);
        _claimedEra = shared.Era;
        _isIdle = false;
        _claimedAt = now;
        _needed = shared.IsLeaving ? 0 : waiting + (missed * shared.UnitsOf(Fresh) / elapsed);
        var ahead = shared.IsLeaving ? 0 : Math.Max(0, (demand * shared.UnitsOf(Ahead) / elapsed) - held);
        return new BucketClaim(
            id, shared.NanosecondsOf(_rate.Interval), shared.NanosecondsOf(_rate.Capacity), _told, _told > 0 || age < 0 ? shared.NanosecondsOf(age) : 0,
            _needed, ahead);
    }

    /// <summary>Takes what was given out.</summary>
    public void Accept(in BucketGrant grant, long now)
    {
        bucket.Correct(now + shared.UnitsOf(grant.UntilFull));
        _era = _claimedEra;
        Volatile.Write(ref _told, 0);
        _heldThen = Interlocked.Add(ref _held, grant.Tokens);
        Volatile.Write(ref _low, _heldThen / 2);
        Volatile.Write(ref _emptyUntil, grant.Tokens < _needed ? now + shared.UnitsOf(ShortPause) : 0);
        Volatile.Write(ref _isAsking, 0);
        Answer();
        if (Volatile.Read(ref _owed) > 0)
        {
            Ask(_rate);
        }
    }

    /// <summary>There was no answer: what was told is told again. It may have been heard, and then counts twice, which the refill makes good.</summary>
    public void Resume()
    {
        var told = Volatile.Read(ref _told);
        Volatile.Write(ref _told, 0);
        Volatile.Write(ref _owedSince, _toldSince);
        if (told < 0)
        {
            Interlocked.Add(ref _held, -told);
        }
        else
        {
            Interlocked.Add(ref _owed, told);
        }

        Answer();
    }

    /// <summary>Looks after tokens that are held. When none was taken since the last look, they go back to where others can have them.</summary>
    /// <returns>False when there are none.</returns>
    public bool Look()
    {
        var held = Volatile.Read(ref _held);
        if (held == _heldAtLook && held > 0)
        {
            _isIdle = true;
            Ask(_rate);
        }

        _heldAtLook = held;
        return held > 0;
    }

    private bool TryTakeHeld(out long left)
    {
        var held = Volatile.Read(ref _held);
        while (held > 0)
        {
            var seen = Interlocked.CompareExchange(ref _held, held - 1, held);
            if (seen == held)
            {
                left = held - 1;
                return true;
            }

            held = seen;
        }

        left = 0;
        return false;
    }

    private bool TryCredit(long most, long now)
    {
        var owed = Volatile.Read(ref _owed);
        while (owed + Math.Max(0, Volatile.Read(ref _told)) < most)
        {
            var seen = Interlocked.CompareExchange(ref _owed, owed + 1, owed);
            if (seen == owed)
            {
                NoteFirst(owed, now);
                return true;
            }

            owed = seen;
        }

        return false;
    }

    /// <summary>While nobody can be asked: this process's part of what was last known to be there.</summary>
    private bool TryTakeShare(in BucketRate rate, long now, out BucketReading reading)
    {
        if (!bucket.TryTake(rate.ShareOf(shared.Processes), now, out reading))
        {
            return false;
        }

        if (reading.IsTaken)
        {
            NoteFirst(Interlocked.Increment(ref _owed) - 1, now);
            Ask(rate);
        }

        return true;
    }

    private void NoteFirst(long owedBefore, long now)
    {
        if (owedBefore == 0)
        {
            Volatile.Write(ref _owedSince, now);
        }
    }

    private BucketReading ReadTaken(in BucketRate rate, long now)
    {
        var owed = Volatile.Read(ref _owed) + Math.Max(0, Volatile.Read(ref _told));
        var untilFull = Math.Max(0, bucket.FullAt - now) + (owed * rate.Interval);
        var remaining = ((rate.Capacity - untilFull) / rate.Interval) + Volatile.Read(ref _held);
        return new BucketReading(true, (int)Math.Clamp(remaining, 0, rate.Capacity / rate.Interval), untilFull, 0);
    }

    private void Ask(in BucketRate rate)
    {
        if (Volatile.Read(ref _isAsking) == 0 && Interlocked.Exchange(ref _isAsking, 1) == 0)
        {
            _rate = rate;
            shared.Ask(this);
        }
    }

    private Task AnswerAsync(in BucketRate rate)
    {
        Task answer;
        lock (_gate)
        {
            _answer ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            answer = _answer.Task;
        }

        // Only now: an answer that comes before would find nobody who waits.
        Ask(rate);
        return answer;
    }

    private void Answer()
    {
        TaskCompletionSource? answer;
        lock (_gate)
        {
            (answer, _answer) = (_answer, null);
        }

        answer?.SetResult();
    }
}
