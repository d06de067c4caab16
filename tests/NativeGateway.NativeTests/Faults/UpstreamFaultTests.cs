using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Pipeline;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Faults;

/// <summary>Upstreams that die, hang or were never there. Each test has a gateway of its own, so that no circuit is open from another.</summary>
public sealed class UpstreamFaultTests : IAsyncLifetime
{
    private LegacyUpstream Bad { get; } = new();

    private LegacyUpstream Good { get; } = new();

    private GatewayProcess _gateway = null!;

    public async Task InitializeAsync()
    {
        _gateway = await GatewayProcess.StartAsync(new GatewayConfig
        {
            Servers =
            [
                ("bad", GatewayConfig.Entry(Bad, """, "timeout": "2s" """)),
                ("good", GatewayConfig.Entry(Good)),
                ("stdio", StdioUpstream.Entry(""", "timeout": "2s" """)),
            ],
        });
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await Bad.DisposeAsync();
        await Good.DisposeAsync();
    }

    [Fact]
    public async Task An_HTTP_upstream_killed_in_the_middle_of_calls_gives_502_and_works_again_when_it_is_back()
    {
        var arrived = Bad.Tools.ReceivedAsync("hang", 5);
        var calls = Enumerable.Range(0, 5).Select(_ => _gateway.PostAsync("/mcp", Rpc.Call("bad__hang"))).ToArray();
        await arrived;

        await Bad.StopAsync();
        Assert.All(await Task.WhenAll(calls), reply => Refusal.Check(reply, 502, -32013, $":{Bad.Port}"));
        Refusal.Check(await _gateway.PostAsync("/mcp", Rpc.Call("bad__echo")), 502, -32013, $":{Bad.Port}");

        Bad.Start();
        Assert.Equal(200, (await UntilAnsweredAsync("bad__echo")).Status);
    }

    [Fact]
    public async Task A_broken_connection_costs_only_its_own_call()
    {
        Refusal.Check(await _gateway.PostAsync("/mcp", Rpc.Call("bad__drop")), 502, -32013);
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(200, (await _gateway.PostAsync("/mcp", Rpc.Call("bad__echo"))).Status);
        }
    }

    [Fact]
    public async Task Idle_connections_that_the_upstream_has_closed_are_no_error()
    {
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(200, (await _gateway.PostAsync("/mcp", Rpc.Call("bad__echo"))).Status);
            Bad.BreakConnections();
        }
    }

    [Fact]
    public async Task An_upstream_that_has_forgotten_its_sessions_is_asked_anew()
    {
        Assert.Equal(200, (await _gateway.PostAsync("/mcp", Rpc.Call("bad__echo"))).Status);
        Bad.ForgetSessions();

        Assert.Equal(200, (await _gateway.PostAsync("/mcp", Rpc.Call("bad__echo"))).Status);
    }

    [Fact]
    public async Task A_stdio_upstream_that_dies_in_a_call_gives_502_and_is_started_again()
    {
        var first = await PidAsync();

        Refusal.Check(await _gateway.PostAsync("/mcp", Rpc.Call("stdio__crash")), 502, -32013, StdioUpstream.Script);
        Assert.NotEqual(first, await PidAsync());
    }

    [Fact]
    public async Task A_stdio_upstream_killed_from_outside_is_started_again()
    {
        var first = await PidAsync();
        using (var process = System.Diagnostics.Process.GetProcessById(int.Parse(first, System.Globalization.CultureInfo.InvariantCulture)))
        {
            process.Kill();
        }

        Assert.Equal(200, (await UntilAnsweredAsync("stdio__echo")).Status);
        Assert.NotEqual(first, await PidAsync());
    }

    [Fact]
    public async Task An_upstream_that_hangs_gives_504_while_others_answer()
    {
        var arrived = Bad.Tools.ReceivedAsync("hang");
        var http = _gateway.PostAsync("/mcp", Rpc.Call("bad__hang"));
        var stdio = _gateway.PostAsync("/mcp", Rpc.Call("stdio__hang"));
        await arrived;

        var answered = 0;
        do
        {
            Assert.Equal(200, (await _gateway.PostAsync("/mcp", Rpc.Call("good__echo"))).Status);
            Assert.Equal(200, (await _gateway.PostAsync("/mcp", Rpc.Call("bad__echo"))).Status);
            Assert.Equal(200, (await _gateway.PostAsync("/mcp", Rpc.Call("stdio__echo"))).Status);
            answered++;
        }
        while (!http.IsCompleted || !stdio.IsCompleted);

        Assert.True(answered > 1);
        Refusal.Check(await http, 504, -32014, $":{Bad.Port}");
        Refusal.Check(await stdio, 504, -32014);
        await Bad.CancelledAsync();
    }

    [Fact]
    public async Task A_broken_upstream_is_named_in_lists_and_costs_nobody_else_anything()
    {
        await Bad.StopAsync();
        await using var gateway = await GatewayProcess.StartAsync(new GatewayConfig
        {
            Servers = [("bad", GatewayConfig.Entry(Bad)), ("gone", GatewayConfig.Entry(ClosedPort.Url)), ("good", GatewayConfig.Entry(Good))],
        });

        var reply = await gateway.PostAsync("/mcp", Rpc.ListTools);

        Assert.Equal(200, reply.Status);
        Assert.Contains("good__echo", reply.Text, StringComparison.Ordinal);
        var incomplete = reply.Result.GetProperty("_meta").GetProperty("io.nativegateway/incomplete").GetRawText();
        Assert.Contains("\"bad\"", incomplete, StringComparison.Ordinal);
        Assert.Contains("\"gone\"", incomplete, StringComparison.Ordinal);
        Assert.DoesNotContain("\"good\"", incomplete, StringComparison.Ordinal);
        Assert.DoesNotContain($":{Bad.Port}", reply.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_upstream_that_hangs_in_its_handshake_does_not_hold_up_a_second_list()
    {
        await using var mute = new MuteUpstream();
        await using var gateway = await GatewayProcess.StartAsync(new GatewayConfig
        {
            Servers = [("mute", GatewayConfig.Entry(mute)), ("good", GatewayConfig.Entry(Good))],
        });

        Assert.Contains("good__echo", (await gateway.PostAsync("/mcp", Rpc.ListTools)).Text, StringComparison.Ordinal);
        Assert.Contains("io.nativegateway/incomplete", (await gateway.PostAsync("/mcp", Rpc.ListTools)).Text, StringComparison.Ordinal);
        Assert.Equal(200, (await gateway.PostAsync("/mcp", Rpc.Call("good__echo"))).Status);
    }

    [Fact]
    public async Task A_list_survives_the_loss_of_its_upstream_and_is_marked()
    {
        Assert.Contains("bad__echo", (await _gateway.PostAsync("/mcp", Rpc.ListTools)).Text, StringComparison.Ordinal);
        await Bad.StopAsync();
        Refusal.Check(await _gateway.PostAsync("/mcp", Rpc.Call("bad__echo")), 502, -32013);

        var reply = await _gateway.PostAsync("/mcp", Rpc.ListTools);

        Assert.Equal(200, reply.Status);
        Assert.Contains("good__echo", reply.Text, StringComparison.Ordinal);
    }

    private async Task<string> PidAsync()
    {
        var reply = await UntilAnsweredAsync("stdio__pid");
        return reply.Result.GetProperty("content")[0].GetProperty("text").GetString()!;
    }

    /// <summary>A circuit that has opened, and a process that has died, are tried again after a pause of their own.</summary>
    private Task<Reply> UntilAnsweredAsync(string tool) =>
        Until.Async(() => _gateway.PostAsync("/mcp", Rpc.Call(tool)), reply => reply.Status is not (502 or 503));
}
