namespace NativeGateway.DataPlane.Sessions;

/// <summary>How much memory the replay buffers of all sessions take together. Any thread.</summary>
internal sealed class ReplayBudget
{
    public const long MaxBytes = 256L * 1024 * 1024;

    private long _taken;
    private long _dropped;

    public long Taken => Interlocked.Read(ref _taken);

    /// <summary>Events that could not be kept, or not for as long as they might have been asked for.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _taken, bytes) <= MaxBytes)
        {
            return true;
        }

        Return(bytes);
        return false;
    }

    public void Return(long bytes) => Interlocked.Add(ref _taken, -bytes);

    public void CountDropped() => Interlocked.Increment(ref _dropped);
}
