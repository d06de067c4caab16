using System.Text;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Shared;
using NativeGateway.Tests.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Upstream;

/// <summary>Servers of the transport of 2024-11-05.</summary>
public sealed class SseUpstreamTests
{
    private const string Question = """{"jsonrpc":"2.0","id":"q","method":"roots/list"}""";

    private static readonly UpstreamHarnessOptions Sse = new() { IsSse = true };

    [Fact]
    public async Task Requests_go_out_by_post_and_answers_come_on_the_stream()
    {
        await using var upstream = new ScriptedUpstream(new SseScript().RunAsync);
        await using var gateway = new UpstreamHarness(Sse with { Headers = new Dictionary<string, string> { ["Authorization"] = "Bearer s" } }, upstream.Url);

        var session = await gateway.OpenAsync();
        var outcome = await UpstreamHarness.CallAsync(session);

        Assert.Equal(ProtocolRevision.V20241105, session.Peer.Revision);
        Assert.Null(outcome.Error);
        Assert.EndsWith("\"result\":{}}", outcome.Last, StringComparison.Ordinal);
        Assert.Equal(["GET", "initialize", "notifications/initialized", "tools/call"], upstream.Labels);
        foreach (var label in upstream.Labels)
        {
            var request = await upstream.NextAsync(label);
            Assert.Equal("Bearer s", request.Header("Authorization"));
            Assert.Null(request.Header("Mcp-Session-Id"));
            Assert.Null(request.Header("MCP-Protocol-Version"));
        }
    }

    [Fact]
    public async Task Answers_find_their_calls_in_any_order()
    {
        var requests = new List<ScriptedRequest>();
        await using var upstream = new ScriptedUpstream(new SseScript
        {
            OnCall = async (script, request) =>
            {
                await request.AnswerAsync(202);
                lock (requests)
                {
                    requests.Add(request);
                    if (requests.Count < 3)
                    {
                        return;
                    }
                }

                foreach (var waiting in requests.AsEnumerable().Reverse())
                {
                    await script.SayAsync(waiting.Result($$"""{"of":{{waiting.Id}}}"""));
                }
            },
        }.RunAsync);
        await using var gateway = new UpstreamHarness(Sse, upstream.Url);
        var session = await gateway.OpenAsync();

        var calls = Enumerable.Range(0, 3).Select(_ =>
        {
            var id = "";
            return (Outcome: UpstreamHarness.CallAsync(session, request => id = Encoding.ASCII.GetString(request.Id.Span)), Id: (Func<string>)(() => id));
        }).ToArray();

        foreach (var (outcome, id) in calls)
        {
            Assert.Contains($$"""{"of":{{id()}}}""", (await outcome).Last, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_upstream_may_answer_the_post_after_the_call()
    {
        await using var upstream = new ScriptedUpstream(new SseScript
        {
            OnCall = async (script, request) =>
            {
                await script.SayAsync(request.Result("""{"first":true}"""));
                await request.AnswerAsync(200);
            },
        }.RunAsync);
        await using var gateway = new UpstreamHarness(Sse, upstream.Url);

        Assert.Contains("first", (await gateway.CallAsync()).Last, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://evil.example.com/messages")]
    [InlineData("//evil.example.com/messages")]
    [InlineData("http://127.0.0.1:1/messages")]
    [InlineData("http://localhost/messages")]
    [InlineData("ftp://127.0.0.1/messages")]
    [InlineData("http://user@127.0.0.1/messages")]
    public async Task An_endpoint_at_another_origin_is_refused(string endpoint)
    {
        await using var upstream = new ScriptedUpstream(new SseScript { Endpoint = endpoint }.RunAsync);
        await using var gateway = new UpstreamHarness(Sse, upstream.Url);

        var error = await gateway.FailToOpenAsync();

        Assert.Contains("another origin", error.Detail, StringComparison.Ordinal);
        Assert.Equal(["GET"], upstream.Labels);
    }

    [Theory]
    [InlineData("messages?s=1")]
    [InlineData("../messages?s=1")]
    public async Task A_relative_endpoint_is_resolved(string endpoint)
    {
        await using var upstream = new ScriptedUpstream(new SseScript { Endpoint = endpoint }.RunAsync);
        await using var gateway = new UpstreamHarness(Sse, upstream.Url);

        Assert.Null((await gateway.CallAsync()).Error);
    }

    [Fact]
    public async Task A_ping_is_answered()
    {
        var script = new SseScript();
        await using var upstream = new ScriptedUpstream(script.RunAsync);
        await using var gateway = new UpstreamHarness(Sse, upstream.Url);
        await gateway.OpenAsync();

        await script.SayAsync("""{"jsonrpc":"2.0","id":7,"method":"ping"}""");

        Assert.Equal("""{"jsonrpc":"2.0","id":7,"result":{}}""", (await upstream.NextAsync("response")).Body);
    }

    [Fact]
    public async Task A_question_goes_to_the_only_call_in_flight()
    {
        var script = Silent();
        await using var upstream = new ScriptedUpstream(script.RunAsync);
        await using var gateway = new UpstreamHarness(Sse, upstream.Url);
        var session = await gateway.OpenAsync(ClientCapabilities.Roots);
        Assert.Contains("\"roots\"", (await upstream.NextAsync("initialize")).Body, StringComparison.Ordinal);
        var calling = UpstreamHarness.CallAsync(session);
        var call = await upstream.NextAsync("tools/call");

        await script.SayAsync(Question);
        await script.SayAsync(call.Result("{}"));

        Assert.Equal([Question, call.Result("{}")], (await calling).Messages);
    }

    [Theory]
    [InlineData(ClientCapabilities.Roots, 0)]
    [InlineData(ClientCapabilities.Roots, 2)]
    [InlineData(ClientCapabilities.None, 1)]
    internal async Task A_question_that_belongs_to_no_one_call_is_refused(ClientCapabilities capabilities, int calls)
    {
        var script = Silent();
        await using var upstream = new ScriptedUpstream(script.RunAsync);
        await using var gateway = new UpstreamHarness(Sse, upstream.Url);
        var session = await gateway.OpenAsync(capabilities);
        var running = new List<Task<Outcome>>();
        var requests = new List<ScriptedRequest>();
        for (var call = 0; call < calls; call++)
        {
            running.Add(UpstreamHarness.CallAsync(session));
            requests.Add(await upstream.NextAsync("tools/call"));
        }

        await script.SayAsync(Question);

        Assert.Contains("-32601", (await upstream.NextAsync("response")).Body, StringComparison.Ordinal);
        foreach (var request in requests)
        {
            await script.SayAsync(request.Result("{}"));
        }

        Assert.All(await Task.WhenAll(running), outcome => Assert.Single(outcome.Messages));
    }

    [Fact]
    public async Task Changes_reach_the_events()
    {
        var script = new SseScript();
        await using var upstream = new ScriptedUpstream(script.RunAsync);
        await using var gateway = new UpstreamHarness(Sse, upstream.Url);
        await gateway.OpenAsync();
        const string updated = """{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"a://b"}}""";

        await script.SayAsync("""{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}""");
        await script.SayAsync(updated);

        Assert.Equal(McpMethod.NotifyToolsListChanged, await gateway.NextListChangeAsync());
        Assert.Equal(updated, await gateway.NextUpdateAsync());
    }

    [Fact]
    public async Task A_broken_stream_fails_its_calls_and_is_opened_again()
    {
        var clock = new TestClock();
        var script = Silent();
        await using var upstream = new ScriptedUpstream(script.RunAsync);
        await using var gateway = new UpstreamHarness(Sse with { Time = clock }, upstream.Url);
        var session = await gateway.OpenAsync();
        clock.Advance(TimeSpan.FromMinutes(1));
        var calling = UpstreamHarness.CallAsync(session);
        await upstream.NextAsync("tools/call");
        await upstream.NextAsync("GET");

        (await script.StreamAsync()).Close();

        var error = (await calling).Error!;
        Assert.Equal((ErrorKind.UpstreamUnavailable, RetryHint.Never), (error.Kind, error.Retry));

        // Nobody asks for it: who listens for changes must go on listening.
        await upstream.NextAsync("GET");
        Assert.Equal(McpMethod.Unknown, await gateway.NextListChangeAsync());
        Assert.NotSame(session, await gateway.OpenAsync());
    }

    [Fact]
    public async Task A_connection_that_breaks_early_is_given_a_pause()
    {
        var clock = new TestClock();
        var script = Silent();
        await using var upstream = new ScriptedUpstream(script.RunAsync);
        await using var gateway = new UpstreamHarness(Sse with { Time = clock }, upstream.Url);
        var session = await gateway.OpenAsync(ClientCapabilities.Roots);
        var calling = UpstreamHarness.CallAsync(session);
        await upstream.NextAsync("tools/call");

        (await script.StreamAsync()).Close();
        await calling;

        var opening = await gateway.TryOpenAsync(ClientCapabilities.Roots);
        Assert.True(opening.Error!.RetryAfter > TimeSpan.Zero);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.NotNull((await gateway.TryOpenAsync(ClientCapabilities.Roots)).Session);
    }

    [Fact]
    public async Task A_request_to_a_forgotten_connection_is_sent_once_more_on_a_new_one()
    {
        var clock = new TestClock();
        await using var upstream = new ScriptedUpstream(new SseScript
        {
            OnCall = async (script, request) =>
            {
                if (request.Target.EndsWith("s=1", StringComparison.Ordinal))
                {
                    await request.AnswerAsync(404);
                    return;
                }

                await request.AnswerAsync(202);
                await script.SayAsync(request.Result("{}"));
            },
        }.RunAsync);
        await using var gateway = new UpstreamHarness(Sse with { Time = clock }, upstream.Url);
        var session = await gateway.OpenAsync();
        clock.Advance(TimeSpan.FromMinutes(1));

        var outcome = await UpstreamHarness.CallAsync(session);

        Assert.Null(outcome.Error);
        Assert.Equal(2, upstream.Count("tools/call"));
        Assert.Equal(2, upstream.Count("initialize"));
    }

    [Fact]
    public async Task A_refused_request_is_an_error_and_not_sent_again()
    {
        await using var upstream = new ScriptedUpstream(new SseScript { OnCall = (_, request) => request.AnswerAsync(500) }.RunAsync);
        await using var gateway = new UpstreamHarness(Sse, upstream.Url);

        var outcome = await gateway.CallAsync();

        Assert.Equal(ErrorKind.UpstreamProtocol, outcome.Error!.Kind);
        Assert.Equal(1, upstream.Count("tools/call"));
    }

    [Fact]
    public async Task An_abandoned_call_leaves_the_connection_to_the_others()
    {
        var script = Silent();
        await using var upstream = new ScriptedUpstream(script.RunAsync);
        await using var gateway = new UpstreamHarness(Sse, upstream.Url);
        var session = await gateway.OpenAsync();
        using var patience = new CancellationTokenSource();
        var abandoned = session.SendAsync(UpstreamHarness.ToolCall(session), patience.Token).AsTask();
        var late = await upstream.NextAsync("tools/call");

        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => abandoned.WaitAsync(TestTime.Limit));
        var calling = UpstreamHarness.CallAsync(session);
        var call = await upstream.NextAsync("tools/call");
        await script.SayAsync(late.Result("{\"late\":true}"));
        await script.SayAsync(call.Result("{}"));

        Assert.Equal([call.Result("{}")], (await calling).Messages);
    }

    [Fact]
    public async Task Sets_of_capabilities_have_connections_of_their_own()
    {
        await using var upstream = new ScriptedUpstream(new SseScript().RunAsync);
        await using var gateway = new UpstreamHarness(Sse, upstream.Url);

        var one = await gateway.OpenAsync();
        var other = await gateway.OpenAsync(ClientCapabilities.Roots);

        Assert.NotSame(one, other);
        Assert.Same(one, await gateway.OpenAsync());
        Assert.Equal(2, upstream.Count("GET"));
    }

    [Theory]
    [InlineData(400)]
    [InlineData(404)]
    [InlineData(405)]
    public async Task Where_posts_are_refused_the_older_transport_is_tried(int status)
    {
        var script = new SseScript();
        await using var upstream = new ScriptedUpstream(
            request => request.Method == "POST" && request.Target == "/mcp" ? request.AnswerAsync(status) : script.RunAsync(request));
        await using var gateway = new UpstreamHarness(upstream.Url);

        var outcome = await gateway.CallAsync();
        await gateway.CallAsync();

        Assert.Null(outcome.Error);
        Assert.Equal(["server/discover", "initialize", "GET", "initialize", "notifications/initialized", "tools/call", "tools/call"], upstream.Labels);
    }

    [Fact]
    public async Task A_server_that_refuses_everything_is_no_mcp_server()
    {
        await using var upstream = new ScriptedUpstream(request => request.AnswerAsync(404));
        await using var gateway = new UpstreamHarness(upstream.Url);

        var error = await gateway.FailToOpenAsync();

        Assert.Contains("does not answer as an MCP server", error.Message, StringComparison.Ordinal);
        Assert.Equal(["server/discover", "initialize", "GET"], upstream.Labels);
    }

    [Fact]
    public async Task A_server_that_is_upgraded_is_asked_again()
    {
        var script = new SseScript();
        var upgraded = new LegacyScript();
        var isUpgraded = false;
        await using var upstream = new ScriptedUpstream(request => isUpgraded ? upgraded.RunAsync(request)
            : request.Method == "POST" && request.Target == "/mcp" ? request.AnswerAsync(404) : script.RunAsync(request));
        var clock = new TestClock();
        await using var gateway = new UpstreamHarness(new UpstreamHarnessOptions { Time = clock }, upstream.Url);
        await gateway.OpenAsync(ClientCapabilities.Roots);
        clock.Advance(TimeSpan.FromMinutes(1));
        var calling = UpstreamHarness.CallAsync(await gateway.OpenAsync(ClientCapabilities.Roots));
        await calling;

        isUpgraded = true;
        (await script.StreamAsync()).Close();
        var session = await LegacyAsync(gateway);

        Assert.Equal(ProtocolRevision.V20251125, session.Peer.Revision);
    }

    /// <summary>Opens until the lost connection was noticed.</summary>
    private static async Task<IUpstreamSession> LegacyAsync(UpstreamHarness gateway)
    {
        while (true)
        {
            var session = await gateway.OpenAsync(ClientCapabilities.Roots);
            if (session.Peer.Revision == ProtocolRevision.V20251125)
            {
                return session;
            }
        }
    }

    /// <summary>Takes calls and says nothing by itself.</summary>
    private static SseScript Silent() => new() { OnCall = (_, request) => request.AnswerAsync(202) };
}
