using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.Hosting;

[Collection(PostgresCollection.Name)]
public sealed class DatabaseLossTests(PostgresCluster cluster)
{
    [Fact]
    public async Task The_gateway_serves_on_without_its_database_says_so_and_catches_up()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        using var cli = new Cli();
        await using var gateway = new RunningGateway(cli.Directory, "--listen", "http://127.0.0.1:0", "--database", database.Uri);
        var address = await gateway.ListeningAsync();
        using var client = new HttpClient();

        await cluster.StopAsync();
        try
        {
            await gateway.LoggedAsync("[1012 DatabaseLost]");
            using var ready = await client.GetAsync(new Uri(address, "/health/ready"));
            Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
            Assert.Equal("unreachable", (await ready.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("database").GetString());
            Assert.Contains("mcp_gateway_database_reachable 0", await client.GetStringAsync(new Uri(address, "/metrics")), StringComparison.Ordinal);
        }
        finally
        {
            await cluster.StartAsync();
        }

        await gateway.LoggedAsync("[1013 DatabaseBack]");
        await cli.RunAsync("servers", "add", "a", "--url", "http://127.0.0.1:1/mcp", "--database", database.Uri);
        await gateway.LoggedAsync("Registry revision 2 is in use: 1 upstreams");
        Assert.DoesNotContain(cluster.Password, gateway.Logs, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_replicas_that_start_together_exactly_one_prints_the_key()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        using var cli = new Cli();
        await using var first = new RunningGateway(cli.Directory, "--listen", "http://127.0.0.1:0", "--database", database.Uri);
        await using var second = new RunningGateway(cli.Directory, "--listen", "http://127.0.0.1:0", "--database", database.Uri);

        await Task.WhenAll(first.ListeningAsync(), second.ListeningAsync());

        Assert.Single((string[])[first.Out, second.Out], printed => printed.Contains("  ngw_", StringComparison.Ordinal));
    }
}
