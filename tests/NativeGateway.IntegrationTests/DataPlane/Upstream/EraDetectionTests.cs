using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Tests.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Upstream;

/// <summary>How the gateway finds out what an upstream speaks (2026-07-28, basic/versioning; streamable-http, "Backward Compatibility").</summary>
public sealed class EraDetectionTests
{
    [Fact]
    public async Task A_discovery_makes_an_upstream_modern()
    {
        await using var upstream = new ScriptedUpstream(new ModernScript().RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);

        var session = await gateway.OpenAsync();

        Assert.Same(ProtocolRevision.V20260728, session.Peer.Revision);
        Assert.Equal("""{"tools":{}}"""u8, session.Peer.Capabilities.Span);
        Assert.Equal("""{"name":"modern","version":"1"}"""u8, session.Peer.ServerInfo.Span);
        Assert.Equal("Be modern.", session.Peer.Instructions);
        Assert.Equal(["server/discover"], upstream.Labels);
    }

    [Fact]
    public async Task The_probe_is_a_complete_modern_request()
    {
        await using var upstream = new ScriptedUpstream(new ModernScript().RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        await gateway.OpenAsync();

        var probe = await upstream.NextAsync("server/discover");

        Assert.Equal("2026-07-28", probe.Header("MCP-Protocol-Version"));
        Assert.Equal("server/discover", probe.Header("Mcp-Method"));
        Assert.Equal("application/json, text/event-stream", probe.Header("Accept"));
        Assert.Equal("application/json", probe.Header("Content-Type"));
        Assert.Null(probe.Header("Mcp-Session-Id"));
        var meta = probe.Message.GetProperty("params").GetProperty("_meta");
        Assert.Equal("2026-07-28", meta.GetProperty("io.modelcontextprotocol/protocolVersion").GetString());
        Assert.Equal("{}", meta.GetProperty("io.modelcontextprotocol/clientCapabilities").GetRawText());
        Assert.Equal("NativeGateway", meta.GetProperty("io.modelcontextprotocol/clientInfo").GetProperty("name").GetString());
    }

    [Fact]
    public async Task A_discovery_may_come_as_an_event()
    {
        await using var upstream = new ScriptedUpstream(new ModernScript
        {
            OnDiscover = async request =>
            {
                await request.BeginEventsAsync();
                await request.EventAsync(request.Result("""{"supportedVersions":["2026-07-28"],"capabilities":{}}"""));
                await request.EndAsync();
            },
        }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);

        Assert.True((await gateway.OpenAsync()).Peer.Revision.IsModern);
    }

    private static readonly Dictionary<string, Func<ScriptedRequest, Task>> AnswersOfTheRest = new()
    {
        ["400 without a body"] = request => request.AnswerAsync(400),
        ["404 with a page"] = request => request.AnswerAsync(404, "text/html", "<html></html>"),
        ["405"] = request => request.AnswerAsync(405),
        ["400 that asks for a session"] = request => request.ErrorAsync(400, -32000, "null"),
        ["400 that does not like the request"] = request => request.ErrorAsync(400, -32600, "null"),
        ["404 for an unknown method"] = request => request.ErrorAsync(404, -32601),
        ["500"] = request => request.AnswerAsync(500),
        ["200 with an unknown method"] = request => request.ErrorAsync(200, -32601),
        ["200 with bad parameters"] = request => request.ErrorAsync(200, -32602),
        ["200 with a result that is none"] = request => request.ResultAsync("{}"),
        ["200 with revisions of the past only"] = request => request.ResultAsync("""{"supportedVersions":["2025-11-25"],"capabilities":{}}"""),
        ["200 with a page"] = request => request.AnswerAsync(200, "text/html", "<html></html>"),
        ["200 with broken JSON"] = request => request.JsonAsync("""{"jsonrpc":"""),
        ["202"] = request => request.AnswerAsync(202),
        ["400 that speaks revisions of the past only"] = request => request.ErrorAsync(400, -32022, data: """{"supported":["2025-11-25","2025-06-18"]}"""),
        ["a dropped connection"] = request => Task.Run(request.Abort),
    };

    public static TheoryData<string> LegacyAnswers => [.. AnswersOfTheRest.Keys];

    [Theory]
    [MemberData(nameof(LegacyAnswers))]
    public async Task Anything_that_no_modern_upstream_says_makes_it_legacy(string answer)
    {
        await using var upstream = new ScriptedUpstream(new LegacyScript { OnDiscover = AnswersOfTheRest[answer] }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);

        var session = await gateway.OpenAsync();

        Assert.Same(ProtocolRevision.V20251125, session.Peer.Revision);
        Assert.Equal("Be kind.", session.Peer.Instructions);
        await upstream.NextAsync("notifications/initialized");
    }

    [Fact]
    public async Task Silence_makes_an_upstream_legacy()
    {
        var clock = new TestClock();
        await using var upstream = new ScriptedUpstream(new LegacyScript { OnDiscover = request => request.ClosedAsync() }.RunAsync);
        await using var gateway = new UpstreamHarness(new UpstreamHarnessOptions { Time = clock }, upstream.Url);
        var opening = gateway.OpenAsync();
        await upstream.NextAsync("server/discover");

        clock.Advance(TimeSpan.FromSeconds(5));

        Assert.Same(ProtocolRevision.V20251125, (await opening).Peer.Revision);
    }

    [Fact]
    public async Task Silence_to_everything_is_a_timeout()
    {
        var clock = new TestClock();
        await using var upstream = new ScriptedUpstream(request => request.ClosedAsync());
        await using var gateway = new UpstreamHarness(new UpstreamHarnessOptions { Time = clock }, upstream.Url);
        var opening = gateway.FailToOpenAsync();
        await upstream.NextAsync("server/discover");
        clock.Advance(TimeSpan.FromSeconds(5));
        await upstream.NextAsync("initialize");

        clock.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(ErrorKind.UpstreamTimeout, (await opening).Kind);
    }

    [Theory]
    [InlineData(-32020, "null")]
    [InlineData(-32021, """{"requiredCapabilities":{"roots":{}}}""")]
    [InlineData(-32022, """{"supported":["2027-01-01"],"requested":"2026-07-28"}""")]
    public async Task A_modern_refusal_is_not_answered_with_a_handshake(int code, string data)
    {
        await using var upstream = new ScriptedUpstream(request => request.ErrorAsync(400, code, data: data));
        await using var gateway = new UpstreamHarness(upstream.Url);

        var error = await gateway.FailToOpenAsync();

        Assert.Equal(ErrorKind.UpstreamProtocol, error.Kind);
        Assert.Equal(["server/discover"], upstream.Labels);
    }

    [Fact]
    public async Task A_refusal_that_names_a_revision_which_the_gateway_speaks_is_asked_again_in_it()
    {
        const string Data = """{"supported":["2027-01-01","2026-07-28"],"requested":"2026-07-28"}""";
        var isFirst = true;
        var script = new ModernScript();
        await using var upstream = new ScriptedUpstream(request =>
        {
            (var wasFirst, isFirst) = (isFirst, false);
            return wasFirst ? request.ErrorAsync(400, -32022, data: Data) : script.RunAsync(request);
        });
        await using var gateway = new UpstreamHarness(upstream.Url);

        Assert.True((await gateway.OpenAsync()).Peer.Revision.IsModern);
        Assert.Equal(["server/discover", "server/discover"], upstream.Labels);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    public async Task Refused_credentials_say_nothing_about_the_era(int status)
    {
        await using var upstream = new ScriptedUpstream(request => request.AnswerAsync(status));
        await using var gateway = new UpstreamHarness(upstream.Url);

        var error = await gateway.FailToOpenAsync();

        Assert.Equal(ErrorKind.UpstreamUnavailable, error.Kind);
        Assert.Contains("check the headers of server 'up'", error.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("credentials", error.Message, StringComparison.Ordinal);
        Assert.Equal(["server/discover"], upstream.Labels);
    }

    [Fact]
    public async Task A_busy_upstream_is_asked_again_later()
    {
        var busy = true;
        await using var upstream = new ScriptedUpstream(new ModernScript
        {
            OnDiscover = request => busy
                ? request.AnswerAsync(503, extraHeaders: "Retry-After: 7\r\n")
                : request.ResultAsync("""{"supportedVersions":["2026-07-28"],"capabilities":{}}"""),
        }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);

        var error = await gateway.FailToOpenAsync();
        busy = false;

        Assert.Equal(TimeSpan.FromSeconds(7), error.RetryAfter);
        Assert.True((await gateway.OpenAsync()).Peer.Revision.IsModern);
    }

    [Fact]
    public async Task A_failed_handshake_leaves_the_era_open()
    {
        var modern = new ModernScript();
        var isUp = false;
        await using var upstream = new ScriptedUpstream(request => isUp ? modern.RunAsync(request) : request.AnswerAsync(502));
        await using var gateway = new UpstreamHarness(upstream.Url);
        await gateway.FailToOpenAsync();

        isUp = true;

        Assert.True((await gateway.OpenAsync()).Peer.Revision.IsModern);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(404)]
    [InlineData(405)]
    public async Task What_refuses_the_handshake_as_well_is_no_mcp_server(int status)
    {
        await using var upstream = new ScriptedUpstream(request => request.AnswerAsync(status));
        await using var gateway = new UpstreamHarness(upstream.Url);

        var error = await gateway.FailToOpenAsync();

        Assert.Equal(ErrorKind.UpstreamUnavailable, error.Kind);
        Assert.Contains("'up' does not answer as an MCP server", error.Message, StringComparison.Ordinal);
        await gateway.FailToOpenAsync();
        Assert.Equal(["server/discover", "initialize", "GET", "server/discover", "initialize", "GET"], upstream.Labels);
    }

    [Theory]
    [InlineData("""{"protocolVersion":"2026-07-28","capabilities":{},"serverInfo":{}}""")]
    [InlineData("""{"protocolVersion":"1999-01-01","capabilities":{},"serverInfo":{}}""")]
    [InlineData("""{"capabilities":{}}""")]
    public async Task A_handshake_must_choose_a_revision_that_has_one(string result)
    {
        await using var upstream = new ScriptedUpstream(new LegacyScript { OnInitialize = request => request.ResultAsync(result) }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);

        Assert.Equal(ErrorKind.UpstreamProtocol, (await gateway.FailToOpenAsync()).Kind);
    }

    [Fact]
    public async Task A_modern_upstream_that_became_legacy_is_found_out()
    {
        var legacy = new LegacyScript();
        var modern = new ModernScript();
        var isModern = true;
        await using var upstream = new ScriptedUpstream(request => isModern ? modern.RunAsync(request) : legacy.RunAsync(request));
        await using var gateway = new UpstreamHarness(upstream.Url);
        var session = await gateway.OpenAsync();
        isModern = false;
        legacy.OnCall = request => request.Header("Mcp-Session-Id") is null ? request.AnswerAsync(404) : request.ResultAsync("{}");

        var refused = await UpstreamHarness.CallAsync(session);
        var next = await gateway.OpenAsync();

        Assert.Equal((ErrorKind.UpstreamUnavailable, RetryHint.NothingSent), (refused.Error!.Kind, refused.Error.Retry));
        Assert.Same(ProtocolRevision.V20251125, next.Peer.Revision);
        Assert.Null((await UpstreamHarness.CallAsync(next)).Error);
    }

    [Fact]
    public async Task A_legacy_upstream_that_became_modern_is_found_out()
    {
        var legacy = new LegacyScript();
        var modern = new ModernScript();
        var isModern = false;
        await using var upstream = new ScriptedUpstream(request => isModern ? modern.RunAsync(request) : legacy.RunAsync(request));
        await using var gateway = new UpstreamHarness(upstream.Url);
        var session = await gateway.OpenAsync();
        isModern = true;
        modern.OnCall = request => request.Header("MCP-Protocol-Version") == "2026-07-28"
            ? request.ResultAsync("{}")
            : request.ErrorAsync(400, -32022, data: """{"supported":["2026-07-28"],"requested":"2025-11-25"}""");

        var refused = await UpstreamHarness.CallAsync(session);
        var next = await gateway.OpenAsync();

        Assert.Equal(RetryHint.NothingSent, refused.Error!.Retry);
        Assert.True(next.Peer.Revision.IsModern);
        Assert.Null((await UpstreamHarness.CallAsync(next)).Error);
    }

    [Fact]
    public async Task Concurrent_callers_share_one_opening_and_one_of_them_may_give_up()
    {
        var mayAnswer = new TaskCompletionSource();
        await using var upstream = new ScriptedUpstream(new LegacyScript
        {
            OnDiscover = async request =>
            {
                await mayAnswer.Task;
                await request.AnswerAsync(404);
            },
        }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        using var impatience = new CancellationTokenSource();
        var impatient = gateway.Upstream.OpenAsync(ClientCapabilities.None, impatience.Token).AsTask();
        var patient = Enumerable.Range(0, 8).Select(_ => gateway.OpenAsync()).ToArray();
        var other = gateway.OpenAsync(ClientCapabilities.Roots);
        await upstream.NextAsync("server/discover");

        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        mayAnswer.SetResult();

        var sessions = await Task.WhenAll(patient);
        Assert.All(sessions, session => Assert.Same(sessions[0], session));
        Assert.NotSame(sessions[0], await other);
        Assert.Equal(1, upstream.Count("server/discover"));
        Assert.Equal(2, upstream.Count("initialize"));
    }

    [Fact]
    public async Task An_open_session_is_handed_out_at_once()
    {
        await using var upstream = new ScriptedUpstream(new LegacyScript().RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        var session = await gateway.OpenAsync();

        var again = gateway.Upstream.OpenAsync(ClientCapabilities.None, CancellationToken.None).AsTask();

        Assert.True(again.IsCompletedSuccessfully);
        Assert.Same(session, (await again).Session);
    }
}
