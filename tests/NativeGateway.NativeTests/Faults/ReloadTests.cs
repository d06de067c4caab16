using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Faults;

/// <summary>A changed configuration file takes effect while the gateway runs; a broken one changes nothing.</summary>
public sealed class ReloadTests : IAsyncLifetime
{
    private GatewayProcess _gateway = null!;

    private LegacyUpstream One { get; } = new();

    private LegacyUpstream Two { get; } = new();

    private GatewayConfig Before => new() { Servers = [("one", GatewayConfig.Entry(One))] };

    private GatewayConfig After => Before with { Servers = [.. Before.Servers, ("two", GatewayConfig.Entry(Two))] };

    public async Task InitializeAsync() => _gateway = await GatewayProcess.StartAsync(Before);

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await One.DisposeAsync();
        await Two.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_added_to_the_file_appears_and_clients_are_told(bool bySignal)
    {
        Assert.DoesNotContain("two__echo", (await _gateway.PostAsync("/mcp", Rpc.ListTools)).Text, StringComparison.Ordinal);
        using var stream = await OpenStreamAsync();

        _gateway.WriteConfig(After.ToString());
        if (bySignal)
        {
            _gateway.Hangup();
        }

        Assert.Contains("notifications/tools/list_changed", await stream.ReadEventAsync(), StringComparison.Ordinal);
        await Until.Async(() => _gateway.PostAsync("/mcp", Rpc.ListTools), reply => reply.Text.Contains("two__echo", StringComparison.Ordinal));
        Assert.Equal(200, (await _gateway.PostAsync("/mcp", Rpc.Call("two__echo"))).Status);
    }

    [Fact]
    public async Task A_server_removed_from_the_file_disappears()
    {
        Assert.Equal(200, (await _gateway.PostAsync("/mcp", Rpc.Call("one__echo"))).Status);

        _gateway.WriteConfig(new GatewayConfig().ToString());
        _gateway.Hangup();

        await Until.Async(() => _gateway.PostAsync("/mcp", Rpc.ListTools), reply => !reply.Text.Contains("one__echo", StringComparison.Ordinal));
        await Until.Async(() => _gateway.PostAsync("/mcp/one", Rpc.ListTools), reply => reply.Status == 404);
    }

    [Fact]
    public async Task A_key_added_to_the_file_works_and_one_removed_does_not()
    {
        var key = (await TestKeys.GetAsync())[0];
        _gateway.WriteConfig((Before with { Keys = [GatewayConfig.Key(key)] }).ToString());
        _gateway.Hangup();
        await Until.Async(() => PingAsync(key), reply => reply.Status == 200);

        _gateway.WriteConfig(Before.ToString());
        _gateway.Hangup();
        await Until.Async(() => PingAsync(key), reply => reply.Status == 401);
    }

    [Theory]
    [InlineData("{ this is not JSON")]
    [InlineData("""{ "mcpServers": { "two": { "url": "http://127.0.0.1:1/mcp" } }, "limits": { "burst": "many" } }""")]
    [InlineData("")]
    public async Task A_broken_file_keeps_what_runs_and_is_reported(string broken)
    {
        Assert.Equal(200, (await _gateway.PostAsync("/mcp", Rpc.Call("one__echo"))).Status);
        var logged = _gateway.Log.Count;

        _gateway.WriteConfig(broken);
        _gateway.Hangup();

        await _gateway.Log.LineAsync(line => line.Contains(" error ", StringComparison.OrdinalIgnoreCase), logged);
        Assert.Equal(200, (await _gateway.PostAsync("/mcp", Rpc.Call("one__echo"))).Status);
        Assert.DoesNotContain("two__", (await _gateway.PostAsync("/mcp", Rpc.ListTools)).Text, StringComparison.Ordinal);

        _gateway.WriteConfig(After.ToString());
        _gateway.Hangup();
        await Until.Async(() => _gateway.PostAsync("/mcp", Rpc.ListTools), reply => reply.Text.Contains("two__echo", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_reload_under_load_fails_no_call()
    {
        await using var load = new Load(_gateway, _gateway.AdminKey, clients: 4, tool: "one__echo");
        await load.MoreAsync(50);
        foreach (var config in (GatewayConfig[])[After, Before, After])
        {
            _gateway.WriteConfig(config.ToString());
            _gateway.Hangup();
            await Until.Async(
                () => _gateway.PostAsync("/mcp", Rpc.ListTools),
                reply => reply.Text.Contains("two__echo", StringComparison.Ordinal) == (config.Servers.Count == 2));
            await load.MoreAsync(50);
        }

        Assert.All(await load.StopAsync(), answer => Assert.True(answer.Status == 200, answer.ToString()));
    }

    private async Task<RawConnection> OpenStreamAsync()
    {
        var session = (await _gateway.PostAsync("/mcp", Rpc.Initialize("2025-11-25")))["Mcp-Session-Id"]!;
        var stream = await _gateway.ConnectAsync();
        await stream.WriteAsync(
            RawRequest.Bare("GET", "/mcp").As(_gateway.AdminKey).InSession(session).With("Accept", "text/event-stream").ToBytes(_gateway.Port));
        await stream.ReadHeadAsync();
        return stream;
    }

    private async Task<Reply> PingAsync(string key)
    {
        using var connection = await RawConnection.OpenAsync(_gateway.Port, Loopback.Next());
        return await connection.SendAsync(RawRequest.Post("/mcp", Rpc.Ping).As(key));
    }
}
