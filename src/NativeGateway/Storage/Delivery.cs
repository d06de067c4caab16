using NativeGateway.Model;

namespace NativeGateway.Storage;

/// <summary>An alert as it is kept; a later one has a greater id.</summary>
internal sealed record StoredAlert(long Id, Alert Alert);

/// <summary>What has become of one alert on its way to one webhook.</summary>
internal enum DeliveryState : byte
{
    /// <summary>It is tried, now or later.</summary>
    Pending,
    Delivered,

    /// <summary>Every attempt failed.</summary>
    Failed,

    /// <summary>It became too old while the webhook was disabled or the gateway was away.</summary>
    Expired,
}

/// <summary>The texts of states, in stores and the API; never changed once released.</summary>
internal static class DeliveryStates
{
    private static readonly string[] Labels = ["pending", "delivered", "failed", "expired"];

    public static string Label(this DeliveryState state) => Labels[(int)state];

    public static DeliveryState Read(string label) => (DeliveryState)Array.IndexOf(Labels, label);
}

/// <param name="Attempts">How often it was begun to be sent.</param>
/// <param name="NextAt">When it is tried next; null when it is done with.</param>
/// <param name="Log">What was written down of the attempts, oldest first.</param>
internal sealed record Delivery(
    long Id, StoredAlert Alert, DeliveryState State, DateTimeOffset CreatedAt, int Attempts, DateTimeOffset? NextAt, IReadOnlyList<DeliveryAttempt> Log);

/// <summary>How one attempt ended.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Status">Of the answer; null when there was none. Nothing else of an answer is kept.</param>
/// <param name="Failure">Why it failed: a word of the gateway's own; null when it did not.</param>
internal sealed record DeliveryAttempt(int Number, DateTimeOffset At, TimeSpan Duration, int? Status, string? Failure);

/// <summary>A delivery that its holder shall try now: nobody else has it until the lease ends.</summary>
/// <param name="Attempt">The number of this attempt.</param>
internal sealed record DueDelivery(long Id, Guid WebhookId, Uri Url, string Secret, StoredAlert Alert, int Attempt);
