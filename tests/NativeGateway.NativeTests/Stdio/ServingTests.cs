using System.Text.Json;
using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Stdio;

/// <summary><c>native-gateway stdio</c> as a desktop client sees it: what it says, in every revision.</summary>
public sealed class ServingTests : IAsyncLifetime
{
    private LegacyUpstream Legacy { get; } = new();

    private ModernUpstream Modern { get; } = new();

    private GatewayConfig Config => new() { Servers = [("legacy", GatewayConfig.Entry(Legacy, LegacyUpstream.Patience)), ("modern", GatewayConfig.Entry(Modern))] };

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await Legacy.DisposeAsync();
        await Modern.DisposeAsync();
    }

    [Theory]
    [InlineData("2024-11-05")]
    [InlineData("2025-03-26")]
    [InlineData("2025-06-18")]
    [InlineData("2025-11-25")]
    public async Task A_legacy_client_lists_and_calls_servers_of_both_eras(string version)
    {
        await using var client = StdioClient.Start(Config);

        var initialized = await client.AskAsync(Rpc.Initialize(version));
        await client.SendAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}""");
        var tools = (await client.AskAsync(Rpc.ListTools, "1")).GetProperty("result").GetRawText();

        Assert.Equal(version, initialized.GetProperty("result").GetProperty("protocolVersion").GetString());
        Assert.All(["\"legacy__echo\"", "\"modern__echo\""], tool => Assert.Contains(tool, tools, StringComparison.Ordinal));
        Assert.Equal("""{"n":1.50}""", Structured(await client.AskAsync(Rpc.Call("legacy__echo", """{"n":1.50}""", "2"), "2")));
        Assert.Equal("""{"n":2}""", Structured(await client.AskAsync(Rpc.Call("modern__echo", """{"n":2}""", "\"x\""), "\"x\"")));
        Assert.Equal("{}", (await client.AskAsync(Rpc.Ping)).GetProperty("result").GetRawText());
    }

    [Fact]
    public async Task A_modern_client_needs_neither_handshake_nor_headers()
    {
        await using var client = StdioClient.Start(Config);

        var discovered = (await client.AskAsync(Lines.Modern("server/discover"))).GetProperty("result");
        var list = (await client.AskAsync(Lines.Modern("tools/list"))).GetProperty("result");
        var mirrored = await client.AskAsync(Lines.ModernCall("modern__mirrored", """{"region":"eu"}"""));

        Assert.Equal("complete", discovered.GetProperty("resultType").GetString());
        Assert.Contains("\"modern__mirrored\"", list.GetRawText(), StringComparison.Ordinal);
        Assert.Equal("""{"region":"eu"}""", Structured(mirrored));
        Assert.Equal("eu", Assert.Single(Modern.Calls).Head["Mcp-Param-Region"]);
        Assert.Equal("""{"a":1}""", Structured(await client.AskAsync(Lines.ModernCall("legacy__echo", """{"a":1}"""))));
        Assert.Equal(-32601, Code(await client.AskAsync(Lines.Modern("ping"))));
        Assert.Equal(-32022, Code(await client.AskAsync(Lines.Modern("tools/list").Replace(Rpc.Modern, "2027-01-01", StringComparison.Ordinal))));
        Assert.Equal(-32602, Code(await client.AskAsync(
            """{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}""")));
    }

    [Fact]
    public async Task Both_eras_share_one_connection()
    {
        await using var client = StdioClient.Start(Config);
        await client.InitializeAsync();

        await client.SendAsync(Lines.ModernCall("legacy__echo", """{"era":2}""", "\"modern\""));
        await client.SendAsync(Rpc.Call("modern__echo", """{"era":1}""", "\"legacy\""));

        Assert.Equal("complete", (await client.AnswerAsync("\"modern\"")).GetProperty("result").GetProperty("resultType").GetString());
        Assert.False((await client.AnswerAsync("\"legacy\"")).GetProperty("result").TryGetProperty("resultType", out _));
    }

    [Fact]
    public async Task Two_hundred_calls_at_once_get_their_own_answers()
    {
        await using var client = StdioClient.Start(Config);
        await client.InitializeAsync();

        foreach (var number in Enumerable.Range(0, 200))
        {
            await client.SendAsync(Rpc.Call(number % 2 == 0 ? "legacy__echo" : "modern__echo", $$"""{"n":{{number}}}""", $"\"call {number}\""));
        }

        foreach (var number in Enumerable.Range(0, 200).Reverse())
        {
            Assert.Equal($$"""{"n":{{number}}}""", Structured(await client.AnswerAsync($"\"call {number}\"")));
        }
    }

    [Fact]
    public async Task Progress_comes_under_the_clients_own_token_before_the_result()
    {
        await using var client = StdioClient.Start(Config);
        await client.InitializeAsync();

        await client.SendAsync(Lines.CallWithProgress("legacy__steps", "7"));

        foreach (var step in (int[])[1, 2])
        {
            var progress = (await client.SaidAsync("notifications/progress")).GetProperty("params");
            Assert.Equal(("mine", step), (progress.GetProperty("progressToken").GetString(), progress.GetProperty("progress").GetInt32()));
        }

        Assert.True((await client.AnswerAsync("7")).TryGetProperty("result", out _));
    }

    [Fact]
    public async Task An_upstream_asks_a_legacy_client_by_a_request_of_its_own()
    {
        await using var client = StdioClient.Start(Config);
        await client.InitializeAsync(capabilities: """{"elicitation":{}}""");

        await client.SendAsync(Rpc.Call("legacy__ask", id: "5"));
        var question = await client.SaidAsync("elicitation/create");
        await client.SendAsync(Lines.Accept(question, "tulip"));

        Assert.Contains("tulip", (await client.AnswerAsync("5")).GetProperty("result").GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_upstream_asks_a_modern_client_by_an_answer()
    {
        await using var client = StdioClient.Start(Config);
        var call = Lines.ModernCall("legacy__ask").Replace("clientCapabilities\":{}", "clientCapabilities\":{\"elicitation\":{}}", StringComparison.Ordinal);

        var asked = (await client.AskAsync(call)).GetProperty("result");
        var responses = string.Join(',', asked.GetProperty("inputRequests").EnumerateObject()
            .Select(question => $$$"""{{{JsonSerializer.Serialize(question.Name)}}}:{"action":"accept","content":{"word":"tulip"}}"""));
        var again = $$$""" "arguments":{},"requestState":{{{asked.GetProperty("requestState").GetRawText()}}},"inputResponses":{ {{{responses}}} } """;
        var answer = await client.AskAsync(call.Replace("\"arguments\":{}", again, StringComparison.Ordinal));

        Assert.Equal("input_required", asked.GetProperty("resultType").GetString());
        Assert.Contains("tulip", answer.GetProperty("result").GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Changed_lists_are_announced_between_the_replies_in_each_eras_way()
    {
        await using var client = StdioClient.Start(Config);
        await client.InitializeAsync();
        await client.SendAsync(Lines.Modern("subscriptions/listen", "\"sub\"", """ "notifications":{"toolsListChanged":true} """));
        await client.SaidAsync("notifications/subscriptions/acknowledged");
        await Legacy.HasStream;

        Legacy.Tools["brand_new"] = Legacy.Tools["echo"];
        await Legacy.AnnounceAsync("""{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}""");

        var tags = new[] { await client.SaidAsync("notifications/tools/list_changed"), await client.SaidAsync("notifications/tools/list_changed") }.Select(TagOf);
        Assert.Equal(["", "\"sub\""], tags.Order(StringComparer.Ordinal));
        Assert.Contains("legacy__brand_new", (await client.AskAsync(Rpc.ListTools)).GetRawText(), StringComparison.Ordinal);

        client.CloseInput();
        Assert.Equal("\"sub\"", (await client.AnswerAsync("\"sub\"")).GetProperty("result").GetProperty("_meta")
            .GetProperty("io.modelcontextprotocol/subscriptionId").GetRawText());
        Assert.Equal(0, await client.ExitAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cancelled_call_is_cancelled_upstream_and_never_answered(bool isModern)
    {
        await using var client = StdioClient.Start(Config);
        await client.InitializeAsync();
        var arrived = Legacy.Tools.ReceivedAsync("hang");

        await client.SendAsync(isModern ? Lines.ModernCall("legacy__hang", id: "9") : Rpc.Call("legacy__hang", id: "9"));
        await arrived;
        await client.SendAsync(Lines.Cancel("9"));
        await Legacy.CancelledAsync(Legacy.Calls.Last(call => call.Tool == "hang"));
        client.CloseInput();

        Assert.Equal(0, await client.ExitAsync());
        await Assert.ThrowsAsync<InvalidOperationException>(() => client.AnswerAsync("9"));
    }

    [Fact]
    public async Task A_cancelled_subscription_falls_silent()
    {
        await using var client = StdioClient.Start(Config);
        await client.SendAsync(Lines.Modern("subscriptions/listen", "4", """ "notifications":{"toolsListChanged":true} """));
        await client.SaidAsync("notifications/subscriptions/acknowledged");

        await client.SendAsync(Lines.Cancel("4"));
        await client.AskAsync(Lines.Modern("tools/list"));
        client.CloseInput();

        Assert.Equal(0, await client.ExitAsync());
        await Assert.ThrowsAsync<InvalidOperationException>(() => client.AnswerAsync("4"));
    }

    [Fact]
    public async Task Batches_are_of_one_revision_only()
    {
        await using var old = StdioClient.Start(Config);
        await old.InitializeAsync("2025-03-26");
        await old.SendAsync($"[{Rpc.Ping},{Rpc.Call("legacy__echo", """{"n":1}""", "2")}]");
        Assert.Equal(2, JsonDocument.Parse(await old.LineAsync(line => line.ValueKind == JsonValueKind.Array)).RootElement.GetArrayLength());

        await using var newer = StdioClient.Start(Config);
        await newer.InitializeAsync();
        Assert.Equal(-32600, Code(await newer.AskAsync($"[{Rpc.Ping}]", "null")));
    }

    private static string Structured(JsonElement answer) => answer.GetProperty("result").GetProperty("structuredContent").GetRawText();

    private static int Code(JsonElement answer) => answer.GetProperty("error").GetProperty("code").GetInt32();

    private static string TagOf(JsonElement notification) =>
        notification.TryGetProperty("params", out var parameters) && parameters.TryGetProperty("_meta", out var meta)
            ? meta.GetProperty("io.modelcontextprotocol/subscriptionId").GetRawText()
            : "";
}
