using NativeGateway.Model;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// What is known of one endpoint, learned from the calls that go there: whether they can be sent, are answered in time, and by what status.
/// JSON-RPC errors and tools' own errors are answers like any other. A bad sign counts when it is the first that is known of the endpoint, or
/// when it is repeated. Reading takes no lock, and a good call of a healthy endpoint writes two counters. Any thread.
/// </summary>
internal sealed class EndpointHealth(UpstreamHealth group, int index, int weight, TimeProvider time)
{
    /// <summary>Bad signs in a row.</summary>
    private const int Confirmed = 2, Unwell = 3, Outlier = 5;

    private static readonly TimeSpan FirstEjection = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestEjection = TimeSpan.FromMinutes(5);

    /// <summary>One that comes back gets its whole share of calls only after this time, and a tenth of it at first.</summary>
    private static readonly TimeSpan SlowStart = TimeSpan.FromSeconds(30);

    /// <summary>An endpoint that was slow is forgiven half of it when it was not asked for so long: only a call can find out.</summary>
    private static readonly TimeSpan Forgiveness = TimeSpan.FromSeconds(10);

    /// <summary>That it was down is no knowledge any more, where no check has confirmed it: a call may find out, which can go elsewhere.</summary>
    private static readonly TimeSpan Outdated = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly DateTimeOffset _made = time.GetUtcNow();
    private volatile int _verdict;
    private volatile int _badSigns;
    private volatile bool _isWarm;
    private volatile string? _reason;
    private int _inFlight;
    private long _lastSign = time.GetTimestamp();
    private long _latency;
    private long _ejectedUntil;
    private long _backSince;
    private int _ejections;
    private int _refusals;
    private int _hopes;
    private DateTimeOffset? _since;

    /// <summary>Its position in the configuration.</summary>
    public int Index { get; } = index;

    public int Weight { get; } = weight;

    /// <summary>Whether requests may be sent there at present, as far as connections are concerned.</summary>
    public CircuitBreaker Circuit { get; } = new(time);

    public HealthVerdict Verdict => (HealthVerdict)_verdict;

    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Nothing bad is known, so it may be chosen. A call that is chosen may fail nevertheless.</summary>
    public bool IsUsable => Verdict switch
    {
        HealthVerdict.NeedsSignIn => false,
        HealthVerdict.Down when Quiet < Outdated => false,
        _ => EjectedFor == TimeSpan.Zero && MayBeTried,
    };

    /// <summary>Where nothing usable is left, whatever is not known to be unreachable may be tried.</summary>
    public bool MayBeTried => Circuit.OpenFor == TimeSpan.Zero;

    public TimeSpan EjectedFor
    {
        get
        {
            var until = Volatile.Read(ref _ejectedUntil);
            return until == 0 ? TimeSpan.Zero : Max(TimeSpan.Zero, time.GetElapsedTime(time.GetTimestamp(), until));
        }
    }

    /// <summary>How long nothing was heard of it, good or bad.</summary>
    public TimeSpan Quiet => time.GetElapsedTime(Volatile.Read(ref _lastSign));

    /// <summary>How long the verdict has been what it is.</summary>
    public TimeSpan Age => time.GetUtcNow() - (_since ?? _made);

    /// <summary>The last that was heard of it was bad, whether that has changed the verdict or not.</summary>
    public bool IsDoubtful => _badSigns > 0;

    /// <summary>How often it could be connected to again without answering afterwards.</summary>
    public int VainHopes => Volatile.Read(ref _hopes);

    /// <summary>Its share of calls at this moment.</summary>
    public double WeightNow
    {
        get
        {
            var back = Volatile.Read(ref _backSince);
            if (back == 0)
            {
                return Weight;
            }

            var share = time.GetElapsedTime(back) / SlowStart;
            if (share >= 1)
            {
                Interlocked.CompareExchange(ref _backSince, 0, back);
                return Weight;
            }

            return Weight * Math.Max(0.1, share);
        }
    }

    /// <summary>How long a further call would take, by experience and by what is under way. Only for comparing.</summary>
    public double Cost
    {
        get
        {
            // Below that it is the noise of network and machine that differs, not the endpoints.
            var latency = Math.Max(5 * TimeSpan.TicksPerMillisecond, Volatile.Read(ref _latency) / (1 + (Quiet / Forgiveness)));
            return latency * (1 + ((double)InFlight / Weight));
        }
    }

    /// <summary>A call begins. The endpoint is told how it went, by exactly one of what ends it.</summary>
    /// <param name="isHandshake">Part of opening a session, which succeeds or fails as a whole.</param>
    public EndpointCall Enter(bool isHandshake)
    {
        Interlocked.Increment(ref _inFlight);
        return new EndpointCall(this, time, isHandshake);
    }

    public void Leave() => Interlocked.Decrement(ref _inFlight);

    /// <summary>A call's answer began after this time.</summary>
    public void Took(TimeSpan latency)
    {
        // The first call also pays for the connection.
        if (!_isWarm)
        {
            _isWarm = true;
            return;
        }

        // Two at the same moment may lose one of them, which changes nothing.
        var before = Volatile.Read(ref _latency);
        Volatile.Write(ref _latency, before == 0 ? latency.Ticks : before + ((latency.Ticks - before) * 3 / 10));
    }

    /// <summary>A call was answered, or a session opened.</summary>
    public void Answered()
    {
        Volatile.Write(ref _lastSign, time.GetTimestamp());
        if (Verdict == HealthVerdict.Healthy && _badSigns == 0 && Volatile.Read(ref _refusals) == 0)
        {
            return;
        }

        lock (_gate)
        {
            (_badSigns, _refusals, _hopes, _reason) = (0, 0, 0, null);
            Settle(HealthVerdict.Healthy, null);
        }
    }

    /// <summary>A session was opened, or not. That it could not be reached, or refused the credentials, was told before.</summary>
    public void Opened(GatewayError? error)
    {
        if (error is null)
        {
            Answered();
        }
        else if (error.Retry == RetryHint.Never && Verdict != HealthVerdict.NeedsSignIn)
        {
            Failed(error.Detail ?? error.Message);
        }
    }

    /// <summary>It can be connected to, which says nothing about how it answers.</summary>
    public void Reached()
    {
        Volatile.Write(ref _lastSign, time.GetTimestamp());
        lock (_gate)
        {
            if (Verdict == HealthVerdict.Down)
            {
                _hopes++;
                Settle(HealthVerdict.Unknown, "it can be connected to again");
            }
        }
    }

    /// <summary>No connection, or one that broke.</summary>
    /// <param name="isOpen">Its circuit is open now.</param>
    public void Unreachable(string? reason, bool isOpen)
    {
        lock (_gate)
        {
            var signs = AddBadSign(reason);
            if (isOpen || Verdict == HealthVerdict.Unknown || signs >= Confirmed)
            {
                Settle(HealthVerdict.Down, reason);
            }
        }
    }

    /// <summary>It was reached and did not answer as it should: 5xx, too late, no MCP.</summary>
    public void Failed(string reason)
    {
        lock (_gate)
        {
            var signs = AddBadSign(reason);
            if (Verdict == HealthVerdict.Unknown || (signs >= Unwell && Verdict == HealthVerdict.Healthy))
            {
                Settle(HealthVerdict.Degraded, reason);
            }

            if (signs >= Outlier && EjectedFor == TimeSpan.Zero && group.MayEject())
            {
                Eject();
            }
        }
    }

    /// <summary>It does not accept the gateway's credentials.</summary>
    public void Refused(int status)
    {
        Volatile.Write(ref _lastSign, time.GetTimestamp());
        lock (_gate)
        {
            _refusals++;
            if (Verdict is HealthVerdict.Unknown or HealthVerdict.Down || _refusals >= Confirmed)
            {
                _reason = $"it refuses the gateway's credentials (HTTP {status})";
                Settle(HealthVerdict.NeedsSignIn, _reason);
            }
        }
    }

    public EndpointHealthReport Report()
    {
        lock (_gate)
        {
            return new EndpointHealthReport(
                Index, Verdict, _reason, _since ?? _made, TimeSpan.FromTicks(Volatile.Read(ref _latency)), InFlight, EjectedFor);
        }
    }

    private int AddBadSign(string? reason)
    {
        Volatile.Write(ref _lastSign, time.GetTimestamp());
        _reason = reason;
        return ++_badSigns;
    }

    /// <summary>Longer each time, unless it was well for a long while; the next bad sign after it is enough to be left out again.</summary>
    private void Eject()
    {
        var now = time.GetTimestamp();
        if (_ejectedUntil != 0 && time.GetElapsedTime(_ejectedUntil, now) > LongestEjection)
        {
            _ejections = 0;
        }

        var span = FirstEjection * Math.Pow(2, Math.Min(_ejections++, 10));
        span = span < LongestEjection ? span : LongestEjection;
        var until = now + (long)(span.TotalSeconds * time.TimestampFrequency);
        Volatile.Write(ref _ejectedUntil, until);
        Volatile.Write(ref _backSince, until);
        group.Ejected();
    }

    private void Settle(HealthVerdict verdict, string? reason)
    {
        var before = Verdict;
        if (before == verdict)
        {
            return;
        }

        if (before == HealthVerdict.Down)
        {
            Volatile.Write(ref _backSince, time.GetTimestamp());
        }

        _verdict = (int)verdict;
        _since = time.GetUtcNow();
        group.Changed(this, before, reason);
    }

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
