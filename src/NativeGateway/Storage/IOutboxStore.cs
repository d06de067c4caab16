using NativeGateway.Model;

namespace NativeGateway.Storage;

/// <summary>
/// Alerts, and what of them is still to be sent to webhooks. Two implementations, in the database of the registry, whose store makes the schema
/// and keeps the webhooks. An alert and its deliveries are written together, so that none is lost; any number of replicas share the sending.
/// Faults of the database surface as <see cref="StoreUnavailableException"/>.
/// </summary>
internal interface IOutboxStore
{
    /// <summary>
    /// Keeps an alert and has it sent to the webhooks of its organization that take its kind. False, and nothing is kept, when a server's alert says
    /// what was said last, so that of replicas that notice the same one tells it; recovery is news only after something else.
    /// </summary>
    Task<bool> RaiseAsync(Alert alert, CancellationToken cancellationToken);

    /// <summary>Keeps an alert and has it sent to one webhook, whatever that takes.</summary>
    Task RaiseToAsync(Guid webhookId, Alert alert, CancellationToken cancellationToken);

    /// <summary>Newest first: at most so many, with ids below the given one.</summary>
    Task<IReadOnlyList<StoredAlert>> ListAlertsAsync(Guid organizationId, long before, int most, CancellationToken cancellationToken);

    /// <inheritdoc cref="ListAlertsAsync"/>
    Task<IReadOnlyList<Delivery>> ListDeliveriesAsync(Guid webhookId, long before, int most, CancellationToken cancellationToken);

    /// <summary>
    /// Takes deliveries that are due, the longest waiting first, away from everybody else for the length of the lease. Whoever dies meanwhile has
    /// them tried again by another. Those older than <paramref name="patience"/> expire instead.
    /// </summary>
    Task<IReadOnlyList<DueDelivery>> ClaimAsync(DateTimeOffset now, TimeSpan lease, TimeSpan patience, int most, CancellationToken cancellationToken);

    /// <summary>Writes down how an attempt ended. Nothing happens when the lease was lost and another one has tried since.</summary>
    /// <param name="next">When it is tried again; null when it is done with.</param>
    /// <returns>Since when no attempt for this webhook has succeeded; null when this one did.</returns>
    Task<DateTimeOffset?> CompleteAsync(DueDelivery delivery, DeliveryAttempt attempt, DateTimeOffset? next, CancellationToken cancellationToken);

    /// <summary>Removes alerts that are older, and their deliveries.</summary>
    Task RemoveBeforeAsync(DateTimeOffset oldest, CancellationToken cancellationToken);
}
