using System.Text;
using NativeGateway.IntegrationTests.Storage;
using NativeGateway.Shared;
using NativeGateway.Storage;
using Xunit;

namespace NativeGateway.IntegrationTests.Hosting;

/// <summary>Usage from a client's call to the database's sums, in a whole gateway.</summary>
[Collection(PostgresCollection.Name)]
public sealed class UsageTests(PostgresCluster cluster)
{
    [Fact]
    public async Task On_a_stop_everything_that_was_called_is_written()
    {
        await using var database = TempDatabase.Sqlite();
        using var cli = new Cli();
        await using (var gateway = new RunningGateway(cli.Directory, "--listen", "http://127.0.0.1:0", "--database", database.Uri))
        {
            await PingAsync(gateway, 5);
            gateway.Stop();
            Assert.Equal(0, await gateway.ExitAsync());
        }

        Assert.Equal(5, await CallsAsync(database));
    }

    [Fact]
    public async Task While_the_database_is_away_usage_waits_and_is_written_once()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        using var cli = new Cli();
        await using (var gateway = new RunningGateway(cli.Directory, "--listen", "http://127.0.0.1:0", "--database", database.Uri))
        {
            await PingAsync(gateway, 3);
            await cluster.StopAsync();
            try
            {
                await PingAsync(gateway, 4);
                await gateway.LoggedAsync("[3300 UsageNotWritten]");
                await PingAsync(gateway, 5);
            }
            finally
            {
                await cluster.StartAsync();
            }

            await gateway.LoggedAsync("[3301 UsageWrittenAgain]");
        }

        Assert.Equal(12, await CallsAsync(database));
    }

    private static async Task PingAsync(RunningGateway gateway, int times)
    {
        var address = new Uri(await gateway.ListeningAsync(), "/mcp");
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", KeyIn(gateway.Out));
        for (var i = 0; i < times; i++)
        {
            using var content = new StringContent("""{"jsonrpc":"2.0","id":1,"method":"ping"}""", Encoding.UTF8, "application/json");
            using var response = await client.PostAsync(address, content);
            Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}");
        }
    }

    private static string KeyIn(string output) =>
        output.Split('\n').Select(line => line.Trim()).First(line => line.StartsWith("ngw_", StringComparison.Ordinal));

    private static async Task<long> CallsAsync(TempDatabase database)
    {
        await using var stores = StoreFactory.Open(database.Uri, Samples.Secrets());
        var organization = Assert.Single((await stores.Registry.LoadAsync(CancellationToken.None)).Organizations);
        var now = DateTimeOffset.UtcNow;
        var range = new UsageQuery(UsageInterval.Day, now.AddDays(-2).ToUnixTimeSeconds(), now.AddDays(2).ToUnixTimeSeconds());
        return (await stores.Usage.SumAsync(organization.Id, range, CancellationToken.None)).Calls();
    }
}
