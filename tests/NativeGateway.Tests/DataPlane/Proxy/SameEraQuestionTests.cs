using System.Text.Json.Nodes;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.Protocol;

namespace NativeGateway.Tests.DataPlane.Proxy;

/// <summary>Questions between two modern peers, whose state the gateway seals, and between two legacy ones, whose ids it changes.</summary>
public sealed class SameEraQuestionTests : IAsyncDisposable
{
    private const string Tool = "\"name\":\"greet\",\"arguments\":{}";
    private const string Form = """{"message":"Who?","requestedSchema":{"type":"object","properties":{}}}""";
    private const string Call = """{"jsonrpc":"2.0","id":"c","method":"tools/call","params":{"name":"greet","_meta":{"progressToken":5}}}""";
    private const string Done = """{"content":[]}""";

    private Bridge _bridge = new(ProtocolRevision.V20260728);

    public async ValueTask DisposeAsync() => await _bridge.DisposeAsync();

    [Theory]
    [InlineData("\"plain\"")]
    [InlineData("\"b\\u00e4\\/\\n\"")]
    [InlineData("\"\"")]
    public async Task The_upstream_gets_its_state_back_byte_for_byte(string inner)
    {
        var asked = await AskedAsync($$$"""{"resultType":"input_required","inputRequests":{"user_name":{"method":"roots/list"}},"requestState":{{{inner}}}}""");
        Assert.NotEqual(inner, asked["requestState"]!.ToJsonString());
        Assert.Equal("""{"user_name":{"method":"roots/list"}}""", asked["inputRequests"]!.ToJsonString());
        Assert.Null(asked["ttlMs"]);

        var retry = _bridge.Modern("tools/call", $"{Tool},\"inputResponses\":{{\"user_name\": 5}},\"requestState\":\"{(string?)asked["requestState"]}\"", id: 2);
        var reply = await _bridge.Upstream.CalledAsync();
        Assert.Contains($"\"inputResponses\":{{\"user_name\": 5}},\"requestState\":{inner},", reply.Request);
        reply.Answer(Done);
        await retry.ResultAsync();
    }

    [Fact]
    public async Task Where_there_is_no_state_there_is_none()
    {
        var asked = await AskedAsync("""{"resultType":"input_required","inputRequests":{"a":{"method":"roots/list"}}}""");
        Assert.False(asked.ContainsKey("requestState"));

        var call = _bridge.Modern("tools/call", $"{Tool},\"inputResponses\":{{\"a\":null,\"b\":7}}", id: 2);
        var reply = await _bridge.Upstream.CalledAsync();
        Assert.Contains("\"inputResponses\":{\"a\":null,\"b\":7}", reply.Request);
        Assert.DoesNotContain("requestState", reply.Request);
        reply.Answer(Done);
        await call.ResultAsync();
    }

    [Fact]
    public async Task Each_round_has_a_state_of_its_own()
    {
        const string result = """{"resultType":"input_required","requestState":"same"}""";
        Assert.NotEqual((string?)(await AskedAsync(result))["requestState"], (string?)(await AskedAsync(result))["requestState"]);
    }

    [Fact]
    public async Task A_state_that_was_altered_or_is_somebody_else_s_or_is_old_runs_nothing()
    {
        var state = (string)(await AskedAsync("""{"resultType":"input_required","requestState":"s"}"""))["requestState"]!;
        foreach (var sent in new[] { state + "-TAMPERED", state + "A", state + "=", " " + state, state[..^1], "s", "" })
        {
            Assert.Equal(-32602, await _bridge.Modern("tools/call", $"{Tool},\"requestState\":\"{sent}\"").ErrorCodeAsync());
        }

        Assert.Equal(-32602, await _bridge.Modern("tools/call", $"\"name\":\"greet\",\"requestState\":\"{state}\"").ErrorCodeAsync());
        _bridge.Caller = _bridge.CallerNamed("key-2");
        Assert.Equal(-32602, await _bridge.Modern("tools/call", $"{Tool},\"requestState\":\"{state}\"").ErrorCodeAsync());
        _bridge.Caller = _bridge.CallerNamed("key-1");
        _bridge.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(-32602, await _bridge.Modern("tools/call", $"{Tool},\"requestState\":\"{state}\"").ErrorCodeAsync());
        Assert.False(_bridge.Upstream.HasCall);
    }

    [Fact]
    public async Task Only_on_the_aggregate_a_modern_question_says_who_asks()
    {
        const string form = "{\"method\":\"elicitation/create\",\"params\":" + Form + "}";
        const string sampling = "{\"method\":\"sampling/createMessage\",\"params\":{\"message\":\"x\"}}";
        const string result = "{\"resultType\":\"input_required\",\"inputRequests\":{\"a\":" + form + ",\"b\":" + sampling + "}}";
        Assert.Equal("Who?", (string?)(await AskedAsync(result))["inputRequests"]!["a"]!["params"]!["message"]);

        _bridge.OnAggregate = true;
        var asked = (await AskedAsync(result))["inputRequests"]!;
        Assert.Equal("[files] Who?", (string?)asked["a"]!["params"]!["message"]);
        Assert.Equal("x", (string?)asked["b"]!["params"]!["message"]);
    }

    [Fact]
    public async Task Between_legacy_peers_the_id_is_the_gateway_s_and_the_answer_finds_back()
    {
        var session = await OpenLegacyAsync();
        var call = _bridge.Legacy(session, Call);
        var reply = await _bridge.Upstream.CalledAsync();
        reply.Ask("7", "elicitation/create", Form);
        var asked = JsonNode.Parse(await call.Sink.SentAsync())!;
        Assert.Equal(Form, asked["params"]!.ToJsonString());

        // The call's clock stands still meanwhile, even when the upstream reports progress.
        reply.Say("""{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"foreign","progress":1}}""");
        await reply.ReadAsync();
        _bridge.Clock.Advance(TimeSpan.FromMinutes(9));
        await AnswerAsync(session, asked);
        Assert.Equal("""{"jsonrpc":"2.0","id":7,"result":{"action":"cancel"}}""", await _bridge.Upstream.PostedAsync());
        reply.Answer(Done);
        await call.ResultAsync();
    }

    [Fact]
    public async Task Between_legacy_peers_too_a_form_that_cannot_be_shown_is_cancelled()
    {
        await OpenLegacyAsync();
        var session = _bridge.OpenSession(ProtocolRevision.V20250618, ClientCapabilities.ElicitationForm);
        var call = _bridge.Legacy(session, Call);
        var reply = await _bridge.Upstream.CalledAsync();
        reply.Ask("7", "elicitation/create", """{"message":"m","requestedSchema":{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"array"}}}}""");

        Assert.Equal("""{"jsonrpc":"2.0","id":7,"result":{"action":"cancel"}}""", await _bridge.Upstream.PostedAsync());
        reply.Answer(Done);
        await call.ResultAsync();
    }

    [Fact]
    public async Task A_question_that_a_legacy_upstream_withdraws_is_withdrawn_from_the_client()
    {
        var session = await OpenLegacyAsync();
        var call = _bridge.Legacy(session, Call);
        var reply = await _bridge.Upstream.CalledAsync();
        reply.Ask("7", "elicitation/create", Form);
        var asked = JsonNode.Parse(await call.Sink.SentAsync())!;
        reply.Say("""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7,"reason":"late"}}""");

        var withdrawn = JsonNode.Parse(await call.Sink.SentAsync())!;
        Assert.Equal((string?)asked["id"], (string?)withdrawn["params"]!["requestId"]);
        Assert.Equal("late", (string?)withdrawn["params"]!["reason"]);
        await AnswerAsync(session, asked);
        reply.Answer(Done);
        await call.ResultAsync();
        Assert.False(_bridge.Upstream.HasPosted);
    }

    [Fact]
    public async Task Questions_do_not_outlive_their_call()
    {
        var session = await OpenLegacyAsync();
        var call = _bridge.Legacy(session, Call);
        var reply = await _bridge.Upstream.CalledAsync();
        reply.Ask("7", "elicitation/create", Form);
        await call.Sink.SentAsync();
        reply.Answer(Done);
        await call.ResultAsync();

        Assert.Equal(0, session.Pending.Count);
    }

    [Fact]
    public async Task A_legacy_client_that_does_not_answer_ends_its_call()
    {
        var session = await OpenLegacyAsync();
        var call = _bridge.Legacy(session, Call);
        var reply = await _bridge.Upstream.CalledAsync();
        reply.Ask("7", "elicitation/create", Form);
        await call.Sink.SentAsync();
        await reply.ReadAsync();
        _bridge.Clock.Advance(TimeSpan.FromMinutes(10));

        Assert.Equal(-32603, await call.ErrorCodeAsync());
        Assert.Contains("notifications/cancelled", await call.Sink.SentAsync());
        Assert.Contains("notifications/cancelled", await _bridge.Upstream.PostedAsync());
    }

    [Theory]
    [InlineData("elicitation/create", """{"mode":"url","url":"https://a.example","message":"m","elicitationId":"e"}""", -32602)]
    [InlineData("sampling/createMessage", "{}", -32601)]
    [InlineData("roots/list", "{}", -32601)]
    public async Task Between_legacy_peers_too_what_was_not_declared_is_not_asked(string method, string parameters, int code)
    {
        var session = await OpenLegacyAsync();
        var call = _bridge.Legacy(session, Call);
        var reply = await _bridge.Upstream.CalledAsync();
        reply.Ask("7", method, parameters);
        Assert.Contains($"\"code\":{code}", await _bridge.Upstream.PostedAsync());
        reply.Answer(Done);
        await call.ResultAsync();
        Assert.False(call.Sink.HasSent);
    }

    [Fact]
    public async Task Pages_to_visit_are_told_in_words_to_a_client_that_knows_none()
    {
        var session = await OpenLegacyAsync();
        var call = _bridge.Legacy(session, Call);
        (await _bridge.Upstream.CalledAsync()).Say("""{"jsonrpc":"2.0","id":$id,"error":{"code":-32042,"message":"m","data":{"elicitations":[]}}}""");

        Assert.Equal(-32603, await call.ErrorCodeAsync());
    }

    private async Task<Session> OpenLegacyAsync()
    {
        await _bridge.DisposeAsync();
        _bridge = new Bridge(ProtocolRevision.V20251125);
        return _bridge.OpenSession(ProtocolRevision.V20251125, ClientCapabilities.ElicitationForm);
    }

    private async Task<JsonObject> AskedAsync(string result)
    {
        var call = _bridge.Modern("tools/call", Tool, """{"elicitation":{}}""");
        (await _bridge.Upstream.CalledAsync()).Answer(result);
        return await call.ResultAsync();
    }

    private async Task AnswerAsync(Session session, JsonNode asked) => await _bridge
        .Legacy(session, $$$"""{"jsonrpc":"2.0","id":{{{asked["id"]!.ToJsonString()}}},"result":{"action":"cancel"}}""").EndedAsync();
}
