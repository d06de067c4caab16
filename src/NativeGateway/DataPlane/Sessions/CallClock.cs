namespace NativeGateway.DataPlane.Sessions;

/// <summary>
/// How long a call may still take, and whether somebody has called it off. The time-out is the longest silence of the upstream: progress
/// restarts it, and it stands still while a human answers an upstream's question.
/// </summary>
internal sealed class CallClock : IDisposable
{
    /// <summary>A human may take this long to answer (2025-11-25, client/elicitation).</summary>
    public static readonly TimeSpan HumanPatience = TimeSpan.FromMinutes(10);

    private readonly CancellationTokenSource _source;
    private readonly TimeSpan _silence;
    private CancellationTokenRegistration _onClientGone;
    private int _openQuestions;
    private volatile bool _isCalledOff;

    /// <param name="clientGone">A token whose cancellation calls the work off, too; none where a lost connection does not mean that.</param>
    public CallClock(TimeSpan silence, TimeProvider time, CancellationToken clientGone)
    {
        _silence = silence;
        _source = new CancellationTokenSource(silence, time);
        Attend(clientGone);
    }

    public CancellationToken Token => _source.Token;

    /// <summary>True when the client cancelled or left, false when the time simply ran out.</summary>
    public bool IsCalledOff => _isCalledOff;

    /// <summary>A question is with the client.</summary>
    public bool AwaitsHuman => Volatile.Read(ref _openQuestions) > 0;

    /// <summary>The upstream gave a sign of life. Means nothing while a human is being waited for.</summary>
    public void Restart()
    {
        if (Volatile.Read(ref _openQuestions) == 0)
        {
            Set(_silence);
        }
    }

    /// <summary>A question is with the client. Each is ended by one <see cref="Answered"/>, from whatever thread.</summary>
    public void Asked()
    {
        Interlocked.Increment(ref _openQuestions);
        Set(HumanPatience);
    }

    public void Answered()
    {
        if (Interlocked.Decrement(ref _openQuestions) > 0)
        {
            return;
        }

        Set(_silence);
        if (Volatile.Read(ref _openQuestions) > 0)
        {
            // Another question was asked at this moment.
            Set(HumanPatience);
        }
    }

    /// <summary>Nobody waits for the call at present: it takes as long as whoever keeps it allows.</summary>
    public void Suspend()
    {
        _onClientGone.Dispose();
        Set(Timeout.InfiniteTimeSpan);
    }

    /// <summary>Another exchange waits for the call now.</summary>
    public void Resume(CancellationToken clientGone)
    {
        Set(_silence);
        Attend(clientGone);
    }

    public void CallOff()
    {
        _isCalledOff = true;
        try
        {
            _source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The call ended at this moment.
        }
    }

    public void Dispose()
    {
        _onClientGone.Dispose();
        _source.Dispose();
    }

    private void Attend(CancellationToken clientGone) =>
        _onClientGone = clientGone.UnsafeRegister(static clock => ((CallClock)clock!).CallOff(), this);

    private void Set(TimeSpan limit)
    {
        try
        {
            _source.CancelAfter(limit);
        }
        catch (ObjectDisposedException)
        {
            // The call ended while a late answer was on its way.
        }
    }
}
