using NativeGateway.DataPlane.Transport;

namespace NativeGateway.DataPlane.Sessions;

/// <summary>
/// How long a call may still take, and whether somebody has called it off. The time-out is the longest silence of the upstream: progress
/// restarts it, and it stands still while a human answers an upstream's question. A call on an event loop is timed by the loop, which costs next
/// to nothing, as long as nobody else has to do with its time; a clock may then serve one call after the other.
/// </summary>
internal sealed class CallClock(TimeProvider time) : Deadlined, IDisposable
{
    /// <summary>A human may take this long to answer (2025-11-25, client/elicitation).</summary>
    public static readonly TimeSpan HumanPatience = TimeSpan.FromMinutes(10);

    private readonly CancellationTokenSource _source = new(Timeout.InfiniteTimeSpan, time);
    private TimeSpan _silence;
    private EventLoop? _loop;
    private CancellationTokenRegistration _onClientGone;
    private int _openQuestions;
    private volatile bool _isCalledOff;

    public CancellationToken Token => _source.Token;

    /// <summary>True when the client cancelled or left, false when the time simply ran out.</summary>
    public bool IsCalledOff => _isCalledOff;

    /// <summary>A question is with the client.</summary>
    public bool AwaitsHuman => Volatile.Read(ref _openQuestions) > 0;

    /// <param name="clientGone">A token whose cancellation calls the work off, too; none where a lost connection does not mean that.</param>
    public void Start(TimeSpan silence, CancellationToken clientGone)
    {
        _silence = silence;
        if (time == TimeProvider.System && EventLoop.Current is { } loop)
        {
            _loop = loop;
            loop.Within(silence).Set(this, loop.Now);
        }
        else
        {
            Set(silence);
        }

        Attend(clientGone);
    }

    /// <summary>Makes it fit for another <see cref="Start"/>. False when it cannot be used again; then it is to be disposed.</summary>
    public bool TryEnd()
    {
        LeaveLoop();
        _onClientGone.Dispose();
        _onClientGone = default;
        return _openQuestions == 0 && !_isCalledOff && _source.TryReset();
    }

    /// <summary>The upstream gave a sign of life. Means nothing while a human is being waited for.</summary>
    public void Restart()
    {
        if (Volatile.Read(ref _openQuestions) > 0)
        {
            return;
        }

        if (_loop is { IsCurrent: true } loop)
        {
            loop.Within(_silence).Set(this, loop.Now);
        }
        else
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
        Cancel();
    }

    public void Dispose()
    {
        LeaveLoop();
        _onClientGone.Dispose();
        _source.Dispose();
    }

    public override void OnDeadline()
    {
        if (_loop is not null)
        {
            Cancel();
        }
    }

    private void Attend(CancellationToken clientGone) =>
        _onClientGone = clientGone.UnsafeRegister(static clock => ((CallClock)clock!).CallOff(), this);

    private void Set(TimeSpan limit)
    {
        LeaveLoop();
        try
        {
            _source.CancelAfter(limit);
        }
        catch (ObjectDisposedException)
        {
            // The call ended while a late answer was on its way.
        }
    }

    /// <summary>From here on the loop does not time the call any more, on whatever thread this is.</summary>
    private void LeaveLoop()
    {
        if (Interlocked.Exchange(ref _loop, null) is not { } loop)
        {
            return;
        }

        if (loop.IsCurrent)
        {
            Deadlines?.Clear(this);
        }
        else
        {
            loop.Post(static clock => ((CallClock)clock!).Deadlines?.Clear((CallClock)clock), this);
        }
    }

    private void Cancel()
    {
        try
        {
            _source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The call ended at this moment.
        }
    }
}
