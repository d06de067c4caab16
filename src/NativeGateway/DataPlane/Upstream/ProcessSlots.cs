namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// Counts child processes over all stdio upstreams, so that no number of upstreams and credentials can fill the machine with them.
/// The limit is asked anew each time: it is a setting that a snapshot swap may change. Any thread.
/// </summary>
internal sealed class ProcessSlots(Func<int> limit)
{
    private int _taken;

    public int Limit => limit();

    public int Taken => Volatile.Read(ref _taken);

    public bool TryTake()
    {
        // Not "increment, then take back": a loser's short-lived increment could refuse somebody for whom there is room.
        var taken = Taken;
        while (taken < limit())
        {
            var seen = Interlocked.CompareExchange(ref _taken, taken + 1, taken);
            if (seen == taken)
            {
                return true;
            }

            taken = seen;
        }

        return false;
    }

    public void Return() => Interlocked.Decrement(ref _taken);
}
