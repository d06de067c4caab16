using NativeGateway.Model;

namespace NativeGateway.Storage.Postgres;

/// <summary>Usage in Postgres: any number of replicas add to the same sums. The sums of minutes are partitioned by day.</summary>
internal sealed class PostgresUsageStore(PostgresDatabase database) : IUsageStore
{
    /// <summary>"ngw" and a number, as for the registry's lock. Held by the one replica that removes what is old.</summary>
    private const string TryLock = "SELECT pg_try_advisory_xact_lock(1852274434)";

    /// <summary>Held together by all who write usage, and alone by who erases an organization: so none of them misses what the other one does.</summary>
    private const int WritersLock = 1852274436;

    public Task WriteAsync(UsageBatch batch, CancellationToken cancellationToken) => database.CommitAsync(
        async transaction =>
        {
            if (await UsageSql.ClaimAsync(transaction, batch, cancellationToken))
            {
                await transaction.ScalarAsync($"SELECT pg_advisory_xact_lock_shared({WritersLock})", cancellationToken);
                await AddAsync(transaction, await UsageSql.WithoutErasedAsync(transaction, batch, cancellationToken), cancellationToken);
            }
        },
        cancellationToken);

    /// <summary>Until the end of the transaction nobody writes usage.</summary>
    public static Task KeepWritersOutAsync(StoreTransaction transaction, CancellationToken cancellationToken) =>
        transaction.ScalarAsync($"SELECT pg_advisory_xact_lock({WritersLock})", cancellationToken);

    public async Task<bool> MaintainAsync(UsageRetention retention, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var isAlone = await InTurnAsync(
            async transaction =>
            {
                var today = UsagePartitions.DayOf(now.ToUnixTimeSeconds());
                await UsagePartitions.EnsureAsync(transaction, [today, today + 1, today + 2], cancellationToken);
                await UsagePartitions.DropBeforeAsync(transaction, UsagePartitions.DayOf((now - retention.Minutes).ToUnixTimeSeconds()), cancellationToken);
                await UsageSql.RemoveExcessAsync(transaction, now, cancellationToken);
                return false;
            },
            cancellationToken) is not null;
        return isAlone
            && await RemoveAsync(UsageSql.TableOf(UsageInterval.Hour), now - retention.Hours, cancellationToken)
            && await RemoveAsync(UsageSql.TableOf(UsageInterval.Day), now - retention.Days, cancellationToken)
            && await RemoveAsync(UsageSql.Failures, now - retention.Failures, cancellationToken);
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

    private static async Task AddAsync(StoreTransaction transaction, UsageBatch batch, CancellationToken cancellationToken)
    {
        var days = new HashSet<long>();
        foreach (var row in batch.Rows)
        {
            days.Add(UsagePartitions.DayOf(row.Key.At));
        }

        await UsagePartitions.EnsureAsync(transaction, days, cancellationToken);
        await UsageCopy.StageAsync(transaction, batch, cancellationToken);
        await UsageSql.AddStagedAsync(transaction, batch, cancellationToken);
    }

    /// <summary>A slice per transaction until nothing that old is left; false when another replica has taken over.</summary>
    private async Task<bool> RemoveAsync(string table, DateTimeOffset before, CancellationToken cancellationToken)
    {
        bool? more;
        do
        {
            more = await InTurnAsync(
                transaction => UsageSql.RemoveSliceAsync(
                    transaction, table, before.ToUnixTimeSeconds(), (long)UsageInterval.Day, cancellationToken),
                cancellationToken);
        }
        while (more == true);
        return more == false;
    }

    /// <summary>Null when another replica is at it.</summary>
    private async Task<bool?> InTurnAsync(Func<StoreTransaction, Task<bool>> work, CancellationToken cancellationToken)
    {
        bool? result = null;
        await database.CommitAsync(
            async transaction =>
            {
                var isAlone = await transaction.ScalarAsync(TryLock, cancellationToken) is true;
                result = isAlone ? await work(transaction) : null;
            },
            cancellationToken);
        return result;
    }
}
