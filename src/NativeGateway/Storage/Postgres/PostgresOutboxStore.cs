using NativeGateway.Model;

namespace NativeGateway.Storage.Postgres;

/// <summary>The outbox in Postgres: replicas share the sending, and none waits for what another one has.</summary>
internal sealed class PostgresOutboxStore(PostgresDatabase database, SecretBox secrets) : IOutboxStore
{
    private readonly OutboxSql _sql = new(secrets, "FOR UPDATE OF d SKIP LOCKED");

    public async Task<bool> RaiseAsync(Alert alert, CancellationToken cancellationToken)
    {
        var isNews = false;
        await database.CommitAsync(async transaction => isNews = await OutboxSql.RaiseAsync(transaction, alert, cancellationToken), cancellationToken);
        return isNews;
    }

    public Task RaiseToAsync(Guid webhookId, Alert alert, CancellationToken cancellationToken) =>
        database.CommitAsync(transaction => OutboxSql.RaiseToAsync(transaction, webhookId, alert, cancellationToken), cancellationToken);

    public Task<IReadOnlyList<StoredAlert>> ListAlertsAsync(Guid organizationId, long before, int most, CancellationToken cancellationToken) =>
        database.ReadAsync(transaction => OutboxSql.ListAlertsAsync(transaction, organizationId, before, most, cancellationToken), cancellationToken);

    public Task<IReadOnlyList<Delivery>> ListDeliveriesAsync(Guid webhookId, long before, int most, CancellationToken cancellationToken) =>
        database.ReadAsync(transaction => OutboxSql.ListDeliveriesAsync(transaction, webhookId, before, most, cancellationToken), cancellationToken);

    public async Task<IReadOnlyList<DueDelivery>> ClaimAsync(
        DateTimeOffset now, TimeSpan lease, TimeSpan patience, int most, CancellationToken cancellationToken)
    {
        IReadOnlyList<DueDelivery> due = [];
        await database.CommitAsync(
            async transaction => due = await _sql.ClaimAsync(transaction, now, lease, patience, most, cancellationToken), cancellationToken);
        return due;
    }

    public async Task<DateTimeOffset?> CompleteAsync(
        DueDelivery delivery, DeliveryAttempt attempt, DateTimeOffset? next, CancellationToken cancellationToken)
    {
        DateTimeOffset? failingSince = null;
        await database.CommitAsync(
            async transaction => failingSince = await OutboxSql.CompleteAsync(transaction, delivery, attempt, next, cancellationToken), cancellationToken);
        return failingSince;
    }

    public Task RemoveBeforeAsync(DateTimeOffset oldest, CancellationToken cancellationToken) =>
        database.CommitAsync(transaction => OutboxSql.RemoveBeforeAsync(transaction, oldest, cancellationToken), cancellationToken);
}
