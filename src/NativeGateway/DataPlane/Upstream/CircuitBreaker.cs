namespace NativeGateway.DataPlane.Upstream;

/// <summary>Whether a request may go to an endpoint. Whoever gets a pass tells the breaker how it went, exactly once.</summary>
/// <param name="Probe">Not zero for the one request that finds out whether an endpoint is back.</param>
internal readonly record struct CircuitPass(bool IsAdmitted, long Probe, TimeSpan RetryAfter);

/// <summary>
/// Stops sending to an endpoint that cannot be reached: five failures in a row open the circuit, for 1 s at first and up to 30 s; then a single
/// request is let through, and its outcome decides. One per endpoint; safe for many threads.
/// </summary>
internal sealed class CircuitBreaker(TimeProvider time)
{
    private const int Threshold = 5;
    private const double LongestBackoff = 30;

    private readonly Lock _gate = new();
    private volatile bool _isOpen;
    private volatile int _failures;
    private int _openings;
    private long _opened;
    private TimeSpan _backoff;
    private long _probes;
    private bool _isProbing;

    /// <summary>How long it is useless to ask for a pass; zero when it is not.</summary>
    public TimeSpan OpenFor
    {
        get
        {
            if (!_isOpen)
            {
                return TimeSpan.Zero;
            }

            lock (_gate)
            {
                return _isOpen ? Remaining() : TimeSpan.Zero;
            }
        }
    }

    public CircuitPass TryEnter()
    {
        if (!_isOpen)
        {
            return new CircuitPass(true, 0, TimeSpan.Zero);
        }

        lock (_gate)
        {
            if (!_isOpen)
            {
                return new CircuitPass(true, 0, TimeSpan.Zero);
            }

            var remaining = Remaining();
            if (remaining > TimeSpan.Zero)
            {
                return new CircuitPass(false, 0, remaining);
            }

            _isProbing = true;
            return new CircuitPass(true, ++_probes, TimeSpan.Zero);
        }
    }

    /// <summary>The endpoint was reached. True when that closed the circuit.</summary>
    public bool Succeeded()
    {
        if (!_isOpen && _failures == 0)
        {
            return false;
        }

        lock (_gate)
        {
            var wasOpen = _isOpen;
            _failures = 0;
            _openings = 0;
            _isProbing = false;
            _isOpen = false;
            return wasOpen;
        }
    }

    /// <summary>The endpoint was not reached. True when that opened the circuit, or opened it again.</summary>
    public bool Failed(CircuitPass pass)
    {
        lock (_gate)
        {
            if (_isOpen)
            {
                // Requests that were under way when it opened say nothing new.
                if (!IsCurrentProbe(pass))
                {
                    return false;
                }
            }
            else if (++_failures < Threshold)
            {
                return false;
            }

            var seconds = Math.Min(LongestBackoff, Math.Pow(2, Math.Min(_openings++, 10)));
            _backoff = TimeSpan.FromSeconds(seconds * (0.8 + (0.2 * Random.Shared.NextDouble())));
            _opened = time.GetTimestamp();
            _isProbing = false;
            _isOpen = true;
            return true;
        }
    }

    /// <summary>The caller gave up before there was an outcome; another one may find out.</summary>
    public void Abandoned(CircuitPass pass)
    {
        if (pass.Probe == 0)
        {
            return;
        }

        lock (_gate)
        {
            _isProbing &= !IsCurrentProbe(pass);
        }
    }

    /// <summary>Whoever asks next may find out whether the endpoint is back, however long the pause was meant to be.</summary>
    public void EndPause()
    {
        lock (_gate)
        {
            _backoff = TimeSpan.Zero;
        }
    }

    private bool IsCurrentProbe(CircuitPass pass) => _isProbing && pass.Probe == _probes;

    private TimeSpan Remaining()
    {
        var rest = _backoff - time.GetElapsedTime(_opened);
        if (rest > TimeSpan.Zero)
        {
            return rest;
        }

        return _isProbing ? TimeSpan.FromSeconds(1) : TimeSpan.Zero;
    }
}
