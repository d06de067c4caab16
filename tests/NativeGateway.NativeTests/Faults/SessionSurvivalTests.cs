using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.NativeTests.Faults;

/// <summary>The gateway is killed, or another replica is asked: legacy clients go on with the session that they have.</summary>
[Collection(PostgresCollection.Name)]
public sealed class SessionSurvivalTests(PostgresCluster postgres) : IAsyncLifetime
{
    private LegacyUpstream Upstream { get; } = new();

    private TempDirectory Directory { get; } = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await Upstream.DisposeAsync();
        Directory.Dispose();
    }

    [Theory]
    [InlineData("2025-03-26", "/mcp", "up__")]
    [InlineData("2025-06-18", "/mcp", "up__")]
    [InlineData("2025-11-25", "/mcp", "up__")]
    [InlineData("2025-11-25", "/mcp/up", "")]
    public async Task A_session_goes_on_after_the_gateway_was_killed(string revision, string path, string prefix)
    {
        var before = await StartAsync();
        var session = await LegacyClient.OpenAsync(before, before.AdminKey, path, revision);
        Assert.Equal(200, (await session.PostAsync(Rpc.Call(prefix + "echo"))).Status);
        string lastEventId;
        using (var stream = await session.StreamAsync())
        {
            await Upstream.HasStream;
            Upstream.Tools["added"] = ToolScripts.EchoAsync;
            await Upstream.AnnounceAsync("""{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}""");
            lastEventId = (await stream.ReadEventIdAsync())!;
            await before.CrashAsync();
        }

        await using var after = await RestartAsync(before);
        session = session with { Gateway = after };

        Assert.Equal("{}", (await session.PostAsync(Rpc.Ping)).Result.GetRawText());
        Assert.Contains($"\"{prefix}echo\"", (await session.PostAsync(Rpc.ListTools)).Text, StringComparison.Ordinal);
        Assert.Contains("after", (await session.PostAsync(Rpc.Call(prefix + "echo", """{"is":"after"}"""))).Text, StringComparison.Ordinal);
        using var resumed = await session.StreamAsync(lastEventId);
        Assert.Contains("tools/list_changed", await resumed.ReadEventAsync(), StringComparison.Ordinal);
        Assert.Equal(204, (await session.SendAsync(RawRequest.Bare("DELETE", path))).Status);
        Assert.Equal(404, (await session.PostAsync(Rpc.Ping)).Status);
    }

    [Fact]
    public async Task Changes_are_announced_on_the_stream_of_a_revived_session()
    {
        var before = await StartAsync();
        var session = await LegacyClient.OpenAsync(before, before.AdminKey);
        await before.CrashAsync();
        await using var after = await RestartAsync(before);
        session = session with { Gateway = after };
        await session.PostAsync(Rpc.ListTools);
        await Upstream.HasStream;
        using var stream = await session.StreamAsync();
        for (var missed = 0; missed < 3; missed++)
        {
            Assert.Contains("list_changed", await stream.ReadEventAsync(), StringComparison.Ordinal);
        }

        Upstream.Tools["added"] = ToolScripts.EchoAsync;
        await Upstream.AnnounceAsync("""{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}""");

        Assert.Contains("tools/list_changed", await stream.ReadEventAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_replica_serves_the_session_and_only_to_its_key()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        var setup = new GatewaySetup
        {
            Config = Config,
            Database = database.Uri,
            Environment = new Dictionary<string, string> { ["NATIVE_GATEWAY_ENCRYPTION_KEY"] = Convert.ToBase64String(Enumerable.Repeat((byte)7, 32).ToArray()) },
        };
        var one = await GatewayProcess.StartAsync(setup);
        await using var other = await GatewayProcess.StartAsync(setup with { IsFirstStart = false });
        var stranger = await one.CreateKeyAsync("stranger");
        var here = await LegacyClient.OpenAsync(one, one.AdminKey);
        var there = here with { Gateway = other };

        Assert.Equal(200, (await there.PostAsync(Rpc.Call("up__echo"))).Status);
        Assert.Equal(200, (await here.PostAsync(Rpc.Call("up__echo"))).Status);
        await Until.Async(() => other.PostAsync("/mcp", Rpc.Ping, stranger), reply => reply.Status == 200);
        Assert.Equal(404, (await (there with { Key = stranger }).PostAsync(Rpc.Ping)).Status);
        Assert.Equal(404, (await (there with { Path = "/mcp/up" }).PostAsync(Rpc.Ping)).Status);
        foreach (var at in (int[])[0, here.Id.Length / 2, here.Id.Length - 1])
        {
            var altered = here.Id[..at] + (here.Id[at] == 'A' ? 'B' : 'A') + here.Id[(at + 1)..];
            Assert.Equal(404, (await (there with { Id = altered }).PostAsync(Rpc.Ping)).Status);
        }

        await one.CrashAsync();
        await one.DisposeAsync();
        Assert.Equal(200, (await there.PostAsync(Rpc.ListTools)).Status);
    }

    [Fact]
    public async Task A_call_that_was_under_way_is_told_to_be_lost_and_never_run_again()
    {
        Upstream.Tools["slow"] = async (request, reply) =>
        {
            await reply.BeginStreamAsync();
            await reply.EventAsync("""{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}""");
            await Upstream.Ended;
        };
        var before = await StartAsync();
        var session = await LegacyClient.OpenAsync(before, before.AdminKey);
        string lastEventId;
        using (var call = await session.BeginAsync(Rpc.Call("up__slow")))
        {
            lastEventId = (await call.ReadEventIdAsync())!;
            await before.CrashAsync();
        }

        await using var after = await RestartAsync(before);
        session = session with { Gateway = after };
        var resumption = await session.SendAsync(RawRequest.Bare("GET", "/mcp").With("Accept", "text/event-stream").With("Last-Event-ID", lastEventId));

        Assert.Equal(400, resumption.Status);
        Assert.Equal(200, (await session.PostAsync(Rpc.Call("up__echo"))).Status);
        Assert.Single(Upstream.Calls, request => request.Tool == "slow");
    }

    [Fact]
    public async Task Without_sessions_a_restart_is_not_noticed()
    {
        var before = await StartAsync("--stateless");
        var initialized = await before.PostAsync("/mcp", Rpc.Initialize("2025-11-25"));
        Assert.Null(initialized["Mcp-Session-Id"]);
        Assert.Equal(405, (await before.SendAsync(RawRequest.Bare("GET", "/mcp").As(before.AdminKey).With("Accept", "text/event-stream"))).Status);
        Assert.Equal(405, (await before.SendAsync(RawRequest.Bare("DELETE", "/mcp").As(before.AdminKey))).Status);
        await before.CrashAsync();

        await using var after = await RestartAsync(before, "--stateless");

        Assert.Equal(200, (await after.PostAsync("/mcp", Rpc.Call("up__echo"), before.AdminKey)).Status);
    }

    private GatewayConfig Config => new() { Servers = [("up", GatewayConfig.Entry(Upstream))] };

    private Task<GatewayProcess> StartAsync(params string[] options) =>
        GatewayProcess.StartAsync(new GatewaySetup { Config = Config, Directory = Directory, Options = options });

    /// <summary>On the same port, with the same data.</summary>
    private async Task<GatewayProcess> RestartAsync(GatewayProcess before, params string[] options)
    {
        await before.DisposeAsync();
        return await GatewayProcess.StartAsync(
            new GatewaySetup { Config = Config, Directory = Directory, Options = options, IsFirstStart = false, Port = before.Port });
    }
}
