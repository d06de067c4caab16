using System.Text.Json.Nodes;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.Tests.DataPlane.Proxy;

/// <summary>A modern client calls a legacy upstream, which asks back.</summary>
public sealed class SuspendedCallTests : IAsyncDisposable
{
    private const string Elicitation = """{"elicitation":{}}""";
    private const string Form = """{"message":"Who?","requestedSchema":{"type":"object","properties":{"name":{"type":"string"}}}}""";
    private const string Tool = "\"name\":\"greet\",\"arguments\":{\"loud\":true,\"n\":1}";
    private const string Done = """{"content":[{"type":"text","text":"done"}]}""";

    private readonly Bridge _bridge = new(ProtocolRevision.V20251125, """{"logging":{}}""");

    public async ValueTask DisposeAsync() => await _bridge.DisposeAsync();

    [Fact]
    public async Task A_question_ends_the_request_and_its_answer_brings_the_result()
    {
        var (first, reply) = await AskedAsync();
        var asked = await first.ResultAsync();

        Assert.Equal("input_required", (string?)asked["resultType"]);
        var question = asked["inputRequests"]!["question-1"]!.AsObject();
        Assert.Equal(["method", "params"], question.Select(member => member.Key));
        Assert.Equal(Form, question["params"]!.ToJsonString());
        Assert.Equal("sample", (string?)asked["_meta"]!["io.modelcontextprotocol/serverInfo"]!["name"]);
        Assert.Equal(1, _bridge.Suspended.Count);
        Assert.False(reply.IsDisposed);

        var second = Retry(asked, """{"question-1":{"action":"accept","content":{"name":"Ann"}}}""");
        Assert.Equal("""{"jsonrpc":"2.0","id":"q","result":{"action":"accept","content":{"name":"Ann"}}}""", await _bridge.Upstream.PostedAsync());
        reply.Answer(Done);
        var result = await second.ResultAsync();

        Assert.Equal("done", (string?)result["content"]![0]!["text"]);
        Assert.Equal("complete", (string?)result["resultType"]);
        Assert.Equal(2, (int)(await second.ResponseAsync())["id"]!);
        Assert.Equal(0, _bridge.Suspended.Count);
        await reply.Disposed;
        Assert.False(_bridge.Upstream.HasPosted);
    }

    [Fact]
    public async Task The_upstream_session_has_exactly_the_capabilities_of_the_request()
    {
        var call = _bridge.Modern("tools/call", Tool, """{"sampling":{"tools":{}},"roots":{"listChanged":true},"elicitation":{"url":{}},"x":{}}""");
        (await _bridge.Upstream.CalledAsync()).Answer(Done);
        await call.EndedAsync();

        Assert.Equal(
            ClientCapabilities.Sampling | ClientCapabilities.SamplingTools | ClientCapabilities.Roots | ClientCapabilities.ElicitationUrl,
            _bridge.Upstream.Openings.Last());
    }

    [Fact]
    public async Task Methods_that_cannot_ask_run_in_a_session_without_capabilities()
    {
        var call = _bridge.Modern("tools/list", "", Elicitation);
        (await _bridge.Upstream.CalledAsync()).Answer("""{"tools":[]}""");
        await call.EndedAsync();

        Assert.All(_bridge.Upstream.Openings, opened => Assert.Equal(ClientCapabilities.None, opened));
    }

    [Fact]
    public async Task Questions_that_come_at_once_are_put_together()
    {
        var call = _bridge.Modern("tools/call", Tool, """{"elicitation":{},"sampling":{},"roots":{}}""");
        var reply = await _bridge.Upstream.CalledAsync();
        reply.Ask("1", "elicitation/create", Form);
        reply.Ask("\"1\"", "sampling/createMessage", """{"messages":[],"maxTokens":5,"_meta":{"progressToken":3},"task":{"ttl":1}}""");
        reply.Say("""{"jsonrpc":"2.0","id":3,"method":"roots/list"}""");
        await PassGraceAsync(reply);
        var asked = await call.ResultAsync();

        var requests = asked["inputRequests"]!.AsObject();
        Assert.Equal(["question-1", "question-2", "question-3"], requests.Select(request => request.Key));
        Assert.Equal("""{"messages":[],"maxTokens":5}""", requests["question-2"]!["params"]!.ToJsonString());
        Assert.Equal("""{"method":"roots/list"}""", requests["question-3"]!.ToJsonString());

        var retry = Retry(asked, """
            {"question-2":{"role":"assistant","content":{"type":"text","text":"hi"},"model":"m"},"question-3":{"roots":[]},"question-1":{"action":"decline"}}
            """, """{"elicitation":{},"sampling":{},"roots":{}}""");
        Assert.Contains("\"id\":\"1\"", await _bridge.Upstream.PostedAsync());
        Assert.Contains("\"id\":3", await _bridge.Upstream.PostedAsync());
        Assert.Equal("""{"jsonrpc":"2.0","id":1,"result":{"action":"decline"}}""", await _bridge.Upstream.PostedAsync());
        reply.Answer(Done);
        Assert.Equal("complete", (string?)(await retry.ResultAsync())["resultType"]);
    }

    [Fact]
    public async Task A_missing_answer_is_asked_for_again_with_another_state()
    {
        var call = _bridge.Modern("tools/call", Tool, Elicitation);
        var reply = await _bridge.Upstream.CalledAsync();
        reply.Ask("1", "elicitation/create", Form);
        reply.Ask("2", "elicitation/create", Form);
        await PassGraceAsync(reply);
        var first = await call.ResultAsync();

        var retry = Retry(first, """{"question-2":{"action":"cancel"},"something-else":5}""");
        Assert.Contains("\"id\":2", await _bridge.Upstream.PostedAsync());
        await PassGraceAsync(reply);
        var second = await retry.ResultAsync();

        Assert.Equal(["question-1"], second["inputRequests"]!.AsObject().Select(request => request.Key));
        Assert.NotEqual((string?)first["requestState"], (string?)second["requestState"]);

        // The state of the round before is of no use any more.
        Assert.Equal(-32602, await Retry(first, """{"question-1":{"action":"cancel"}}""").ErrorCodeAsync());
        var last = Retry(second, """{"question-1":{"action":"cancel"}}""");
        Assert.Contains("\"id\":1", await _bridge.Upstream.PostedAsync());
        reply.Answer(Done);
        await last.ResultAsync();
    }

    [Fact]
    public async Task A_retry_without_answers_is_asked_again()
    {
        var (call, reply) = await AskedAsync();
        var retry = Retry(await call.ResultAsync(), null);
        await PassGraceAsync(reply);

        Assert.Equal("input_required", (string?)(await retry.ResultAsync())["resultType"]);
    }

    [Theory]
    [InlineData("5")]
    [InlineData("[]")]
    [InlineData("""{"question-1":null}""")]
    [InlineData("""{"question-1":7}""")]
    [InlineData("""{"question-1":{"action":"maybe"}}""")]
    [InlineData("""{"question-1":{"action":"accept","content":3}}""")]
    [InlineData("""{"question-1":{"action":"cancel"},"question-1":{"action":"accept"}}""")]
    public async Task A_malformed_answer_is_refused_and_the_call_goes_on_waiting(string answers)
    {
        var (call, reply) = await AskedAsync();
        var asked = await call.ResultAsync();

        Assert.Equal(-32602, await Retry(asked, answers).ErrorCodeAsync());
        Assert.Equal(1, _bridge.Suspended.Count);
        Assert.False(_bridge.Upstream.HasPosted);

        var retry = Retry(asked, """{"question-1":{"action":"cancel"}}""");
        await _bridge.Upstream.PostedAsync();
        reply.Answer(Done);
        await retry.ResultAsync();
    }

    [Fact]
    public async Task Further_rounds_follow_one_another()
    {
        var (call, reply) = await AskedAsync();
        for (var round = 2; round <= 16; round++)
        {
            var retry = Retry(await call.ResultAsync(), $$$"""{"question-{{{round - 1}}}":{"action":"cancel"}}""");
            await _bridge.Upstream.PostedAsync();
            reply.Ask("\"q\"", "elicitation/create", Form);
            await PassGraceAsync(reply);
            call = retry;
        }

        var last = Retry(await call.ResultAsync(), """{"question-16":{"action":"cancel"}}""");
        await _bridge.Upstream.PostedAsync();
        reply.Ask("\"q\"", "elicitation/create", Form);
        await PassGraceAsync(reply);

        Assert.Equal(-32603, await last.ErrorCodeAsync());
        Assert.Contains("\"cancel\"", await _bridge.Upstream.PostedAsync());
        Assert.Contains("notifications/cancelled", await _bridge.Upstream.PostedAsync());
    }

    [Fact]
    public async Task The_retry_gets_progress_under_its_own_token_and_messages_of_its_own_level()
    {
        var first = _bridge.Modern("tools/call", Tool, Elicitation, meta: ",\"progressToken\":\"one\"");
        var reply = await _bridge.Upstream.CalledAsync();
        var token = JsonNode.Parse(reply.Request)!["params"]!["_meta"]!["progressToken"]!.ToJsonString();
        reply.Say(Progress(token, 1));
        Assert.Contains("\"progressToken\":\"one\"", await first.Sink.SentAsync());
        reply.Ask("\"q\"", "elicitation/create", Form);
        await PassGraceAsync(reply);
        var asked = await first.ResultAsync();

        // Nobody listens: it is dropped.
        reply.Say(Progress(token, 2));
        await reply.ReadAsync();
        var retry = Retry(
            asked, """{"question-1":{"action":"cancel"}}""", meta: ",\"progressToken\":77,\"io.modelcontextprotocol/logLevel\":\"warning\"");
        var telling = await _bridge.Upstream.CalledAsync();
        Assert.Contains("""{"level":"warning"}""", telling.Request);
        telling.Answer("{}");
        await _bridge.Upstream.PostedAsync();
        reply.Say(Progress(token, 3));
        reply.Say("""{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}""");
        reply.Say("""{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"error","data":"y"}}""");
        reply.Answer(Done);
        await retry.EndedAsync();

        Assert.Contains("\"progressToken\":77,\"progress\":3", await retry.Sink.SentAsync());
        Assert.Contains("\"data\":\"y\"", await retry.Sink.SentAsync());
        Assert.False(retry.Sink.HasSent);
    }

    [Fact]
    public async Task A_result_that_comes_while_nobody_waits_is_kept_for_the_retry()
    {
        var (call, reply) = await AskedAsync();
        var asked = await call.ResultAsync();
        reply.Answer(Done);
        await reply.Disposed;

        var result = await Retry(asked, """{"question-1":{"action":"accept"}}""").ResultAsync();
        Assert.Equal("done", (string?)result["content"]![0]!["text"]);
        Assert.False(_bridge.Upstream.HasPosted);
    }

    [Fact]
    public async Task A_reply_that_breaks_while_nobody_waits_is_told_to_the_retry()
    {
        var (call, reply) = await AskedAsync();
        var asked = await call.ResultAsync();
        reply.Break();
        await reply.Disposed;

        var retry = Retry(asked, """{"question-1":{"action":"accept"}}""");
        await retry.EndedAsync();
        Assert.Equal(ErrorKind.UpstreamUnavailable, retry.Error?.Kind);
    }

    [Fact]
    public async Task A_question_that_the_upstream_withdraws_is_not_asked_again()
    {
        var (call, reply) = await AskedAsync();
        var asked = await call.ResultAsync();
        reply.Say("""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"q"}}""");
        reply.Ask("\"r\"", "elicitation/create", Form);
        await reply.ReadAsync();

        var retry = Retry(asked, """{"question-1":{"action":"accept"}}""");
        await PassGraceAsync(reply);
        Assert.Equal(["question-2"], (await retry.ResultAsync())["inputRequests"]!.AsObject().Select(request => request.Key));
        Assert.False(_bridge.Upstream.HasPosted);
    }

    [Fact]
    public async Task A_client_that_never_comes_back_costs_the_upstream_a_cancellation()
    {
        var call = _bridge.Modern("tools/call", Tool, """{"elicitation":{},"sampling":{},"roots":{}}""");
        var reply = await _bridge.Upstream.CalledAsync();
        reply.Ask("1", "elicitation/create", Form);
        reply.Ask("2", "sampling/createMessage", """{"messages":[],"maxTokens":5}""");
        reply.Ask("3", "roots/list", "{}");
        await PassGraceAsync(reply);
        var asked = await call.ResultAsync();
        await reply.ReadAsync();

        _bridge.Clock.Advance(TimeSpan.FromMinutes(9));
        Assert.False(_bridge.Upstream.HasPosted);
        _bridge.Clock.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal("""{"jsonrpc":"2.0","id":1,"result":{"action":"cancel"}}""", await _bridge.Upstream.PostedAsync());
        Assert.Contains("\"code\":-1,", await _bridge.Upstream.PostedAsync());
        Assert.Contains("\"code\":-32603,", await _bridge.Upstream.PostedAsync());
        Assert.Contains("notifications/cancelled", await _bridge.Upstream.PostedAsync());
        await reply.Disposed;
        Assert.Equal(0, _bridge.Suspended.Count);
        Assert.Equal(-32602, await Retry(asked, """{"question-1":{"action":"cancel"}}""").ErrorCodeAsync());
        Assert.False(_bridge.Upstream.HasCall);
    }

    [Fact]
    public async Task A_state_is_good_for_its_caller_method_name_and_arguments_only()
    {
        var (call, reply) = await AskedAsync();
        var asked = await call.ResultAsync();
        var state = (string)asked["requestState"]!;
        var answers = """ "inputResponses":{"question-1":{"action":"cancel"}} """;

        foreach (var parameters in new[]
        {
            $"\"name\":\"other\",\"arguments\":{{\"loud\":true,\"n\":1}},\"requestState\":\"{state}\",{answers}",
            $"\"name\":\"greet\",\"arguments\":{{\"loud\":false,\"n\":1}},\"requestState\":\"{state}\",{answers}",
            $"\"name\":\"greet\",\"requestState\":\"{state}\",{answers}",
            $"{Tool},\"requestState\":\"{state}-TAMPERED\",{answers}",
            $"{Tool},\"requestState\":\"\",{answers}",
            $"{Tool},\"requestState\":7,{answers}",
        })
        {
            var retry = _bridge.Modern("tools/call", parameters, Elicitation, id: 9);
            Assert.Equal(-32602, await retry.ErrorCodeAsync());
            Assert.Equal("requestState is invalid or expired", retry.Error!.Message);
        }

        Assert.Equal(-32602, await _bridge.Modern("prompts/get", $"{Tool},\"requestState\":\"{state}\",{answers}", Elicitation).ErrorCodeAsync());
        _bridge.Caller = _bridge.CallerNamed("key-2");
        Assert.Equal(-32602, await Retry(asked, """{"question-1":{"action":"cancel"}}""").ErrorCodeAsync());

        // None of that ran anything or lost the call.
        Assert.False(_bridge.Upstream.HasCall);
        _bridge.Caller = _bridge.CallerNamed("key-1");
        var rightful = _bridge.Modern(
            "tools/call", $"\"arguments\":{{\"n\":1 , \"l\\u006fud\":true}},\"name\":\"greet\",\"requestState\":\"{state}\",{answers}", Elicitation, id: 10);
        await _bridge.Upstream.PostedAsync();
        reply.Answer(Done);
        Assert.Equal("complete", (string?)(await rightful.ResultAsync())["resultType"]);
    }

    [Fact]
    public async Task A_state_is_taken_by_one_of_two_retries()
    {
        var (call, reply) = await AskedAsync();
        var asked = await call.ResultAsync();
        var one = Retry(asked, """{"question-1":{"action":"cancel"}}""");
        await _bridge.Upstream.PostedAsync();

        Assert.Equal(-32602, await Retry(asked, """{"question-1":{"action":"cancel"}}""").ErrorCodeAsync());
        reply.Answer(Done);
        await one.ResultAsync();
    }

    [Fact]
    public async Task A_client_that_leaves_its_retry_cancels_the_call()
    {
        var (call, reply) = await AskedAsync();
        var retry = Retry(await call.ResultAsync(), """{"question-1":{"action":"cancel"}}""");
        await _bridge.Upstream.PostedAsync();
        await retry.ClientGone.CancelAsync();
        await retry.EndedAsync();

        Assert.Equal(ErrorKind.ClientGone, retry.Error?.Kind);
        Assert.Contains("notifications/cancelled", await _bridge.Upstream.PostedAsync());
        await reply.Disposed;
    }

    [Fact]
    public async Task The_first_request_s_connection_matters_no_more_once_it_was_answered()
    {
        var (call, reply) = await AskedAsync();
        var asked = await call.ResultAsync();
        await call.ClientGone.CancelAsync();
        var retry = Retry(asked, """{"question-1":{"action":"cancel"}}""");
        await _bridge.Upstream.PostedAsync();
        reply.Answer(Done);

        Assert.Equal("complete", (string?)(await retry.ResultAsync())["resultType"]);
    }

    [Fact]
    public async Task Silence_after_the_answers_times_out_as_before()
    {
        var (call, reply) = await AskedAsync();
        _bridge.Clock.Advance(TimeSpan.FromMinutes(5));
        var retry = Retry(await call.ResultAsync(), """{"question-1":{"action":"cancel"}}""");
        await _bridge.Upstream.PostedAsync();
        await reply.ReadAsync();
        _bridge.Clock.Advance(_bridge.Server.Config.Timeout);
        await retry.EndedAsync();

        Assert.Equal(ErrorKind.UpstreamTimeout, retry.Error?.Kind);
        Assert.Contains("notifications/cancelled", await _bridge.Upstream.PostedAsync());
    }

    [Fact]
    public async Task An_upstream_that_cannot_be_told_the_answers_fails_the_retry()
    {
        var (call, _) = await AskedAsync();
        _bridge.Upstream.PostError = new GatewayError(ErrorKind.UpstreamUnavailable, "Lost.");
        var retry = Retry(await call.ResultAsync(), """{"question-1":{"action":"cancel"}}""");
        await retry.EndedAsync();

        Assert.Equal(ErrorKind.UpstreamUnavailable, retry.Error?.Kind);
        Assert.Equal(0, _bridge.Suspended.Count);
    }

    [Theory]
    [InlineData("elicitation/create", Form, """{"sampling":{}}""", -32602)]
    [InlineData("elicitation/create", """{"mode":"url","url":"https://a.example","message":"m","elicitationId":"e"}""", Elicitation, -32602)]
    [InlineData("sampling/createMessage", """{"messages":[],"maxTokens":1}""", Elicitation, -32601)]
    [InlineData("sampling/createMessage", """{"messages":[],"maxTokens":1,"tools":[]}""", """{"sampling":{}}""", -32601)]
    [InlineData("roots/list", "{}", "{}", -32601)]
    [InlineData("something/else", "{}", Elicitation, -32601)]
    public async Task What_the_client_did_not_declare_is_not_asked(string method, string parameters, string declared, int code)
    {
        var call = _bridge.Modern("tools/call", Tool, declared);
        var reply = await _bridge.Upstream.CalledAsync();
        reply.Ask("5", method, parameters);
        Assert.Contains($"\"code\":{code}", await _bridge.Upstream.PostedAsync());
        reply.Answer(Done);

        Assert.Equal("complete", (string?)(await call.ResultAsync())["resultType"]);
    }

    [Theory]
    [InlineData("""{"content":[],"isError":true}""")]
    [InlineData(null)]
    public async Task A_tool_that_fails_for_want_of_a_capability_names_the_capability(string? result)
    {
        var call = _bridge.Modern("tools/call", Tool);
        var reply = await _bridge.Upstream.CalledAsync();
        reply.Ask("5", "sampling/createMessage", """{"messages":[],"maxTokens":1}""");
        if (result is null)
        {
            reply.Say("""{"jsonrpc":"2.0","id":$id,"error":{"code":-32603,"message":"no"}}""");
        }
        else
        {
            reply.Answer(result);
        }

        Assert.Equal(-32021, await call.ErrorCodeAsync());
        Assert.Equal(400, call.Sink.Status);
        Assert.Equal("""{"requiredCapabilities":{"sampling":{}}}""", (await call.ResponseAsync())["error"]!["data"]!.ToJsonString());
    }

    [Fact]
    public async Task Pages_to_visit_first_are_questions_and_the_retry_is_a_new_call()
    {
        var declared = """{"elicitation":{"url":{}}}""";
        var call = _bridge.Modern("tools/call", Tool, declared);
        SayUrlRequired(await _bridge.Upstream.CalledAsync());
        var asked = await call.ResultAsync();

        Assert.Equal("""{"mode":"url","url":"https://a.example","message":"Log in"}""", asked["inputRequests"]!["page-1"]!["params"]!.ToJsonString());
        Assert.Equal(0, _bridge.Suspended.Count);

        _bridge.Visits.Complete(_bridge.Server.Id, """{"jsonrpc":"2.0","method":"notifications/elicitation/complete","params":{"elicitationId":"e"}}"""u8.ToArray(), null);
        var retry = Retry(asked, """{"page-1":{"action":"accept"}}""", declared);
        var again = await _bridge.Upstream.CalledAsync();
        Assert.DoesNotContain("inputResponses", again.Request);
        Assert.DoesNotContain("requestState", again.Request);
        SayUrlRequired(again);
        var second = await retry.ResultAsync();
        Assert.NotEqual((string?)asked["requestState"], (string?)second["requestState"]);

        var refusal = await Retry(second, """{"page-1":{"action":"decline"}}""", declared).ResultAsync();
        Assert.True((bool)refusal["isError"]!);
        Assert.False(_bridge.Upstream.HasCall);
    }

    [Fact]
    public async Task Pages_to_visit_need_the_capability()
    {
        var call = _bridge.Modern("tools/call", Tool, Elicitation);
        SayUrlRequired(await _bridge.Upstream.CalledAsync());

        Assert.Equal(-32021, await call.ErrorCodeAsync());
        Assert.Equal("""{"requiredCapabilities":{"elicitation":{"url":{}}}}""", (await call.ResponseAsync())["error"]!["data"]!.ToJsonString());
    }

    [Fact]
    public async Task On_the_aggregate_a_message_says_who_asks()
    {
        _bridge.OnAggregate = true;
        var (call, _) = await AskedAsync();

        Assert.Equal("[files] Who?", (string?)(await call.ResultAsync())["inputRequests"]!["question-1"]!["params"]!["message"]);
    }

    [Fact]
    public async Task One_caller_may_have_so_many_calls_suspended()
    {
        for (var i = 0; i < SuspendedCalls.MaxCallsPerCaller; i++)
        {
            await (await AskedAsync()).Call.ResultAsync();
        }

        var (call, reply) = await AskedAsync();
        await call.EndedAsync();
        Assert.Equal(ErrorKind.Saturated, call.Error?.Kind);
        Assert.Contains("\"action\":\"cancel\"", await _bridge.Upstream.PostedAsync());
        Assert.Contains("notifications/cancelled", await _bridge.Upstream.PostedAsync());
        await reply.Disposed;

        _bridge.Caller = _bridge.CallerNamed("key-2");
        Assert.Equal("input_required", (string?)(await (await AskedAsync()).Call.ResultAsync())["resultType"]);
    }

    [Fact]
    public async Task Answers_to_questions_that_were_never_asked_do_not_reach_the_upstream()
    {
        var call = _bridge.Modern("tools/call", Tool + ",\"inputResponses\":{\"user_name\":{\"action\":\"accept\"}}", Elicitation);
        var reply = await _bridge.Upstream.CalledAsync();
        Assert.Equal("""{"name":"greet","arguments":{"loud":true,"n":1},"_meta":{}}""", JsonNode.Parse(reply.Request)!["params"]!.ToJsonString());
        reply.Answer(Done);
        await call.EndedAsync();
    }

    [Fact]
    public async Task Prompts_and_resources_are_suspended_too()
    {
        foreach (var (method, parameters, result) in new[]
        {
            ("prompts/get", "\"name\":\"p\"", """{"messages":[]}"""),
            ("resources/read", "\"uri\":\"file:///a\"", """{"contents":[{"uri":"file:///a","text":"x"}]}"""),
        })
        {
            var call = _bridge.Modern(method, parameters, Elicitation);
            var reply = await _bridge.Upstream.CalledAsync();
            reply.Ask("\"q\"", "elicitation/create", Form);
            await PassGraceAsync(reply);
            var state = (string)(await call.ResultAsync())["requestState"]!;
            var retry = _bridge.Modern(
                method, $$$"""{{{parameters}}},"requestState":"{{{state}}}","inputResponses":{"question-1":{"action":"cancel"}}""", Elicitation, id: "\"x\"");
            await _bridge.Upstream.PostedAsync();
            reply.Answer(result);
            Assert.Equal("complete", (string?)(await retry.ResultAsync())["resultType"]);
        }
    }

    [Fact]
    public async Task Shutting_down_tells_the_upstreams()
    {
        var (call, reply) = await AskedAsync();
        await call.ResultAsync();
        await _bridge.Suspended.DisposeAsync();

        Assert.Contains("\"action\":\"cancel\"", await _bridge.Upstream.PostedAsync());
        Assert.Contains("notifications/cancelled", await _bridge.Upstream.PostedAsync());
        await reply.Disposed;
    }

    [Fact]
    public async Task The_upstream_is_told_the_level_of_log_messages_once()
    {
        const string level = ",\"io.modelcontextprotocol/logLevel\":";
        var first = _bridge.Modern("tools/call", Tool, meta: level + "\"info\"");
        var telling = await _bridge.Upstream.CalledAsync();
        Assert.Equal("""{"level":"info"}""", JsonNode.Parse(telling.Request)!["params"]!.ToJsonString());
        telling.Answer("{}");
        (await _bridge.Upstream.CalledAsync()).Answer(Done);
        await first.ResultAsync();

        // Less than it says already: nothing to tell.
        var second = _bridge.Modern("tools/call", Tool, meta: level + "\"error\"");
        var call = await _bridge.Upstream.CalledAsync();
        Assert.Contains("tools/call", call.Request);
        call.Answer(Done);
        await second.ResultAsync();

        var third = _bridge.Modern("tools/call", Tool, meta: level + "\"debug\"");
        telling = await _bridge.Upstream.CalledAsync();
        Assert.Contains("logging/setLevel", telling.Request);
        telling.Answer("{}");
        (await _bridge.Upstream.CalledAsync()).Answer(Done);
        await third.ResultAsync();
    }

    private static string Progress(string token, int progress) =>
        $$$"""{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":{{{token}}},"progress":{{{progress}}}}}""";

    private static void SayUrlRequired(FakeReply reply) => reply.Say("""
        {"jsonrpc":"2.0","id":$id,"error":{"code":-32042,"message":"log in","data":{"elicitations":[
        {"mode":"url","elicitationId":"e","url":"https://a.example","message":"Log in"}]}}}
        """);

    /// <summary>A call whose upstream has asked one question, under the id "q".</summary>
    private async Task<(BridgeCall Call, FakeReply Reply)> AskedAsync()
    {
        var call = _bridge.Modern("tools/call", Tool, Elicitation);
        var reply = await _bridge.Upstream.CalledAsync();
        reply.Ask("\"q\"", "elicitation/create", Form);
        await PassGraceAsync(reply);
        return (call, reply);
    }

    private async Task PassGraceAsync(FakeReply reply)
    {
        await reply.ReadAsync();
        await _bridge.PassAsync(TimeSpan.FromMilliseconds(20));
    }

    private BridgeCall Retry(JsonObject asked, string? answers, string capabilities = Elicitation, string meta = "")
    {
        var responses = answers is null ? "" : $",\"inputResponses\":{answers}";
        return _bridge.Modern("tools/call", $"{Tool},\"requestState\":\"{(string?)asked["requestState"]}\"{responses}", capabilities, id: 2, meta: meta);
    }
}
