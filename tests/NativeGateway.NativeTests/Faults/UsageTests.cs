using System.Globalization;
using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.NativeTests.Faults;

/// <summary>What is counted when something breaks under load: nothing twice, and no more lost than is promised.</summary>
[Collection(PostgresCollection.Name)]
public sealed class UsageTests(PostgresCluster postgres)
{
    [Fact]
    public async Task A_database_that_stops_and_starts_under_load_ends_with_every_call_counted_once()
    {
        await using var upstream = new LegacyUpstream();
        await using var database = await postgres.CreateDatabaseAsync();
        await using var gateway = await StartAsync(upstream, database);
        await using var load = new Load(gateway, gateway.AdminKey, clients: 4);
        await load.MoreAsync(200);

        await postgres.StopAsync();
        try
        {
            await gateway.Log.LineAsync(line => line.Contains("UsageNotWritten", StringComparison.Ordinal));
            await load.MoreAsync(200);
        }
        finally
        {
            await postgres.StartAsync();
        }

        await gateway.Log.LineAsync(line => line.Contains("UsageWrittenAgain", StringComparison.Ordinal));
        await load.MoreAsync(200);
        var answers = await load.StopAsync();
        Assert.Equal(0, await gateway.StopAsync());

        Assert.All(answers, answer => Assert.Equal(200, answer.Status));
        Assert.Equal(answers.Count, await CallsAsync(database));
    }

    [Fact]
    public async Task A_crash_loses_what_was_not_flushed_and_nothing_else()
    {
        await using var upstream = new LegacyUpstream();
        await using var database = await postgres.CreateDatabaseAsync();
        int before;
        int all;
        await using (var gateway = await StartAsync(upstream, database))
        {
            await using var load = new Load(gateway, gateway.AdminKey, clients: 2);
            await load.MoreAsync(100);
            before = (await load.StopAsync()).Count;
            await Until.Async(() => CallsAsync(database), calls => calls == before);

            await using var more = new Load(gateway, gateway.AdminKey, clients: 2);
            await more.MoreAsync(100);
            all = before + (await more.StopAsync()).Count;
            await gateway.CrashAsync();
        }

        Assert.InRange(await CallsAsync(database), before, all);
    }

    private static Task<GatewayProcess> StartAsync(LegacyUpstream upstream, TempDatabase database) => GatewayProcess.StartAsync(new GatewaySetup
    {
        Config = new GatewayConfig { Servers = [("up", GatewayConfig.Entry(upstream))], More = """, "usage": { "flushInterval": "1s" }""" },
        Database = database.Uri,
    });

    private async Task<long> CallsAsync(TempDatabase database)
    {
        var sums = await postgres.QueryAsync(database, "SELECT coalesce(sum(calls), 0)::text FROM usage_days WHERE name = 'echo'");
        return long.Parse(Assert.Single(sums), CultureInfo.InvariantCulture);
    }
}
