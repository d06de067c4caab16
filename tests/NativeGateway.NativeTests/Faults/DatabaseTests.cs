using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.NativeTests.Faults;

[Collection(PostgresCollection.Name)]
public sealed class DatabaseTests(PostgresCluster postgres)
{
    [Fact]
    public async Task A_database_that_stops_and_starts_under_load_fails_no_call()
    {
        await using var upstream = new LegacyUpstream();
        await using var database = await postgres.CreateDatabaseAsync();
        await using var gateway = await GatewayProcess.StartAsync(new GatewaySetup
        {
            Config = new GatewayConfig { Servers = [("up", GatewayConfig.Entry(upstream))] },
            Database = database.Uri,
        });
        var key = gateway.AdminKey;
        await using var load = new Load(gateway, key, clients: 4);
        await load.MoreAsync(100);
        Assert.Contains("\"reachable\"", (await ReadyAsync(gateway)).Text, StringComparison.Ordinal);

        await postgres.StopAsync();
        try
        {
            var lost = await Until.Async(() => ReadyAsync(gateway), reply => reply.Text.Contains("\"unreachable\"", StringComparison.Ordinal));
            Assert.Equal(200, lost.Status);
            Assert.DoesNotContain(postgres.Password, lost.Text, StringComparison.Ordinal);
            CheckDatabaseDown(await CreateKeyAsync(gateway, "new"));
            await load.MoreAsync(200);
        }
        finally
        {
            await postgres.StartAsync();
        }

        await Until.Async(() => ReadyAsync(gateway), reply => reply.Text.Contains("\"reachable\"", StringComparison.Ordinal));
        await load.MoreAsync(100);
        Assert.All(await load.StopAsync(), answer => Assert.True(answer.Status == 200, answer.ToString()));

        // The way of changes is whole again, too.
        Assert.Equal(201, (await CreateKeyAsync(gateway, "new")).Status);
        var revoked = await gateway.RunAsync("keys", "revoke", key.Split('_')[1]);
        Assert.True(revoked.ExitCode == 0, revoked.Errors);
        await Until.Async(() => gateway.PostAsync("/mcp", Rpc.Ping, key), reply => reply.Status == 401);
        Assert.DoesNotContain(postgres.Password, gateway.Log.Text + gateway.Output.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_is_partitioned_away_under_load_refuses_changes_and_gets_every_call_once()
    {
        await using var upstream = new LegacyUpstream();
        await using var database = await postgres.CreateDatabaseAsync();
        var uri = new Uri(database.Uri);
        await using var network = new TcpRelay(uri.Port);
        await using var gateway = await GatewayProcess.StartAsync(new GatewaySetup
        {
            Config = new GatewayConfig { Servers = [("up", GatewayConfig.Entry(upstream))], More = """, "usage": { "flushInterval": "1s" }""" },
            Database = database.Uri.Replace($":{uri.Port}/", $":{network.Port}/", StringComparison.Ordinal),
        });
        await using var load = new Load(gateway, gateway.AdminKey, clients: 2);
        await load.MoreAsync(100);

        network.Cut();
        var refused = await CreateKeyAsync(gateway, "new");
        await gateway.Log.LineAsync(line => line.Contains("UsageNotWritten", StringComparison.Ordinal));
        await load.MoreAsync(100);
        network.Mend();

        await gateway.Log.LineAsync(line => line.Contains("UsageWrittenAgain", StringComparison.Ordinal));
        var created = await Until.Async(() => CreateKeyAsync(gateway, "new"), reply => reply.Status != 503);
        await load.MoreAsync(100);
        var answers = await load.StopAsync();
        Assert.Equal(0, await gateway.StopAsync());

        CheckDatabaseDown(refused);
        Assert.Equal(201, created.Status);
        Assert.Equal(["1"], await postgres.QueryAsync(database, "SELECT count(*)::text FROM api_keys WHERE name = 'new'"));
        Assert.All(answers, answer => Assert.True(answer.Status == 200, answer.ToString()));
        Assert.Equal([$"{answers.Count}"], await postgres.QueryAsync(database, "SELECT sum(calls)::text FROM usage_days WHERE name = 'echo'"));
    }

    [Fact]
    public async Task A_gateway_without_its_database_at_the_start_waits_for_it()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await postgres.StopAsync();
        Task<GatewayProcess> starting;
        try
        {
            starting = GatewayProcess.StartAsync(new GatewaySetup { Database = database.Uri });
        }
        finally
        {
            await postgres.StartAsync();
        }

        await using var gateway = await starting;
        Assert.Equal(200, (await gateway.PostAsync("/mcp", Rpc.Ping)).Status);
    }

    /// <summary>The same request each time: however often it is repeated, there is one key.</summary>
    private static Task<Reply> CreateKeyAsync(GatewayProcess gateway, string name) => gateway.SendAsync(
        RawRequest.Post("/api/v1/keys", $$"""{"name":"{{name}}"}""").With("Idempotency-Key", name).As(gateway.AdminKey));

    private static void CheckDatabaseDown(Reply reply)
    {
        Assert.Equal(503, reply.Status);
        Assert.Equal("application/problem+json", reply["Content-Type"]);
        Assert.Equal("2", reply["Retry-After"]);
        Assert.Contains("The database cannot be reached", reply.Text, StringComparison.Ordinal);
    }

    private static Task<Reply> ReadyAsync(GatewayProcess gateway) => gateway.GetAsync("/health/ready");
}
