using System.Text.Json;
using NativeGateway.IntegrationTests.ControlPlane.Admin;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.Hosting;

/// <summary>Verbs through a running gateway, and those for tenants.</summary>
public sealed class AdminCommandTests : IAsyncLifetime
{
    private TempDatabase? _database;
    private Cli? _cli;
    private AdminGateway? _gateway;

    private Cli Cli => _cli!;

    private AdminGateway Gateway => _gateway!;

    public async Task InitializeAsync()
    {
        _database = TempDatabase.Sqlite();
        _gateway = await AdminGateway.StartAsync(_database);
        _cli = MakeCli();
    }

    public async Task DisposeAsync()
    {
        Cli.Dispose();
        await Gateway.DisposeAsync();
        await _database!.DisposeAsync();
    }

    [Fact]
    public async Task Keys_are_managed_through_a_running_gateway()
    {
        Assert.Equal(0, await ThereAsync("keys", "create", "--name", "ci", "--allow-server", "github", "--requests-per-minute", "60", "--expires", "90d"));
        var text = Cli.Out.Trim();
        using var client = new AdminClient(Gateway.Address, text);
        Assert.Contains("result", (await client.CallAsync("tools/list")).Text, StringComparison.Ordinal);

        Assert.Equal(0, await ThereAsync("keys", "list", "--json"));
        Assert.Equal(["administrator", "ci"], JsonDocument.Parse(Cli.Out).RootElement.EnumerateArray().Select(key => key.GetProperty("name").GetString()));
        Assert.Equal(0, await ThereAsync("keys", "rotate", "ci"));
        Assert.NotEqual(text, Cli.Out.Trim());
        Assert.Equal(0, await ThereAsync("keys", "revoke", text));
        Assert.Equal(1, await ThereAsync("keys", "rotate", "ci"));
        Assert.Contains("revoked", Cli.Error, StringComparison.Ordinal);
        Assert.Equal(0, await ThereAsync("keys", "show", "ci"));
        Assert.Contains("\"revoked\"", Cli.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Servers_are_managed_through_a_running_gateway_under_the_rules_of_the_api()
    {
        Assert.Equal(0, await Cli.RunPlainAsync("servers", "add", "github", "--url", "https://example.com/mcp", "--header", "X-A: b", "--gateway", Gateway.Address.ToString()));
        Assert.Equal(1, await Cli.RunPlainAsync("servers", "add", "inner", "--url", "http://127.0.0.1:9/mcp", "--gateway", Gateway.Address.ToString()));
        Assert.Contains("/mcpServers/inner/url", Cli.Error, StringComparison.Ordinal);

        Assert.Equal(0, await ThereAsync("servers", "disable", "github"));
        Assert.Equal(0, await ThereAsync("servers", "list"));
        Assert.Equal(["filed", "github"], Cli.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line.Split(' ')[0]));
        Assert.Contains("disabled", Cli.Out, StringComparison.Ordinal);
        Assert.Equal(0, await ThereAsync("servers", "test", "filed"));
        Assert.Equal(1, await ThereAsync("servers", "test", "github"));
        Assert.Equal(0, await ThereAsync("servers", "remove", "github"));
        Assert.Equal(1, await ThereAsync("servers", "remove", "filed"));
        Assert.Contains("configuration file", Cli.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Tenants_are_managed_here_and_there_alike(bool there)
    {
        Task<int> OneAsync(params string[] arguments) => there ? ThereAsync(arguments) : Cli.RunAsync(arguments);

        Assert.Equal(0, await OneAsync("orgs", "create", "acme"));
        Assert.Equal(1, await OneAsync("orgs", "create", "acme"));
        Assert.Equal(0, await OneAsync("workspaces", "create", "main", "--org", "acme"));
        Assert.Equal(0, await OneAsync("orgs", "limit", "acme", "--plan", "pro", "--daily-calls", "50", "--mode", "hard"));
        Assert.Equal(0, await OneAsync("orgs", "limit", "acme", "--mode", "none", "--monthly-spend", "1.5"));
        var limited = JsonDocument.Parse(Cli.Out).RootElement;
        Assert.Equal("pro", limited.GetProperty("plan").GetString());
        Assert.Equal(["dailyCalls", "monthlySpend"], limited.GetProperty("quotas").EnumerateObject().Select(member => member.Name));
        Assert.Equal(1, await OneAsync("orgs", "limit", "acme", "--plan", "nameless"));
        Assert.Equal(0, await OneAsync("orgs", "suspend", "acme"));
        Assert.Equal(0, await OneAsync("orgs", "list"));
        Assert.Contains("suspended  acme", Cli.Out, StringComparison.Ordinal);
        Assert.Equal(1, await OneAsync("orgs", "delete", "acme"));
        Assert.Equal(0, await OneAsync("workspaces", "list", "--json"));
        Assert.Equal(["default", "main"], JsonDocument.Parse(Cli.Out).RootElement.EnumerateArray().Select(item => item.GetProperty("name").GetString()));
        Assert.Equal(0, await OneAsync("workspaces", "delete", "main"));
        Assert.Equal(0, await OneAsync("orgs", "delete", "acme"));
        Assert.Equal(1, await OneAsync("orgs", "show", "acme"));
        Assert.Contains("native-gateway orgs list", Cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_asked_is_told_in_words()
    {
        Assert.Equal(64, await Cli.RunPlainAsync("keys", "list", "--url", "ftp://x", "--api-key", "k"));
        Cli.Environment.Clear();
        Assert.Equal(64, await Cli.RunPlainAsync("keys", "list", "--url", "http://127.0.0.1:9"));
        Assert.Equal(1, await Cli.RunPlainAsync("keys", "list", "--url", "http://127.0.0.1:9", "--api-key", "k"));
        Assert.Contains("cannot be reached", Cli.Error, StringComparison.Ordinal);
        Assert.Equal(1, await Cli.RunPlainAsync("keys", "list", "--url", Gateway.Address.ToString(), "--api-key", "ngw_wrong"));
        Assert.Contains("not valid", Cli.Error, StringComparison.Ordinal);
    }

    private Cli MakeCli()
    {
        var cli = new Cli();
        cli.Environment["NATIVE_GATEWAY_API_KEY"] = Gateway.InstanceKey;
        return cli;
    }

    private Task<int> ThereAsync(params string[] arguments) => Cli.RunPlainAsync([.. arguments, "--url", Gateway.Address.ToString()]);
}
