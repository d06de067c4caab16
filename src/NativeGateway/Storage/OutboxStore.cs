using NativeGateway.Model;

namespace NativeGateway.Storage;

/// <summary>
/// Alerts, and what of them is still to be sent to webhooks, in the database of the registry, whose store makes the schema and keeps the webhooks.
/// An alert and its deliveries are written together, so that none is lost; any number of replicas share the sending.
/// Faults of the database surface as <see cref="StoreUnavailableException"/>.
/// </summary>
/// <param name="lockClaimed">See <see cref="OutboxSql"/>.</param>
internal sealed class OutboxStore(IStoreDatabase database, SecretBox secrets, string lockClaimed)
{
    private readonly OutboxSql _sql = new(secrets, lockClaimed);

    /// <summary>
    /// Keeps an alert and has it sent to the webhooks of its organization that take its kind. False, and nothing is kept, when a server's alert says
    /// what was said last, so that of replicas that notice the same one tells it; recovery is news only after something else.
    /// </summary>
    public async Task<bool> RaiseAsync(Alert alert, CancellationToken cancellationToken)
    {
        var isNews = false;
        await database.CommitAsync(async transaction => isNews = await OutboxSql.RaiseAsync(transaction, alert, cancellationToken), cancellationToken);
        return isNews;
    }

    /// <summary>Keeps an alert and has it sent to one webhook, whatever that takes.</summary>
    public Task RaiseToAsync(Guid webhookId, Alert alert, CancellationToken cancellationToken) =>
        database.CommitAsync(transaction => OutboxSql.RaiseToAsync(transaction, webhookId, alert, cancellationToken), cancellationToken);

    /// <summary>Newest first: at most so many, with ids below the given one.</summary>
    public Task<IReadOnlyList<StoredAlert>> ListAlertsAsync(Guid organizationId, long before, int most, CancellationToken cancellationToken) =>
        database.ReadAsync(transaction => OutboxSql.ListAlertsAsync(transaction, organizationId, before, most, cancellationToken), cancellationToken);

    /// <inheritdoc cref="ListAlertsAsync"/>
    public Task<IReadOnlyList<Delivery>> ListDeliveriesAsync(Guid webhookId, long before, int most, CancellationToken cancellationToken) =>
        database.ReadAsync(transaction => OutboxSql.ListDeliveriesAsync(transaction, webhookId, before, most, cancellationToken), cancellationToken);

    /// <summary>
    /// Takes deliveries that are due, the longest waiting first, away from everybody else for the length of the lease. Whoever dies meanwhile has
    /// them tried again by another. Those older than <paramref name="patience"/> expire instead.
    /// </summary>
    public async Task<IReadOnlyList<DueDelivery>> ClaimAsync(
        DateTimeOffset now, TimeSpan lease, TimeSpan patience, int most, CancellationToken cancellationToken)
    {
        IReadOnlyList<DueDelivery> due = [];
        await database.CommitAsync(
            async transaction => due = await _sql.ClaimAsync(transaction, now, lease, patience, most, cancellationToken), cancellationToken);
        return due;
    }

    /// <summary>Writes down how an attempt ended. Nothing happens when the lease was lost and another one has tried since.</summary>
    /// <param name="next">When it is tried again; null when it is done with.</param>
    /// <returns>Since when no attempt for this webhook has succeeded; null when this one did.</returns>
    public async Task<DateTimeOffset?> CompleteAsync(
        DueDelivery delivery, DeliveryAttempt attempt, DateTimeOffset? next, CancellationToken cancellationToken)
    {
        DateTimeOffset? failingSince = null;
        await database.CommitAsync(
            async transaction => failingSince = await OutboxSql.CompleteAsync(transaction, delivery, attempt, next, cancellationToken), cancellationToken);
        return failingSince;
    }

    /// <summary>Removes alerts that are older, and their deliveries.</summary>
    public Task RemoveBeforeAsync(DateTimeOffset oldest, CancellationToken cancellationToken) =>
        database.CommitAsync(transaction => OutboxSql.RemoveBeforeAsync(transaction, oldest, cancellationToken), cancellationToken);
}
