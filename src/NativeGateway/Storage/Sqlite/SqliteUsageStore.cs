using NativeGateway.Model;

namespace NativeGateway.Storage.Sqlite;

/// <summary>Usage in the registry's SQLite file. One process writes a file, so retention needs no lock.</summary>
internal sealed class SqliteUsageStore(SqliteDatabase database) : IUsageStore
{
    private static readonly string Stage =
        $"INSERT INTO {UsageSql.Staging} ({UsageSql.StagingColumns}) VALUES (@{UsageSql.StagingColumns.Replace(", ", ", @", StringComparison.Ordinal)})";

    public Task WriteAsync(UsageBatch batch, CancellationToken cancellationToken) => database.CommitAsync(
        async transaction =>
        {
            if (await UsageSql.ClaimAsync(transaction, batch, cancellationToken))
            {
                var kept = await UsageSql.WithoutErasedAsync(transaction, batch, cancellationToken);
                await transaction.ExecuteEachAsync(Stage, kept.Rows.Select(row => UsageRows.StagingRow(kept.Writer, row)), cancellationToken);
                await UsageSql.AddStagedAsync(transaction, kept, cancellationToken);
            }
        },
        cancellationToken);

    public async Task<bool> MaintainAsync(UsageRetention retention, DateTimeOffset now, CancellationToken cancellationToken)
    {
        (string Table, TimeSpan Kept)[] tables =
        [
            (UsageSql.TableOf(UsageInterval.Minute), retention.Minutes), (UsageSql.TableOf(UsageInterval.Hour), retention.Hours),
            (UsageSql.TableOf(UsageInterval.Day), retention.Days), (UsageSql.Failures, retention.Failures),
        ];
        foreach (var (table, kept) in tables)
        {
            var removed = true;
            while (removed)
            {
                await database.CommitAsync(
                    async transaction => removed = await UsageSql.RemoveSliceAsync(
                        transaction, table, (now - kept).ToUnixTimeSeconds(), (long)UsageInterval.Day, cancellationToken),
                    cancellationToken);
            }
        }

        await database.CommitAsync(transaction => UsageSql.RemoveExcessAsync(transaction, now, cancellationToken), cancellationToken);
        return true;
    }

    public Task<IReadOnlyList<UsageRow>> SumAsync(Guid organizationId, UsageQuery query, CancellationToken cancellationToken) =>
        database.ReadAsync(transaction => UsageReading.SumAsync(transaction, organizationId, query, cancellationToken), cancellationToken);

    public Task<IReadOnlyList<UsageRow>> PageAsync(
        Guid organizationId, UsageQuery query, UsageKey? after, int most, CancellationToken cancellationToken) =>
        database.ReadAsync(transaction => UsageReading.PageAsync(transaction, organizationId, query, after, most, cancellationToken), cancellationToken);

    public Task<IReadOnlyList<UsageFailure>> ListFailuresAsync(Guid organizationId, UsageFailureQuery query, CancellationToken cancellationToken) =>
        database.ReadAsync(transaction => UsageReading.ListFailuresAsync(transaction, organizationId, query, cancellationToken), cancellationToken);

    public Task<IReadOnlyList<UsageFailure>> FindRequestAsync(Guid? organizationId, string requestId, CancellationToken cancellationToken) =>
        database.ReadAsync(transaction => UsageReading.FindRequestAsync(transaction, organizationId, requestId, cancellationToken), cancellationToken);
}
