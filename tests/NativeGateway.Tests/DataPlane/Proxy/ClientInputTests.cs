using System.Text.Json.Nodes;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.Tests.DataPlane.Proxy;

/// <summary>A legacy client calls a modern upstream, which asks back.</summary>
public sealed class ClientInputTests : IAsyncDisposable
{
    private const ClientCapabilities Everything = ClientCapabilities.Roots | ClientCapabilities.Sampling
        | ClientCapabilities.ElicitationForm | ClientCapabilities.ElicitationUrl;

    private const string Call =
        """{"jsonrpc":"2.0","id":"c","method":"tools/call","params":{"name":"greet","arguments":{"n": 1},"_meta":{"progressToken":5}}}""";

    private const string Form = """{"message":"Who?","requestedSchema":{"type":"object","properties":{}}}""";
    private const string Done = """{"resultType":"complete","content":[],"ttlMs":1}""";

    private readonly Bridge _bridge = new(ProtocolRevision.V20260728);

    public async ValueTask DisposeAsync() => await _bridge.DisposeAsync();

    [Fact]
    public async Task A_wish_for_input_becomes_requests_and_their_answers_repeat_the_call()
    {
        var session = Open();
        var call = _bridge.Legacy(session, Call);
        var first = await _bridge.Upstream.CalledAsync();
        first.Answer(InputRequired($$$"""
            "user name":{"method":"elicitation/create","params":{{{Form}}}},"s":{"method":"sampling/createMessage","params":{"maxTokens":1}},"r":{"method":"roots/list"}
            """, "\"st\\u00e4te\""));
        var form = await AskedAsync(call);
        var sampling = await AskedAsync(call);
        var roots = await AskedAsync(call);
        await first.Disposed;

        Assert.Equal("elicitation/create", (string?)form["method"]);
        Assert.Equal(Form, form["params"]!.ToJsonString());
        Assert.Equal("""{"maxTokens":1}""", sampling["params"]!.ToJsonString());
        Assert.Null(roots["params"]);

        await AnswerAsync(session, roots, "\"result\":{\"roots\":[]}");
        await AnswerAsync(session, form, "\"result\":{\"action\":\"accept\",\"content\":{\"a\":1.0}}");
        Assert.False(_bridge.Upstream.HasCall);
        await AnswerAsync(session, sampling, "\"result\":{\"role\":\"assistant\",\"content\":[],\"model\":\"m\"}");
        var second = await _bridge.Upstream.CalledAsync();

        var (one, two) = (Params(first), Params(second));
        Assert.NotEqual(JsonNode.Parse(first.Request)!["id"]!.ToJsonString(), JsonNode.Parse(second.Request)!["id"]!.ToJsonString());
        Assert.Equal(
            """{"user name":{"action":"accept","content":{"a":1.0}},"s":{"role":"assistant","content":[],"model":"m"},"r":{"roots":[]}}""",
            two["inputResponses"]!.ToJsonString());
        Assert.Contains("\"requestState\":\"st\\u00e4te\"", second.Request);
        Assert.Contains("""{"n": 1}""", second.Request);
        Assert.Equal(one["name"]!.ToJsonString(), two["name"]!.ToJsonString());
        Assert.NotEqual(one["_meta"]!["progressToken"]!.ToJsonString(), two["_meta"]!["progressToken"]!.ToJsonString());

        second.Answer(Done);
        Assert.Equal("""{"jsonrpc":"2.0","id":"c","result":{"content":[]}}""", (await call.ResponseAsync()).ToJsonString());
        Assert.Equal(0, session.Pending.Count);
        Assert.False(_bridge.Upstream.HasPosted);
    }

    [Fact]
    public async Task The_upstream_is_told_what_the_client_declared()
    {
        var session = Open(Everything);
        session.LogLevel = LogLevelName.Warning;
        var call = _bridge.Legacy(session, Call);
        var reply = await _bridge.Upstream.CalledAsync();
        var meta = Params(reply)["_meta"]!;

        Assert.Equal(
            """{"roots":{},"sampling":{},"elicitation":{"form":{},"url":{}}}""", meta["io.modelcontextprotocol/clientCapabilities"]!.ToJsonString());
        Assert.Equal("warning", (string?)meta["io.modelcontextprotocol/logLevel"]);
        reply.Answer(Done);
        await call.EndedAsync();
    }

    [Fact]
    public async Task A_client_without_a_way_to_be_asked_declares_nothing()
    {
        foreach (var call in new[] { _bridge.Legacy(null, Call), _bridge.Legacy(Open(), Call, canStream: false) })
        {
            var reply = await _bridge.Upstream.CalledAsync();
            Assert.Equal("{}", Params(reply)["_meta"]!["io.modelcontextprotocol/clientCapabilities"]!.ToJsonString());
            reply.Answer(InputRequired($$$""" "a":{"method":"elicitation/create","params":{{{Form}}}} """));

            Assert.Equal(-32603, await call.ErrorCodeAsync());
            Assert.False(call.Sink.HasSent);
        }
    }

    [Fact]
    public async Task Without_a_state_none_is_sent()
    {
        var session = Open();
        var call = _bridge.Legacy(session, Call);
        (await _bridge.Upstream.CalledAsync()).Answer(InputRequired($$$""" "a":{"method":"elicitation/create","params":{{{Form}}}} """));
        await AnswerAsync(session, await AskedAsync(call), "\"result\":{\"action\":\"decline\"}");
        var second = await _bridge.Upstream.CalledAsync();

        Assert.DoesNotContain("requestState", second.Request);
        second.Answer(Done);
        await call.EndedAsync();
    }

    [Fact]
    public async Task A_state_without_questions_repeats_the_call_after_growing_pauses()
    {
        var call = _bridge.Legacy(Open(), Call);
        foreach (var pause in new[] { 100, 200, 400 })
        {
            (await _bridge.Upstream.CalledAsync()).Answer(InputRequired("", "\"s\""));
            await _bridge.PassAsync(TimeSpan.FromMilliseconds(pause));
        }

        var last = await _bridge.Upstream.CalledAsync();
        Assert.DoesNotContain("inputResponses", last.Request);
        Assert.Contains("\"requestState\":\"s\"", last.Request);
        last.Answer(Done);
        await call.ResultAsync();
    }

    [Fact]
    public async Task Asking_without_end_ends()
    {
        var session = Open();
        var call = _bridge.Legacy(session, Call);
        for (var round = 1; round <= 16; round++)
        {
            (await _bridge.Upstream.CalledAsync()).Answer(InputRequired(""" "a":{"method":"roots/list"} """));
            await AnswerAsync(session, await AskedAsync(call), "\"result\":{\"roots\":[]}");
        }

        (await _bridge.Upstream.CalledAsync()).Answer(InputRequired(""" "a":{"method":"roots/list"} """));
        Assert.Equal(-32603, await call.ErrorCodeAsync());
    }

    [Fact]
    public async Task An_error_to_an_elicitation_is_a_cancel()
    {
        var session = Open();
        var call = _bridge.Legacy(session, Call);
        (await _bridge.Upstream.CalledAsync()).Answer(InputRequired($$$""" "a":{"method":"elicitation/create","params":{{{Form}}}} """));
        await AnswerAsync(session, await AskedAsync(call), "\"error\":{\"code\":-1,\"message\":\"no\"}");
        var second = await _bridge.Upstream.CalledAsync();

        Assert.Contains("""{"a":{"action":"cancel"}}""", second.Request);
        second.Answer(Done);
        await call.EndedAsync();
    }

    [Theory]
    [InlineData("sampling/createMessage")]
    [InlineData("roots/list")]
    public async Task An_error_to_anything_else_ends_the_call(string method)
    {
        var session = Open();
        var call = _bridge.Legacy(session, Call);
        (await _bridge.Upstream.CalledAsync()).Answer(InputRequired($$$""" "a":{"method":"{{{method}}}","params":{}} """));
        await AnswerAsync(session, await AskedAsync(call), "\"error\":{\"code\":-1,\"message\":\"no\"}");
        Assert.True((bool)(await call.ResultAsync())["isError"]!);

        var prompt = _bridge.Legacy(session, """{"jsonrpc":"2.0","id":"p","method":"prompts/get","params":{"name":"x"}}""");
        (await _bridge.Upstream.CalledAsync()).Answer(InputRequired($$$""" "a":{"method":"{{{method}}}","params":{}} """));
        await AnswerAsync(session, await AskedAsync(prompt), "\"error\":{\"code\":-1,\"message\":\"no\"}");
        Assert.Equal(-32603, await prompt.ErrorCodeAsync());
        Assert.False(_bridge.Upstream.HasCall);
    }

    [Theory]
    [InlineData((int)ClientCapabilities.Sampling, "elicitation/create", Form)]
    [InlineData((int)ClientCapabilities.ElicitationForm, "elicitation/create", """{"mode":"url","url":"https://a.example","message":"m"}""")]
    [InlineData((int)ClientCapabilities.ElicitationForm, "sampling/createMessage", "{}")]
    [InlineData((int)ClientCapabilities.ElicitationForm, "roots/list", "{}")]
    [InlineData((int)Everything, "tools/call", "{}")]
    public async Task What_the_client_did_not_declare_is_not_asked(int declared, string method, string parameters)
    {
        var call = _bridge.Legacy(Open((ClientCapabilities)declared), Call);
        (await _bridge.Upstream.CalledAsync()).Answer(InputRequired($$$""" "a":{"method":"{{{method}}}","params":{{{parameters}}}} """));

        Assert.Equal(-32603, await call.ErrorCodeAsync());
        Assert.False(call.Sink.HasSent);
    }

    [Theory]
    [InlineData("")]
    [InlineData(""" "a":{"params":{}} """)]
    [InlineData(""" "a":5 """)]
    public async Task A_wish_that_says_nothing_is_the_upstream_s_fault(string requests)
    {
        var call = _bridge.Legacy(Open(), Call);
        (await _bridge.Upstream.CalledAsync()).Answer(InputRequired(requests));
        await call.EndedAsync();

        Assert.Equal(ErrorKind.UpstreamProtocol, call.Error?.Kind);
    }

    [Fact]
    public async Task A_form_that_the_client_cannot_show_is_cancelled()
    {
        var call = _bridge.Legacy(_bridge.OpenSession(ProtocolRevision.V20250618, Everything), Call);
        (await _bridge.Upstream.CalledAsync()).Answer(InputRequired("""
            "a":{"method":"elicitation/create","params":{"message":"m","requestedSchema":{"type":"object","properties":{"b":{"type":"array","items":{}}}}}}
            """));
        var second = await _bridge.Upstream.CalledAsync();

        Assert.Contains("""{"a":{"action":"cancel"}}""", second.Request);
        Assert.False(call.Sink.HasSent);
        second.Answer(Done);
        await call.EndedAsync();
    }

    [Fact]
    public async Task A_page_to_visit_gets_an_id()
    {
        var session = Open();
        var call = _bridge.Legacy(session, Call);
        (await _bridge.Upstream.CalledAsync()).Answer(InputRequired("""
            "a":{"method":"elicitation/create","params":{"mode":"url","url":"https://a.example","message":"m"}}
            """));
        var asked = await AskedAsync(call);

        Assert.Equal(32, ((string)asked["params"]!["elicitationId"]!).Length);
        Assert.Equal("https://a.example", (string?)asked["params"]!["url"]);
        await AnswerAsync(session, asked, "\"result\":{\"action\":\"accept\"}");
        (await _bridge.Upstream.CalledAsync()).Answer(Done);
        await call.EndedAsync();
    }

    [Fact]
    public async Task The_clock_stands_still_while_a_human_answers_and_runs_out_at_last()
    {
        var session = Open();
        var call = _bridge.Legacy(session, Call);
        (await _bridge.Upstream.CalledAsync()).Answer(InputRequired($$$""" "a":{"method":"elicitation/create","params":{{{Form}}}} """));
        var asked = await AskedAsync(call);
        _bridge.Clock.Advance(TimeSpan.FromMinutes(9));
        Assert.False(call.IsOver);
        await AnswerAsync(session, asked, "\"result\":{\"action\":\"accept\"}");
        (await _bridge.Upstream.CalledAsync()).Answer(InputRequired($$$""" "a":{"method":"elicitation/create","params":{{{Form}}}} """));
        asked = await AskedAsync(call);
        _bridge.Clock.Advance(TimeSpan.FromMinutes(10));

        Assert.True((bool)(await call.ResultAsync())["isError"]!);
        var withdrawn = JsonNode.Parse(await call.Sink.SentAsync())!;
        Assert.Equal("notifications/cancelled", (string?)withdrawn["method"]);
        Assert.Equal((string?)asked["id"], (string?)withdrawn["params"]!["requestId"]);
        Assert.Equal(0, session.Pending.Count);

        // A late answer goes nowhere, and hurts nobody.
        await AnswerAsync(session, asked, "\"result\":{\"action\":\"accept\"}");
    }

    [Fact]
    public async Task A_client_that_cancels_its_call_is_not_waited_for()
    {
        var session = Open();
        var call = _bridge.Legacy(session, Call);
        (await _bridge.Upstream.CalledAsync()).Answer(InputRequired($$$""" "a":{"method":"elicitation/create","params":{{{Form}}}} """));
        await AskedAsync(call);
        await _bridge.Legacy(session, """{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"c"}}""").EndedAsync();
        await call.EndedAsync();

        Assert.Equal(ErrorKind.ClientGone, call.Error?.Kind);
        Assert.Equal(0, session.Pending.Count);
    }

    [Fact]
    public async Task On_the_aggregate_a_message_says_who_asks()
    {
        _bridge.OnAggregate = true;
        var session = Open();
        var call = _bridge.Legacy(session, Call);
        (await _bridge.Upstream.CalledAsync()).Answer(InputRequired($$$""" "a":{"method":"elicitation/create","params":{{{Form}}}} """));
        var asked = await AskedAsync(call);

        Assert.Equal("[files] Who?", (string?)asked["params"]!["message"]);
        await AnswerAsync(session, asked, "\"result\":{\"action\":\"cancel\"}");
        (await _bridge.Upstream.CalledAsync()).Answer(Done);
        await call.EndedAsync();
    }

    [Fact]
    public async Task A_capability_that_the_upstream_misses_is_told_in_words()
    {
        var call = _bridge.Legacy(Open(), Call);
        (await _bridge.Upstream.CalledAsync()).Say("""
            {"jsonrpc":"2.0","id":$id,"error":{"code":-32021,"message":"m","data":{"requiredCapabilities":{"extensions":{}}}}}
            """);

        Assert.Equal(-32603, await call.ErrorCodeAsync());
    }

    [Fact]
    public async Task What_a_legacy_client_invents_is_not_passed_on()
    {
        var call = _bridge.Legacy(Open(), """
            {"jsonrpc":"2.0","id":"c","method":"tools/call","params":{"inputResponses":{"a":1},"name":"greet","requestState":"x"}}
            """);
        var reply = await _bridge.Upstream.CalledAsync();

        Assert.Equal(["_meta", "name"], Params(reply).Select(member => member.Key));
        reply.Answer(Done);
        await call.EndedAsync();
    }

    private static JsonObject Params(FakeReply reply) => JsonNode.Parse(reply.Request)!["params"]!.AsObject();

    private static string InputRequired(string requests, string? state = null) =>
        $$$"""{"resultType":"input_required","inputRequests":{ {{{requests}}} }{{{(state is null ? "" : ",\"requestState\":" + state)}}}}""";

    private static async Task<JsonObject> AskedAsync(BridgeCall call) => JsonNode.Parse(await call.Sink.SentAsync())!.AsObject();

    private Session Open(ClientCapabilities capabilities = Everything) => _bridge.OpenSession(ProtocolRevision.V20251125, capabilities);

    private async Task AnswerAsync(Session session, JsonObject asked, string answer) =>
        await _bridge.Legacy(session, $$$"""{"jsonrpc":"2.0","id":{{{asked["id"]!.ToJsonString()}}},{{{answer}}}}""").EndedAsync();
}
