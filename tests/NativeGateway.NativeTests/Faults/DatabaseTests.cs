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
        var revoked = await gateway.RunAsync("keys", "revoke", key.Split('_')[1]);
        Assert.True(revoked.ExitCode == 0, revoked.Errors);
        await Until.Async(() => gateway.PostAsync("/mcp", Rpc.Ping, key), reply => reply.Status == 401);
        Assert.DoesNotContain(postgres.Password, gateway.Log.Text + gateway.Output.Text, StringComparison.Ordinal);
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

    private static Task<Reply> ReadyAsync(GatewayProcess gateway) => gateway.GetAsync("/health/ready");
}
