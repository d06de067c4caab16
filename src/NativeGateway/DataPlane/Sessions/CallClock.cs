namespace NativeGateway.DataPlane.Sessions;

/// <summary>
/// How long a call may still take, and whether somebody has called it off. The time-out is the longest silence of the upstream: progress
/// restarts it, and it stands still while a human answers an upstream's question.
/// </summary>
internal sealed class CallClock : IDisposable
{
    /// <summary>A human may take this long to answer (2025-11-25, client/elicitation).</summary>
    private static readonly TimeSpan HumanPatience = TimeSpan.FromMinutes(10);

    private readonly CancellationTokenSource _source;
    private readonly CancellationTokenRegistration _onClientGone;
    private readonly TimeSpan _silence;
    private volatile bool _isCalledOff;

    /// <param name="clientGone">A token whose cancellation calls the work off, too; none where a lost connection does not mean that.</param>
    public CallClock(TimeSpan silence, TimeProvider time, CancellationToken clientGone)
    {
        _silence = silence;
        _source = new CancellationTokenSource(silence, time);
        _onClientGone = clientGone.UnsafeRegister(static clock => ((CallClock)clock!).CallOff(), this);
    }

    public CancellationToken Token => _source.Token;

    /// <summary>True when the client cancelled or left, false when the time simply ran out.</summary>
    public bool IsCalledOff => _isCalledOff;

    public void Restart() => _source.CancelAfter(_silence);

    public void AwaitHuman() => _source.CancelAfter(HumanPatience);

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
}
