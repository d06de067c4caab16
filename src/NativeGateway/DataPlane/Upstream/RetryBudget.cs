namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// Keeps requests that are sent to another endpoint from doubling the load when many endpoints fail at once: one for every five requests, and
/// ten in reserve. One per upstream; any thread.
/// </summary>
internal sealed class RetryBudget
{
    private const int Price = 5;
    private const int Reserve = 10 * Price;

    private int _credit = Reserve;
    private long _spent;

    /// <summary>How often it was spent from.</summary>
    public long Spent => Interlocked.Read(ref _spent);

    /// <summary>A request was made.</summary>
    public void Earn()
    {
        if (Volatile.Read(ref _credit) < Reserve)
        {
            Interlocked.Increment(ref _credit);
        }
    }

    /// <summary>False when a retry is not to be made.</summary>
    public bool TrySpend()
    {
        var credit = Volatile.Read(ref _credit);
        while (credit >= Price)
        {
            var seen = Interlocked.CompareExchange(ref _credit, credit - Price, credit);
            if (seen == credit)
            {
                Interlocked.Increment(ref _spent);
                return true;
            }

            credit = seen;
        }

        return false;
    }
}
