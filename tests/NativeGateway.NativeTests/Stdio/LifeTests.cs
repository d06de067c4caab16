using System.Text.Json;
using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Stdio;

/// <summary>How the gateway on standard input begins and ends, and what it does with a client that does not keep to the rules.</summary>
public sealed class LifeTests : IAsyncLifetime
{
    private LegacyUpstream Upstream { get; } = new();

    private GatewayConfig Config => new() { Servers = [("up", GatewayConfig.Entry(Upstream))], ShutdownTimeout = "60s" };

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await Upstream.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_runs_at_the_end_of_input_or_at_SIGTERM_is_still_answered(bool isSignal)
    {
        await using var client = StdioClient.Start(Config);
        await client.InitializeAsync();
        var arrived = Upstream.Tools.ReceivedAsync("gated");
        await client.SendAsync(Rpc.Call("up__gated", """{"n":1}""", "3"));
        await arrived;

        if (isSignal)
        {
            client.Terminate();
        }
        else
        {
            client.CloseInput();
        }

        await client.Log.LineAsync(line => line.Contains("Stopping", StringComparison.Ordinal));
        Upstream.Tools.Gate.SetResult();

        Assert.True((await client.AnswerAsync("3")).TryGetProperty("result", out _));
        Assert.Equal(0, await client.ExitAsync());
    }

    [Fact]
    public async Task A_signal_after_the_end_of_input_ends_the_waiting()
    {
        await using var client = StdioClient.Start(Config);
        await client.InitializeAsync();
        var arrived = Upstream.Tools.ReceivedAsync("hang");
        await client.SendAsync(Rpc.Call("up__hang", id: "3"));
        await arrived;

        client.CloseInput();
        await client.Log.LineAsync(line => line.Contains("Stopping", StringComparison.Ordinal));
        client.Terminate();

        Assert.Equal(0, await client.ExitAsync());
        await client.Log.LineAsync(line => line.Contains("cut off", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_client_that_reads_no_more_is_not_waited_for()
    {
        await using var client = StdioClient.Start(Config);
        await client.InitializeAsync();
        var arrived = Upstream.Tools.ReceivedAsync("hang");
        await client.SendAsync(Rpc.Call("up__hang", id: "3"));
        await arrived;

        await client.CloseOutputAsync();
        await client.SendAsync(Rpc.Ping);

        Assert.Equal(0, await client.ExitAsync());
    }

    [Fact]
    public async Task Processes_of_servers_end_with_the_gateway()
    {
        await using var client = StdioClient.Start(new GatewayConfig { Servers = [("child", StdioUpstream.Entry())] });
        var result = (await client.AskAsync(Rpc.Call("child__pid"))).GetProperty("result");
        var child = result.GetProperty("content")[0].GetProperty("text").GetString();
        Assert.True(Directory.Exists($"/proc/{child}"));

        client.CloseInput();

        Assert.Equal(0, await client.ExitAsync());
        Assert.False(Directory.Exists($"/proc/{child}"));
    }

    [Fact]
    public async Task The_last_line_needs_no_line_end()
    {
        await using var client = StdioClient.Start(Config);

        await client.EndAsync(Rpc.Ping);

        Assert.True((await client.AnswerAsync("1")).TryGetProperty("result", out _));
        Assert.Equal(0, await client.ExitAsync());
    }

    [Fact]
    public async Task What_is_no_message_is_answered_without_an_id_and_hurts_nobody()
    {
        await using var client = StdioClient.Start(Config);

        foreach (var (line, code) in ((string, int)[])[("garbage", -32700), ("{\"jsonrpc\":\"2.0\"", -32700), ("\"text\"", -32600), ("{\"id\":1}", -32600)])
        {
            await client.SendAsync(line);
            var refusal = JsonDocument.Parse(await client.LineAsync(message => message.TryGetProperty("error", out _))).RootElement;
            Assert.Equal(code, refusal.GetProperty("error").GetProperty("code").GetInt32());
        }

        await client.SendAsync("\n  \n\r");
        Assert.True((await client.AskAsync(Rpc.Ping)).TryGetProperty("result", out _));
    }

    [Fact]
    public async Task A_line_beyond_the_limit_is_refused_under_its_id()
    {
        await using var client = StdioClient.Start(Config with { MoreLimits = "\"maxRequestBytes\": 65536" });

        var refusal = await client.AskAsync(Rpc.Call("up__echo", $$"""{"text":"{{new string('x', 100_000)}}"}""", "\"big\""), "\"big\"");

        Assert.Equal(-32016, refusal.GetProperty("error").GetProperty("code").GetInt32());
        Assert.True((await client.AskAsync(Rpc.Ping)).TryGetProperty("result", out _));
        Assert.Empty(Upstream.Calls);
    }

    [Fact]
    public async Task A_second_handshake_and_a_refused_notification_do_no_harm()
    {
        await using var client = StdioClient.Start(Config);
        await client.InitializeAsync();

        await client.SendAsync("""{"jsonrpc":"2.0","method":"notifications/nonsense","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":7}}}""");
        await client.SendAsync("""{"jsonrpc":"2.0","id":"never asked","result":{}}""");
        var second = await client.AskAsync(Rpc.Initialize("2025-11-25"));

        Assert.Equal(-32600, second.GetProperty("error").GetProperty("code").GetInt32());
        Assert.True((await client.AskAsync(Rpc.ListTools, "1")).TryGetProperty("result", out _));
        Assert.False(client.HasSaid(_ => true));
    }

    [Fact]
    public async Task With_required_keys_the_client_has_the_rights_of_its_key()
    {
        var keys = await TestKeys.GetAsync();
        var config = Config with { Keys = [GatewayConfig.Key(keys[0], """, "tools": { "deny": ["fail"] }""")] };

        await using var known = StdioClient.Start(config, "stdio", "--require-api-auth", "--api-key", keys[0]);
        Assert.True((await known.AskAsync(Rpc.Call("up__echo"))).TryGetProperty("result", out _));
        Assert.True((await known.AskAsync(Rpc.Call("up__fail"))).TryGetProperty("error", out _));

        await using var unknown = StdioClient.Start(config, "stdio", "--require-api-auth", "--api-key", keys[1]);
        Assert.Equal(-32010, (await unknown.AskAsync(Rpc.Call("up__echo"))).GetProperty("error").GetProperty("code").GetInt32());

        await using var none = StdioClient.Start(config, "stdio", "--require-api-auth");
        Assert.Equal(78, await none.ExitAsync());
        await none.Log.LineAsync(line => line.Contains("--require-api-auth: needs a key", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_verb_standard_input_is_served_where_no_person_sits()
    {
        await using var client = StdioClient.Start(Config, "--transport", "stdio");
        Assert.True((await client.AskAsync(Rpc.Call("up__echo"))).TryGetProperty("result", out _));

        await using var wrong = StdioClient.Start(Config, "--port", "8080");
        Assert.Equal(64, await wrong.ExitAsync());

        await using var served = StdioClient.Start(Config, "--transport", "streamable-http", "--port", "0", "--data", "own");
        await served.Log.LineAsync(line => line.Contains("Listening on http://127.0.0.1:", StringComparison.Ordinal));
    }
}
