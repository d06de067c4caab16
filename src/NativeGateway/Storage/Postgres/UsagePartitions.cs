using System.Globalization;

namespace NativeGateway.Storage.Postgres;

/// <summary>
/// The partitions of <c>usage_minutes</c>, one for a day of UTC. They are made ahead of time; a batch makes the ones that it misses itself, because
/// it may come late (after the database was away for long) or from a replica whose clock is ahead.
/// </summary>
internal static class UsagePartitions
{
    private const string Prefix = "usage_minutes_";
    private const string DayFormat = "yyyyMMdd";

    /// <summary>Two replicas that make the same partition at once would get in each other's way.</summary>
    private const string Lock = "SELECT pg_advisory_xact_lock(1852274435)";

    private const string List =
        "SELECT relname::text FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE inhparent = 'usage_minutes'::regclass";

    /// <summary>The number of the day since 1970.</summary>
    public static long DayOf(long second) => second / (long)UsageInterval.Day;

    /// <param name="days">Their numbers; those that have a partition are taken out.</param>
    public static async Task EnsureAsync(StoreTransaction transaction, HashSet<long> days, CancellationToken cancellationToken)
    {
        days.ExceptWith(await ListAsync(transaction, cancellationToken));
        if (days.Count == 0)
        {
            return;
        }

        await transaction.ExecuteScriptAsync(Lock, cancellationToken);
        foreach (var day in days)
        {
            var start = day * (long)UsageInterval.Day;
            await transaction.ExecuteScriptAsync(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"CREATE TABLE IF NOT EXISTS {NameOf(day)} PARTITION OF usage_minutes FOR VALUES FROM ({start}) TO ({start + (long)UsageInterval.Day})"),
                cancellationToken);
        }
    }

    /// <summary>Removes whole days at once, without a trace to be cleaned up.</summary>
    public static async Task DropBeforeAsync(StoreTransaction transaction, long firstKept, CancellationToken cancellationToken)
    {
        foreach (var day in await ListAsync(transaction, cancellationToken))
        {
            if (day < firstKept)
            {
                await transaction.ExecuteScriptAsync($"DROP TABLE {NameOf(day)}", cancellationToken);
            }
        }
    }

    private static async Task<List<long>> ListAsync(StoreTransaction transaction, CancellationToken cancellationToken) =>
        await transaction.QueryAsync(List, row => DayIn(row.GetString(0)), cancellationToken);

    private static long DayIn(string name) =>
        DayOf(DateTimeOffset.ParseExact(name.AsSpan(Prefix.Length), DayFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal).ToUnixTimeSeconds());

    private static string NameOf(long day) =>
        Prefix + DateTimeOffset.FromUnixTimeSeconds(day * (long)UsageInterval.Day).ToString(DayFormat, CultureInfo.InvariantCulture);
}
