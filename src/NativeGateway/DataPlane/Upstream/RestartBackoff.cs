namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// When a process that died may be started again, or a connection that broke be opened again: at once after a healthy life, else after a pause
/// that doubles with every loss. The jitter keeps upstreams that died together from coming back together. Guarded by its owner's lock.
/// </summary>
internal sealed class RestartBackoff(TimeSpan firstPause, TimeSpan longestPause, TimeSpan healthy, TimeProvider time)
{
    private int _losses;
    private long _lostAt;
    private TimeSpan _pause;

    /// <summary>How long still to wait; null for not at all.</summary>
    public TimeSpan? Remaining
    {
        get
        {
            var remaining = _pause - time.GetElapsedTime(_lostAt);
            return _losses > 0 && remaining > TimeSpan.Zero ? remaining : null;
        }
    }

    /// <summary>There is a reason to try at once.</summary>
    public void Forget() => _losses = 0;

    /// <param name="lived">How long it was of use; zero when it never was.</param>
    public void Lost(TimeSpan lived)
    {
        _lostAt = time.GetTimestamp();
        if (lived >= healthy)
        {
            _losses = 0;
            return;
        }

        var doubled = firstPause * Math.Pow(2, Math.Min(_losses, 16));
        _losses++;
        _pause = (doubled < longestPause ? doubled : longestPause) * (0.75 + (0.25 * Random.Shared.NextDouble()));
    }
}
