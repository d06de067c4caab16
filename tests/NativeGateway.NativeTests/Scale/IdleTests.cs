using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Scale;

/// <summary>Thousands that are there and ask nothing at the moment.</summary>
public sealed class IdleTests : IAsyncLifetime
{
    private const int Sessions = 10_000;
    private const int Streams = 1_000;
    private const int Clients = 8;

    /// <summary>A door holds ten thousand where the system grants twenty thousand descriptors.</summary>
    private const int Connections = 9_000;

    private const long Mebibyte = 1024 * 1024;

    private LegacyUpstream Upstream { get; } = new();
    private GatewayProcess _gateway = null!;

    public async Task InitializeAsync()
    {
        _gateway = await GatewayProcess.StartAsync(new GatewayConfig { Servers = [("up", GatewayConfig.Entry(Upstream, LegacyUpstream.Patience))] });
        Assert.Equal(200, (await _gateway.PostAsync("/mcp", Rpc.Call("up__echo"))).Status);
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await Upstream.DisposeAsync();
    }

    [Fact]
    public async Task Ten_thousand_idle_sessions_take_little_memory()
    {
        var before = _gateway.WorkingSet;

        var sessions = await OpenSessionsAsync(Sessions);

        CheckGrowth(before, 80 * Mebibyte);
        using var connection = await _gateway.ConnectAsync();
        for (var i = 0; i < Sessions; i += Sessions / 20)
        {
            var reply = await connection.SendAsync(RawRequest.Post("/mcp", Rpc.Call("up__echo", $$"""{"session":{{i}}}""")).As(_gateway.AdminKey).InSession(sessions[i]));
            Assert.True(reply.Status == 200, reply.ToString());
            Assert.Equal(i, reply.Result.GetProperty("structuredContent").GetProperty("session").GetInt32());
        }
    }

    [Fact]
    public async Task Nine_thousand_idle_connections_take_little_memory()
    {
        var before = _gateway.WorkingSet;
        var connections = new List<RawConnection>();
        try
        {
            while (connections.Count < Connections)
            {
                connections.Add(await _gateway.ConnectAsync());
                await PingAsync(connections[^1]);
            }

            CheckGrowth(before, 64 * Mebibyte);
            for (var i = 0; i < Connections; i += Connections / 100)
            {
                await PingAsync(connections[i]);
            }
        }
        finally
        {
            connections.ForEach(connection => connection.Dispose());
        }
    }

    [Fact]
    public async Task A_thousand_long_streams_take_little_memory_and_each_gets_what_is_announced()
    {
        var sessions = await OpenSessionsAsync(Streams);
        var before = _gateway.WorkingSet;
        var streams = new List<RawConnection>();
        try
        {
            foreach (var session in sessions)
            {
                var stream = await _gateway.ConnectAsync();
                streams.Add(stream);
                await stream.WriteAsync(
                    RawRequest.Bare("GET", "/mcp").As(_gateway.AdminKey).InSession(session).With("Accept", "text/event-stream").ToBytes(_gateway.Port));
                Assert.Contains(" 200 ", (await stream.ReadHeadAsync()).StartLine, StringComparison.Ordinal);
            }

            CheckGrowth(before, 40 * Mebibyte);
            await Upstream.HasStream;
            Upstream.Tools["brand_new"] = Upstream.Tools["echo"];
            await Upstream.AnnounceAsync("""{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}""");
            foreach (var stream in streams)
            {
                Assert.Contains("list_changed", await stream.ReadEventAsync(), StringComparison.Ordinal);
            }
        }
        finally
        {
            streams.ForEach(stream => stream.Dispose());
        }
    }

    [Fact]
    public async Task A_thousand_calls_that_stream_take_little_memory_and_each_gets_its_own_answer()
    {
        Upstream.Tools["wait"] = async (request, reply) =>
        {
            await reply.BeginStreamAsync();
            await reply.EventAsync("""{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"begun"}}""");
            await Upstream.Tools.Gate.Task;
            await reply.EventAsync($$"""{"jsonrpc":"2.0","id":{{request.Id}},"result":{"content":[],"structuredContent":{{request.Arguments}} } }""");
            await reply.EndStreamAsync();
        };
        var before = _gateway.WorkingSet;
        var calls = new List<RawConnection>();
        try
        {
            while (calls.Count < Streams)
            {
                var call = await _gateway.ConnectAsync();
                calls.Add(call);
                await call.WriteAsync(RawRequest.Post("/mcp/up", Rpc.Call("wait", $$"""{"call":{{calls.Count}}}""")).As(_gateway.AdminKey).ToBytes(_gateway.Port));
                Assert.Contains(" 200 ", (await call.ReadHeadAsync()).StartLine, StringComparison.Ordinal);
                Assert.Contains("begun", await call.ReadEventAsync(), StringComparison.Ordinal);
            }

            CheckGrowth(before, 64 * Mebibyte);
            Upstream.Tools.Gate.SetResult();
            for (var i = 0; i < calls.Count; i++)
            {
                Assert.Contains($$"""{"call":{{i + 1}}}""", await calls[i].ReadEventAsync(), StringComparison.Ordinal);
            }
        }
        finally
        {
            calls.ForEach(call => call.Dispose());
        }
    }

    private async Task<IReadOnlyList<string>> OpenSessionsAsync(int count)
    {
        var opened = await Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ =>
        {
            var ids = new List<string>();
            using var connection = await _gateway.ConnectAsync();
            while (ids.Count < count / Clients)
            {
                var reply = await connection.SendAsync(RawRequest.Post("/mcp", Rpc.Initialize("2025-11-25")).As(_gateway.AdminKey));
                ids.Add(reply["Mcp-Session-Id"] ?? throw new InvalidOperationException(reply.ToString()));
            }

            return ids;
        }));
        return [.. opened.SelectMany(ids => ids)];
    }

    private async Task PingAsync(RawConnection connection) =>
        Assert.Equal(200, (await connection.SendAsync(RawRequest.Post("/mcp", Rpc.Ping).As(_gateway.AdminKey))).Status);

    private void CheckGrowth(long before, long most) => Assert.InRange(_gateway.WorkingSet - before, long.MinValue, most);
}
