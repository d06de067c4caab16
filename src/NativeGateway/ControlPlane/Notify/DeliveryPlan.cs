namespace NativeGateway.ControlPlane.Notify;

/// <summary>When a delivery that failed is tried again, and when it is given up.</summary>
internal static class DeliveryPlan
{
    public const int MostAttempts = 8;

    /// <summary>How old a delivery may become; the attempts take less, but a gateway may be away or a webhook disabled meanwhile.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromHours(24);

    /// <summary>A webhook that accepted nothing for so long is not tried any more.</summary>
    public static readonly TimeSpan DeadAfter = TimeSpan.FromDays(5);

    private static readonly TimeSpan First = TimeSpan.FromSeconds(10);

    /// <summary>10 s after the first attempt, then four times as long each, up to half a day; null when this was the last one.</summary>
    /// <param name="attempt">The number of the attempt that failed.</param>
    /// <param name="chance">From 0 to 1: pauses are spread by a fifth, so that what failed together is not tried together.</param>
    public static TimeSpan? PauseAfter(int attempt, double chance) =>
        attempt >= MostAttempts ? null : First * Math.Pow(4, attempt - 1) * (0.8 + (0.4 * chance));
}
