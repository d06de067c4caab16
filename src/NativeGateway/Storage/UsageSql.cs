namespace NativeGateway.Storage;

/// <summary>
/// Writing and removing usage, in statements that both databases understand alike; each runs inside a transaction that its store has begun.
/// A batch is put into the staging table first and added to the sums of all intervals from there: how it gets there is the store's business.
/// </summary>
internal static class UsageSql
{
    public const string Staging = "usage_staging";
    public const string Failures = "usage_failures";

    /// <summary>Tells requests that did not end well from those that are kept because they were slow.</summary>
    public const string AndFailed = " AND outcome <> 'ok' AND outcome <> 'cancelled'";

    /// <summary>Failures of one organization that are kept at most.</summary>
    private const int MaxFailures = 10_000;

    private const string AndSlow = " AND (outcome = 'ok' OR outcome = 'cancelled')";

    /// <summary>The same for slow ones.</summary>
    private const int MaxSlow = 2_000;

    private const string Key = "organization_id, at, workspace_id, key_id, upstream_id, name, method";

    private const string DeleteStaged = $"DELETE FROM {Staging} WHERE writer = @writer";

    /// <summary>No row changes when the batch was there before; one that is being written at this moment is waited for.</summary>
    private const string ClaimBatch =
        """
        INSERT INTO usage_writers (writer, last_batch, seen_at) VALUES (@writer, @last_batch, @seen_at)
        ON CONFLICT (writer) DO UPDATE SET last_batch = excluded.last_batch, seen_at = excluded.seen_at
        WHERE usage_writers.last_batch < excluded.last_batch
        """;

    /// <summary>A writer that is gone repeats nothing any more.</summary>
    private static readonly TimeSpan WriterMemory = TimeSpan.FromDays(30);

    private static readonly string AddMinutes = AddTo(UsageInterval.Minute);
    private static readonly string AddHours = AddTo(UsageInterval.Hour);
    private static readonly string AddDays = AddTo(UsageInterval.Day);

    public static string TableOf(UsageInterval interval) => interval switch
    {
        UsageInterval.Minute => "usage_minutes",
        UsageInterval.Hour => "usage_hours",
        _ => "usage_days",
    };

    /// <summary>Columns of the staging table.</summary>
    public static string StagingColumns { get; } = $"writer, {Key}, upstream_key, {string.Join(", ", UsageCounts.Columns)}";

    public static async Task<bool> ClaimAsync(StoreTransaction transaction, UsageBatch batch, CancellationToken cancellationToken) =>
        await transaction.ExecuteAsync(
            ClaimBatch,
            [new("writer", batch.Writer), new("last_batch", batch.Number), new("seen_at", batch.At.ToUnixTimeSeconds())],
            cancellationToken) > 0;

    /// <summary>
    /// The batch without what was counted for organizations that were erased meanwhile: nothing of them may appear again. Where there are none at all,
    /// nobody was erased: the gateway serves the built-in one.
    /// </summary>
    public static async Task<UsageBatch> WithoutErasedAsync(StoreTransaction transaction, UsageBatch batch, CancellationToken cancellationToken)
    {
        var organizations = (await transaction.QueryAsync("SELECT id FROM organizations", row => row.GetGuid(0).ToString(), cancellationToken))
            .ToHashSet(StringComparer.Ordinal);
        return organizations.Count == 0
            ? batch
            : batch with
            {
                Rows = [.. batch.Rows.Where(row => IsThere(row.Key.OrganizationId))],
                Failures = [.. batch.Failures.Where(failure => IsThere(failure.OrganizationId))],
            };

        bool IsThere(Guid organization) => organization == Guid.Empty || organizations.Contains(organization.ToString());
    }

    /// <summary>Adds what was staged to minutes, hours and days, always in the same order, so that replicas wait for each other but never in a circle.</summary>
    public static async Task AddStagedAsync(StoreTransaction transaction, UsageBatch batch, CancellationToken cancellationToken)
    {
        Column[] writer = [new("writer", batch.Writer)];
        await transaction.ExecuteAsync(AddMinutes, writer, cancellationToken);
        await transaction.ExecuteAsync(AddHours, writer, cancellationToken);
        await transaction.ExecuteAsync(AddDays, writer, cancellationToken);
        await transaction.ExecuteAsync(DeleteStaged, writer, cancellationToken);
        await transaction.ExecuteEachAsync(UsageRows.InsertFailure, batch.Failures.Select(UsageRows.Row), cancellationToken);
    }

    /// <summary>Removes one slice of the oldest rows; false when nothing that old is left. Slices keep each transaction short.</summary>
    public static async Task<bool> RemoveSliceAsync(
        StoreTransaction transaction, string table, long before, long slice, CancellationToken cancellationToken) =>
        await transaction.ExecuteAsync(
            $"DELETE FROM {table} WHERE at < @before AND at < (SELECT min(at) FROM {table}) + @slice",
            [new("before", before), new("slice", slice)],
            cancellationToken) > 0;

    public static async Task RemoveExcessAsync(StoreTransaction transaction, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await transaction.ExecuteAsync(
            "DELETE FROM usage_writers WHERE seen_at < @before", [new("before", (now - WriterMemory).ToUnixTimeSeconds())], cancellationToken);
        var organizations = await transaction.QueryAsync(
            "SELECT DISTINCT organization_id FROM usage_failures", row => row.GetGuid(0), cancellationToken);
        foreach (var organization in organizations)
        {
            await RemoveExcessAsync(transaction, organization, AndFailed, MaxFailures, cancellationToken);
            await RemoveExcessAsync(transaction, organization, AndSlow, MaxSlow, cancellationToken);
        }
    }

    private static async Task RemoveExcessAsync(
        StoreTransaction transaction, Guid organization, string andKind, int most, CancellationToken cancellationToken) =>
        await transaction.ExecuteAsync(
            $"""
            DELETE FROM usage_failures WHERE organization_id = @organization_id{andKind} AND id <=
            (SELECT id FROM usage_failures WHERE organization_id = @organization_id{andKind} ORDER BY id DESC LIMIT 1 OFFSET {most})
            """,
            [new("organization_id", organization)],
            cancellationToken);

    private static string AddTo(UsageInterval interval)
    {
        var table = TableOf(interval);
        var sums = UsageCounts.Columns.Select(column => $"sum({column})");
        var additions = UsageCounts.Columns.Select(column => $"{column} = {table}.{column} + excluded.{column}");
        return $"""
            INSERT INTO {table} ({Key}, upstream_key, {string.Join(", ", UsageCounts.Columns)})
            SELECT organization_id, at - at % {(int)interval}, workspace_id, key_id, upstream_id, name, method, max(upstream_key), {string.Join(", ", sums)}
            FROM {Staging} WHERE writer = @writer GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7
            ON CONFLICT ({Key}) DO UPDATE SET upstream_key = excluded.upstream_key, {string.Join(", ", additions)}
            """;
    }
}
