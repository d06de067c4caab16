using System.Diagnostics;
using System.Net.Sockets;
using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Faults;

/// <summary>SIGTERM: nothing new is accepted, what runs is finished, the exit code is 0.</summary>
public sealed class DrainTests : IAsyncLifetime
{
    private const int Running = 20;

    private LegacyUpstream Upstream { get; } = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await Upstream.DisposeAsync();

    [Fact]
    public async Task SIGTERM_under_load_drops_no_call()
    {
        await using var gateway = await StartAsync("30s");
        await using var load = new Load(gateway, gateway.AdminKey, clients: 4);
        await load.MoreAsync(50);
        var arrived = Upstream.Tools.ReceivedAsync("gated", Running);
        var calls = await Task.WhenAll(Enumerable.Range(0, Running).Select(_ => gateway.ConnectAsync()));
        try
        {
            foreach (var call in calls)
            {
                await call.WriteAsync(RawRequest.Post("/mcp", Rpc.Call("up__gated")).As(gateway.AdminKey).ToBytes(gateway.Port));
            }

            await arrived;
            var terminatedAt = Stopwatch.GetTimestamp();
            gateway.Terminate();
            await Until.Async(() => IsListeningAsync(gateway), listening => !listening);
            Assert.True(gateway.IsAlive, "It must not end before what runs has been answered.");
            Upstream.Tools.Gate.SetResult();

            foreach (var call in calls)
            {
                Assert.Equal(200, (await call.ReadReplyAsync()).Status);
            }

            Assert.Equal(0, await gateway.ExitAsync());
            var answers = await load.StopAsync();
            Assert.All(answers.Where(answer => answer.SentAt < terminatedAt), answer => Assert.True(answer.Status == 200, answer.ToString()));
            Assert.All(answers, answer => Assert.True(answer.Status is 200 or 0, answer.ToString()));
        }
        finally
        {
            Array.ForEach(calls, call => call.Dispose());
        }
    }

    [Fact]
    public async Task A_call_that_never_ends_is_cut_off_after_the_shutdown_timeout()
    {
        await using var gateway = await StartAsync("1s");
        using var call = await gateway.ConnectAsync();
        var arrived = Upstream.Tools.ReceivedAsync("hang");
        await call.WriteAsync(RawRequest.Post("/mcp", Rpc.Call("up__hang")).As(gateway.AdminKey).ToBytes(gateway.Port));
        await arrived;

        Assert.Equal(0, await gateway.StopAsync());
        Assert.True(await call.TryReadReplyAsync() is null or { Status: not 200 });
    }

    [Fact]
    public async Task Open_streams_do_not_hold_up_the_end()
    {
        // With an hour to drain, only ended streams let the process exit within the tests' limit.
        await using var gateway = await StartAsync("1h");
        var session = (await gateway.PostAsync("/mcp", Rpc.Initialize("2025-11-25")))["Mcp-Session-Id"]!;
        using var legacy = await gateway.ConnectAsync();
        await legacy.WriteAsync(
            RawRequest.Bare("GET", "/mcp").As(gateway.AdminKey).InSession(session).With("Accept", "text/event-stream").ToBytes(gateway.Port));
        await legacy.ReadHeadAsync();
        using var modern = await gateway.ConnectAsync();
        var listen = Rpc.ModernRequest("/mcp", "subscriptions/listen", "\"notifications\":{\"toolsListChanged\":true}");
        await modern.WriteAsync(listen.As(gateway.AdminKey).ToBytes(gateway.Port));
        await modern.ReadHeadAsync();
        using var idle = await gateway.ConnectAsync();

        Assert.Equal(0, await gateway.StopAsync());
    }

    [Fact]
    public async Task Child_processes_end_with_the_gateway()
    {
        await using var gateway = await GatewayProcess.StartAsync(new GatewayConfig { Servers = [("stdio", StdioUpstream.Entry())] });
        var reply = await gateway.PostAsync("/mcp", Rpc.Call("stdio__pid"));
        var pid = reply.Result.GetProperty("content")[0].GetProperty("text").GetString();
        Assert.True(Directory.Exists($"/proc/{pid}"));

        Assert.Equal(0, await gateway.StopAsync());

        Assert.False(Directory.Exists($"/proc/{pid}"));
    }

    [Fact]
    public async Task A_key_is_printed_at_the_first_start_only()
    {
        using var directory = new Shared.TempDirectory();
        var setup = new GatewaySetup { Directory = directory };
        string key;
        await using (var first = await GatewayProcess.StartAsync(setup))
        {
            key = first.AdminKey;
        }

        await using var second = await GatewayProcess.StartAsync(setup with { IsFirstStart = false });
        Assert.Equal(200, (await second.PostAsync("/mcp", Rpc.Ping, key)).Status);
        Assert.DoesNotContain("ngw_", second.Output.Text + second.Log.Text, StringComparison.Ordinal);
    }

    private Task<GatewayProcess> StartAsync(string shutdownTimeout) => GatewayProcess.StartAsync(new GatewayConfig
    {
        Servers = [("up", GatewayConfig.Entry(Upstream, """, "timeout": "1h" """))],
        ShutdownTimeout = shutdownTimeout,
    });

    private static async Task<bool> IsListeningAsync(GatewayProcess gateway)
    {
        try
        {
            using var connection = await gateway.ConnectAsync();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
