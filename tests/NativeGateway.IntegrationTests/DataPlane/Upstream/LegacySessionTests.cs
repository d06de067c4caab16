using System.Text.Json;
using NativeGateway.Model;
using NativeGateway.Protocol;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Upstream;

/// <summary>Sessions with legacy upstreams (2025-11-25, basic/lifecycle and basic/transports, "Session Management").</summary>
public sealed class LegacySessionTests
{
    private const ClientCapabilities Everything = ClientCapabilities.Roots
        | ClientCapabilities.Sampling | ClientCapabilities.SamplingTools | ClientCapabilities.SamplingContext
        | ClientCapabilities.ElicitationForm | ClientCapabilities.ElicitationUrl;

    [Theory]
    [InlineData((int)ClientCapabilities.None, "{}")]
    [InlineData((int)ClientCapabilities.Roots, """{"roots":{}}""")]
    [InlineData((int)ClientCapabilities.Sampling, """{"sampling":{}}""")]
    [InlineData((int)ClientCapabilities.ElicitationForm, """{"elicitation":{"form":{}}}""")]
    [InlineData((int)Everything, """{"roots":{},"sampling":{"tools":{},"context":{}},"elicitation":{"form":{},"url":{}}}""")]
    public async Task The_handshake_declares_exactly_the_capabilities_of_the_session(int capabilities, string expected)
    {
        await using var upstream = new ScriptedUpstream(new LegacyScript().RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        await gateway.OpenAsync((ClientCapabilities)capabilities);

        var parameters = (await upstream.NextAsync("initialize")).Message.GetProperty("params");

        Assert.Equal(expected, parameters.GetProperty("capabilities").GetRawText());
        Assert.Equal("2025-11-25", parameters.GetProperty("protocolVersion").GetString());
        Assert.Equal("NativeGateway", parameters.GetProperty("clientInfo").GetProperty("name").GetString());
        Assert.NotEmpty(parameters.GetProperty("clientInfo").GetProperty("version").GetString()!);
    }

    [Fact]
    public async Task Later_requests_bear_the_session_and_the_negotiated_revision()
    {
        await using var upstream = new ScriptedUpstream(new LegacyScript { Revision = "2025-06-18" }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);

        await gateway.CallAsync();

        var initialize = await upstream.NextAsync("initialize");
        Assert.Null(initialize.Header("Mcp-Session-Id"));
        Assert.Null(initialize.Header("MCP-Protocol-Version"));
        foreach (var label in new[] { "notifications/initialized", "tools/call" })
        {
            var request = await upstream.NextAsync(label);
            Assert.Equal("s-1", request.Header("Mcp-Session-Id"));
            Assert.Equal("2025-06-18", request.Header("MCP-Protocol-Version"));
            Assert.Null(request.Header("Mcp-Method"));
            Assert.Null(request.Header("Mcp-Name"));
        }
    }

    [Fact]
    public async Task Revisions_without_the_version_header_are_not_sent_one()
    {
        await using var upstream = new ScriptedUpstream(new LegacyScript { Revision = "2025-03-26", HasSessions = false }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);

        await gateway.CallAsync();

        var call = await upstream.NextAsync("tools/call");
        Assert.Null(call.Header("MCP-Protocol-Version"));
        Assert.Null(call.Header("Mcp-Session-Id"));
    }

    [Theory]
    [InlineData(200)]
    [InlineData(202)]
    [InlineData(204)]
    public async Task A_notification_may_be_accepted_with_any_success(int status)
    {
        await using var upstream = new ScriptedUpstream(new LegacyScript
        {
            OnPosted = request => status == 204 ? request.WriteAsync("HTTP/1.1 204 X\r\n\r\n") : request.AnswerAsync(status),
        }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        var session = await gateway.OpenAsync();

        var message = """{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"""u8.ToArray();
        Assert.Null(await session.PostAsync(message, CancellationToken.None));

        Assert.Equal("s-1", (await upstream.NextAsync("notifications/cancelled")).Header("Mcp-Session-Id"));
    }

    [Theory]
    [InlineData(404, null, false)]
    [InlineData(404, -32001, false)]
    [InlineData(404, -32001, true)]
    [InlineData(400, -32000, false)]
    [InlineData(400, -32000, true)]
    public async Task A_lost_session_is_opened_anew_and_the_request_sent_once_more(int status, int? code, bool echoesId)
    {
        var script = new LegacyScript();
        script.OnCall = request => request.Header("Mcp-Session-Id") != "s-1" ? request.ResultAsync("""{"fine":true}""")
            : code is null ? request.AnswerAsync(status)
            : request.ErrorAsync(status, code.Value, echoesId ? null : "null");
        await using var upstream = new ScriptedUpstream(script.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        var session = await gateway.OpenAsync();

        var outcome = await UpstreamHarness.CallAsync(session);

        Assert.Contains("\"fine\":true", outcome.Last, StringComparison.Ordinal);
        Assert.Equal(McpMethod.Unknown, await gateway.NextListChangeAsync());
        var (first, second) = (await upstream.NextAsync("tools/call"), await upstream.NextAsync("tools/call"));
        Assert.Equal(first.Body, second.Body);
        Assert.Equal("s-2", second.Header("Mcp-Session-Id"));
        Assert.Same(session, await gateway.OpenAsync());
        Assert.Equal("2", JsonDocument.Parse(session.Peer.ServerInfo).RootElement.GetProperty("version").GetString());
    }

    [Fact]
    public async Task A_session_that_is_lost_again_at_once_is_not_chased()
    {
        await using var upstream = new ScriptedUpstream(new LegacyScript { OnCall = request => request.AnswerAsync(404) }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);

        var outcome = await gateway.CallAsync();

        Assert.Equal(ErrorKind.UpstreamUnavailable, outcome.Error!.Kind);
        Assert.Equal(2, upstream.Count("tools/call"));
        Assert.Equal(2, upstream.Count("initialize"));
    }

    [Fact]
    public async Task A_bad_request_that_is_no_lost_session_costs_one_session_only()
    {
        await using var upstream = new ScriptedUpstream(new LegacyScript { OnCall = request => request.ErrorAsync(400, -32000) }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);

        var outcomes = new[] { await gateway.CallAsync(), await gateway.CallAsync(), await gateway.CallAsync() };

        Assert.All(outcomes, outcome => Assert.Contains("-32000", Assert.Single(outcome.Messages), StringComparison.Ordinal));
        Assert.Equal(2, upstream.Count("initialize"));
        Assert.Equal(4, upstream.Count("tools/call"));
    }

    [Theory]
    [InlineData(-32700)]
    [InlineData(-32600)]
    public async Task A_request_that_the_upstream_cannot_read_is_no_lost_session(int code)
    {
        await using var upstream = new ScriptedUpstream(new LegacyScript { OnCall = request => request.ErrorAsync(400, code, "null") }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);

        var outcome = await gateway.CallAsync();

        Assert.Equal(ErrorKind.UpstreamProtocol, outcome.Error!.Kind);
        Assert.Equal(1, upstream.Count("initialize"));
    }

    [Fact]
    public async Task An_unknown_method_answered_with_404_is_no_lost_session()
    {
        await using var upstream = new ScriptedUpstream(new LegacyScript { OnCall = request => request.ErrorAsync(404, -32601) }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);

        var outcome = await gateway.CallAsync();

        Assert.Contains("-32601", outcome.Last, StringComparison.Ordinal);
        Assert.Equal(1, upstream.Count("initialize"));
    }

    [Fact]
    public async Task Requests_that_lose_the_session_together_share_its_renewal()
    {
        var waiting = 0;
        var allWait = new TaskCompletionSource();
        var script = new LegacyScript();
        script.OnCall = async request =>
        {
            if (request.Header("Mcp-Session-Id") != "s-1")
            {
                await request.ResultAsync("{}");
                return;
            }

            if (Interlocked.Increment(ref waiting) == 5)
            {
                allWait.SetResult();
            }

            await allWait.Task;
            await request.AnswerAsync(404);
        };
        await using var upstream = new ScriptedUpstream(script.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        var session = await gateway.OpenAsync();

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => UpstreamHarness.CallAsync(session)));

        Assert.All(outcomes, outcome => Assert.Null(outcome.Error));
        Assert.Equal(2, upstream.Count("initialize"));
        Assert.Equal(10, upstream.Count("tools/call"));
    }

    [Fact]
    public async Task Session_ids_that_no_header_may_hold_are_refused()
    {
        await using var upstream = new ScriptedUpstream(new LegacyScript
        {
            OnInitialize = request => request.ResultAsync(
                """{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{}}""", "Mcp-Session-Id: with space\r\n"),
        }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);

        Assert.Equal(ErrorKind.UpstreamProtocol, (await gateway.FailToOpenAsync()).Kind);
    }

    [Fact]
    public async Task Sessions_are_ended_with_the_upstream()
    {
        await using var upstream = new ScriptedUpstream(new LegacyScript().RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        await gateway.OpenAsync();
        await gateway.OpenAsync(ClientCapabilities.Roots);

        await gateway.Upstream.DisposeAsync();

        string?[] ended = [(await upstream.NextAsync("DELETE")).Header("Mcp-Session-Id"), (await upstream.NextAsync("DELETE")).Header("Mcp-Session-Id")];
        Assert.Equal(["s-1", "s-2"], ended.Order());
    }

    [Fact]
    public async Task Ids_are_never_used_twice_by_any_session_of_an_upstream()
    {
        await using var upstream = new ScriptedUpstream(new LegacyScript().RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        var (one, two) = (await gateway.OpenAsync(), await gateway.OpenAsync(ClientCapabilities.Roots));

        var ids = Enumerable.Range(0, 10).Select(i => UpstreamHarness.ToolCall(i % 2 == 0 ? one : two).Id).Select(id => Convert.ToHexString(id.Span));

        Assert.Equal(10, ids.Distinct().Count());
    }
}
