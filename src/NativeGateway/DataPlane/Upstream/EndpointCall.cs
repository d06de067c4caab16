namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// One request on its way at an endpoint, which is told once how that ends; what is told later is ignored. Kept where it is changed, never
/// copied. A default one tells nobody.
/// </summary>
internal struct EndpointCall(EndpointHealth health, TimeProvider time, bool isHandshake)
{
    private const long AwaitsHuman = long.MaxValue;

    private readonly long _began = time.GetTimestamp();
    private EndpointHealth? _health = health;
    private long _lastSign = time.GetTimestamp();

    /// <summary>It was told how it ended.</summary>
    public readonly bool IsOver => _health is null;

    /// <summary>The endpoint began to answer.</summary>
    public void Began()
    {
        if (!isHandshake)
        {
            _health?.Took(time.GetElapsedTime(_began));
        }
    }

    /// <summary>It said something that is not the answer yet.</summary>
    public void Heard()
    {
        if (_health is not null)
        {
            _lastSign = time.GetTimestamp();
        }
    }

    /// <summary>It asks something that a human answers: from now on it is not the endpoint that is waited for.</summary>
    public void Asked() => _lastSign = AwaitsHuman;

    public void Answered()
    {
        var health = Leave();
        if (!isHandshake)
        {
            health?.Answered();
        }
    }

    public void Failed(string reason)
    {
        var health = Leave();
        if (!isHandshake)
        {
            health?.Failed(reason);
        }
    }

    /// <summary>A response that is no success. One that carries an answer is an answer; other client errors say nothing about the endpoint.</summary>
    public void Refused(HttpRefusal refusal, ReadOnlySpan<byte> id)
    {
        var health = Leave();
        if (refusal.Status is 401 or 403)
        {
            health?.Refused(refusal.Status);
        }
        else if (isHandshake)
        {
            return;
        }
        else if (refusal.Answers(id))
        {
            health?.Answered();
        }
        else if (refusal.Status >= 500)
        {
            health?.Failed($"it answers HTTP {refusal.Status}");
        }
    }

    /// <summary>Nobody waits any longer: a failure of the endpoint when it was silent for as long as the configuration allows, else of nobody.</summary>
    public void Abandoned(TimeSpan limit)
    {
        // A timer may be a little early.
        var wasSilent = _lastSign != AwaitsHuman && _health is not null && time.GetElapsedTime(_lastSign) >= limit * 0.95;
        var health = Leave();
        if (wasSilent && !isHandshake)
        {
            health?.Failed($"it did not answer within {limit.TotalSeconds:0.#} s");
        }
    }

    /// <summary>Ended for a reason that was told already, or that says nothing.</summary>
    public EndpointHealth? Leave()
    {
        // Some transports hear of a refusal on another thread.
        var health = Interlocked.Exchange(ref _health, null);
        health?.Leave();
        return health;
    }
}
