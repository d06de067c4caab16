using NativeGateway.Model;
using NativeGateway.Shared;
using NativeGateway.Storage;
using Xunit;

namespace NativeGateway.IntegrationTests.Storage;

/// <summary>The contract on Postgres, and what only a server that replicas share has: partitions, turns, absence.</summary>
[Collection(PostgresCollection.Name)]
public sealed class PostgresUsageStoreTests(PostgresCluster cluster) : UsageStoreContract
{
    [Fact]
    public async Task Partitions_of_minutes_are_made_ahead_and_dropped_whole()
    {
        var retention = UsageSettings.Default.Retention;
        await Store.MaintainAsync(retention, UsageSamples.Noon, None);
        Assert.Equal(["usage_minutes_20260302", "usage_minutes_20260303", "usage_minutes_20260304"], await PartitionsAsync());

        await Store.MaintainAsync(retention, UsageSamples.Noon.AddDays(9), None);

        Assert.Equal(
            ["usage_minutes_20260304", "usage_minutes_20260311", "usage_minutes_20260312", "usage_minutes_20260313"], await PartitionsAsync());
    }

    [Fact]
    public async Task While_one_replica_removes_another_one_does_not()
    {
        await using var holder = await cluster.HoldAsync(Database, "SELECT pg_advisory_xact_lock(1852274434)");

        Assert.False(await Store.MaintainAsync(UsageSettings.Default.Retention, UsageSamples.Noon, None));
        Assert.Empty(await PartitionsAsync());
    }

    [Fact]
    public async Task A_batch_is_written_after_the_server_was_restarted()
    {
        var row = UsageSamples.Row(UsageSamples.Key);
        await WriteAsync(1, row);

        await cluster.StopAsync();
        try
        {
            await Assert.ThrowsAsync<StoreUnavailableException>(() => WriteAsync(2, row));
        }
        finally
        {
            await cluster.StartAsync();
        }

        await WriteAsync(2, row);
        Assert.Equal(2, await CallsAsync(UsageInterval.Day));
    }

    private protected override Task<TempDatabase> CreateDatabaseAsync() => cluster.CreateDatabaseAsync();

    private protected override async Task<string> ScalarAsync(string sql) =>
        Assert.Single(await cluster.QueryAsync(Database, $"SELECT ({sql})::text"));

    private async Task<IReadOnlyList<string>> PartitionsAsync() => await cluster.QueryAsync(
        Database, "SELECT relname::text FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE inhparent = 'usage_minutes'::regclass ORDER BY 1");
}
