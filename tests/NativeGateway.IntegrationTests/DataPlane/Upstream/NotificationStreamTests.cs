using NativeGateway.Protocol;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Upstream;

/// <summary>The long stream on which upstreams say what concerns no request.</summary>
public sealed class NotificationStreamTests
{
    private const string ToolsChanged = """{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}""";
    private const string PromptsChanged = """{"jsonrpc":"2.0","method":"notifications/prompts/list_changed"}""";
    private const string Updated = """{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"a://b"}}""";

    [Fact]
    public async Task What_a_legacy_upstream_says_on_its_get_stream_reaches_the_events()
    {
        await using var upstream = new ScriptedUpstream(new LegacyScript
        {
            OnGet = async request =>
            {
                await request.BeginEventsAsync();
                await request.EventAsync(ToolsChanged);
                await request.EventAsync(Updated);
                await request.ClosedAsync();
            },
        }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);

        await gateway.OpenAsync();

        Assert.Equal(McpMethod.NotifyToolsListChanged, await gateway.NextListChangeAsync());
        Assert.Equal(Updated, await gateway.NextUpdateAsync());
        var get = await upstream.NextAsync("GET");
        Assert.Equal("s-1", get.Header("Mcp-Session-Id"));
        Assert.Equal("2025-11-25", get.Header("MCP-Protocol-Version"));
        Assert.Equal("text/event-stream", get.Header("Accept"));
    }

    [Fact]
    public async Task Changes_are_taken_from_the_session_without_capabilities_only()
    {
        await using var upstream = new ScriptedUpstream(new LegacyScript
        {
            OnGet = async request =>
            {
                await request.BeginEventsAsync();
                await request.EventAsync(request.Header("Mcp-Session-Id") == "s-1" ? ToolsChanged : PromptsChanged);
                await request.EventAsync("""{"jsonrpc":"2.0","id":7,"method":"ping"}""");
                await request.ClosedAsync();
            },
        }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);

        await gateway.OpenAsync(ClientCapabilities.Roots);
        await upstream.NextAsync("response");
        await gateway.OpenAsync();

        Assert.Equal(McpMethod.NotifyPromptsListChanged, await gateway.NextListChangeAsync());
    }

    [Fact]
    public async Task Requests_on_the_get_stream_are_refused_except_pings()
    {
        await using var upstream = new ScriptedUpstream(new LegacyScript
        {
            OnGet = async request =>
            {
                await request.BeginEventsAsync();
                await request.EventAsync("""{"jsonrpc":"2.0","id":7,"method":"ping"}""");
                await request.ClosedAsync();
            },
            OnPosted = request => request.AnswerAsync(202),
        }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        await gateway.OpenAsync();

        Assert.Equal("""{"jsonrpc":"2.0","id":7,"result":{}}""", (await upstream.NextAsync("response")).Body);
    }

    [Fact]
    public async Task A_question_on_the_get_stream_is_answered_with_an_error()
    {
        await using var upstream = new ScriptedUpstream(new LegacyScript
        {
            OnGet = async request =>
            {
                await request.BeginEventsAsync();
                await request.EventAsync("""{"jsonrpc":"2.0","id":"q","method":"roots/list"}""");
                await request.ClosedAsync();
            },
        }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        await gateway.OpenAsync();

        Assert.Equal(
            """{"jsonrpc":"2.0","id":"q","error":{"code":-32601,"message":"Method not found"}}""", (await upstream.NextAsync("response")).Body);
    }

    [Fact]
    public async Task A_get_stream_that_ends_is_opened_again_after_its_last_event()
    {
        await using var upstream = new ScriptedUpstream(new LegacyScript
        {
            OnGet = async request =>
            {
                await request.BeginEventsAsync();
                if (request.Header("Last-Event-ID") == "g-1")
                {
                    await request.EventAsync(PromptsChanged, id: "g-2");
                    await request.ClosedAsync();
                    return;
                }

                await request.ChunkAsync("retry: 1\n\n");
                await request.EventAsync(ToolsChanged, id: "g-1");
                await request.EndAsync();
            },
        }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        await gateway.OpenAsync();

        Assert.Equal(McpMethod.NotifyToolsListChanged, await gateway.NextListChangeAsync());
        Assert.Equal(McpMethod.NotifyPromptsListChanged, await gateway.NextListChangeAsync());
    }

    [Theory]
    [InlineData(404)]
    [InlineData(400)]
    public async Task A_session_that_a_get_stream_finds_lost_is_opened_anew_and_listened_to(int status)
    {
        var isLost = false;
        await using var upstream = new ScriptedUpstream(new LegacyScript
        {
            OnGet = async request =>
            {
                if (isLost && request.Header("Mcp-Session-Id") == "s-1")
                {
                    await request.ErrorAsync(status, -32000, "null");
                    return;
                }

                await request.BeginEventsAsync();
                if (!isLost)
                {
                    isLost = true;
                    await request.ChunkAsync("retry: 1\n\n");
                    await request.EndAsync();
                    return;
                }

                await request.EventAsync(ToolsChanged);
                await request.ClosedAsync();
            },
        }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        await gateway.OpenAsync();

        Assert.Equal(McpMethod.Unknown, await gateway.NextListChangeAsync());
        Assert.Equal(McpMethod.NotifyToolsListChanged, await gateway.NextListChangeAsync());
        Assert.Equal(2, upstream.Count("initialize"));
    }

    [Theory]
    [InlineData(400)]
    [InlineData(404)]
    [InlineData(405)]
    [InlineData(406)]
    public async Task An_upstream_without_a_get_stream_is_not_asked_again(int status)
    {
        await using var upstream = new ScriptedUpstream(new LegacyScript { OnGet = request => request.AnswerAsync(status) }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        var session = await gateway.OpenAsync();
        await upstream.NextAsync("GET");
        await UpstreamHarness.CallAsync(session);

        await gateway.Upstream.DisposeAsync();

        Assert.Equal(1, upstream.Count("GET"));
        Assert.Equal(1, upstream.Count("initialize"));
        Assert.False(gateway.HasListChange);
    }

    [Fact]
    public async Task An_upstream_that_still_holds_an_earlier_stream_is_asked_again()
    {
        var streams = 0;
        await using var upstream = new ScriptedUpstream(new LegacyScript
        {
            OnGet = async request =>
            {
                if (Interlocked.Increment(ref streams) == 1)
                {
                    await request.ErrorAsync(409, -32000, "null", extraHeaders: "Retry-After: 0\r\n");
                    return;
                }

                await request.BeginEventsAsync();
                await request.EventAsync(ToolsChanged);
                await request.ClosedAsync();
            },
        }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        await gateway.OpenAsync();

        Assert.Equal(McpMethod.NotifyToolsListChanged, await gateway.NextListChangeAsync());
    }

    [Fact]
    public async Task A_session_that_a_request_finds_lost_gets_a_new_stream()
    {
        var script = new LegacyScript();
        script.OnGet = async request =>
        {
            if (request.Header("Mcp-Session-Id") == "s-1")
            {
                await request.AnswerAsync(405);
                return;
            }

            await request.BeginEventsAsync();
            await request.EventAsync(ToolsChanged);
            await request.ClosedAsync();
        };
        script.OnCall = request => request.Header("Mcp-Session-Id") == "s-1" ? request.AnswerAsync(404) : request.ResultAsync("{}");
        await using var upstream = new ScriptedUpstream(script.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);

        Assert.Null((await gateway.CallAsync()).Error);

        Assert.Equal(McpMethod.Unknown, await gateway.NextListChangeAsync());
        Assert.Equal(McpMethod.NotifyToolsListChanged, await gateway.NextListChangeAsync());
    }

    [Fact]
    public async Task A_modern_upstream_is_asked_for_the_changes_that_it_advertises()
    {
        await using var upstream = new ScriptedUpstream(new ModernScript
        {
            Capabilities = """{"tools":{"listChanged":true},"prompts":{"listChanged":false},"resources":{"subscribe":true,"listChanged":true}}""",
            OnListen = async request =>
            {
                await request.BeginEventsAsync();
                await request.EventAsync("""{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"notifications":{}}}""");
                await request.EventAsync(ToolsChanged);
                await request.ClosedAsync();
            },
        }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        await gateway.OpenAsync();

        Assert.Equal(McpMethod.NotifyToolsListChanged, await gateway.NextListChangeAsync());
        var listen = await upstream.NextAsync("subscriptions/listen");
        Assert.Equal("subscriptions/listen", listen.Header("Mcp-Method"));
        var parameters = listen.Message.GetProperty("params");
        Assert.Equal("""{"toolsListChanged":true,"resourcesListChanged":true}""", parameters.GetProperty("notifications").GetRawText());
        Assert.Equal(
            "2026-07-28", parameters.GetProperty("_meta").GetProperty("io.modelcontextprotocol/protocolVersion").GetString());
    }

    [Fact]
    public async Task After_a_gap_in_listening_everything_may_have_changed()
    {
        var streams = 0;
        await using var upstream = new ScriptedUpstream(new ModernScript
        {
            Capabilities = """{"tools":{"listChanged":true}}""",
            OnListen = async request =>
            {
                await request.BeginEventsAsync();
                if (Interlocked.Increment(ref streams) == 1)
                {
                    await request.EventAsync(request.Result("""{"resultType":"complete"}"""));
                    await request.EndAsync();
                    return;
                }

                await request.EventAsync(ToolsChanged);
                await request.ClosedAsync();
            },
        }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        await gateway.OpenAsync();

        Assert.Equal(McpMethod.Unknown, await gateway.NextListChangeAsync());
        Assert.Equal(McpMethod.NotifyToolsListChanged, await gateway.NextListChangeAsync());
    }

    [Fact]
    public async Task A_modern_upstream_whose_lists_never_change_is_not_listened_to()
    {
        await using var upstream = new ScriptedUpstream(new ModernScript { Capabilities = """{"tools":{},"prompts":{"listChanged":false}}""" }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        await gateway.CallAsync();

        await gateway.Upstream.DisposeAsync();

        Assert.Equal(["server/discover", "tools/call"], upstream.Labels);
        Assert.False(gateway.HasListChange);
    }

    [Fact]
    public async Task Streams_are_closed_with_the_upstream()
    {
        var closed = new TaskCompletionSource();
        await using var upstream = new ScriptedUpstream(new LegacyScript
        {
            OnGet = async request =>
            {
                await request.BeginEventsAsync();
                await request.EventAsync(ToolsChanged);
                await request.ClosedAsync();
                closed.SetResult();
            },
        }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        await gateway.OpenAsync();
        await gateway.NextListChangeAsync();

        await gateway.Upstream.DisposeAsync();

        await closed.Task.WaitAsync(NativeGateway.Shared.TestTime.Limit);
    }
}
