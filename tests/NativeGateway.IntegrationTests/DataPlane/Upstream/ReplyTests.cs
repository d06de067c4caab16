using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Upstream;

/// <summary>What comes back for one request, in every form that an upstream may give it.</summary>
public sealed class ReplyTests
{
    private const string Progress = """{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}""";
    private const string Sampling = """{"jsonrpc":"2.0","id":"q1","method":"sampling/createMessage","params":{}}""";

    [Fact]
    public async Task One_json_message_is_the_answer()
    {
        var outcome = await CallAsync(request => request.ResultAsync("""{"content":[]}"""));

        Assert.Null(outcome.Error);
        Assert.Contains("""{"content":[]}""", Assert.Single(outcome.Messages), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_json_answer_may_be_pretty_and_come_in_pieces()
    {
        var outcome = await CallAsync(async request =>
        {
            var body = $"{{\n  \"jsonrpc\": \"2.0\",\n  \"id\": {request.Id},\n  \"result\": {{}}\n}}\n";
            await request.WriteAsync($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n");
            foreach (var one in body)
            {
                await request.WriteAsync(one.ToString());
            }
        });

        Assert.Null(outcome.Error);
        Assert.Contains("\"result\": {}", Assert.Single(outcome.Messages), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_messages_may_follow_one_another_line_by_line()
    {
        var outcome = await CallAsync(request => request.JsonAsync($"{Progress}\n{Progress}\n{request.Result("{}")}\n"));

        Assert.Null(outcome.Error);
        Assert.Equal(3, outcome.Messages.Count);
        Assert.Equal(Progress, outcome.Messages[0]);
    }

    [Fact]
    public async Task Json_lines_are_handed_on_as_they_come()
    {
        var read = new TaskCompletionSource();
        await using var upstream = new ScriptedUpstream(new LegacyScript
        {
            OnCall = async request =>
            {
                await request.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
                await request.ChunkAsync(Progress + "\n");
                await read.Task;
                await request.ChunkAsync(request.Result("{}") + "\n");
                await request.EndAsync();
            },
        }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        var session = await gateway.OpenAsync();
        await using var reply = (await session.SendAsync(UpstreamHarness.ToolCall(session), CancellationToken.None)).Reply!;

        var first = await reply.ReadAsync(CancellationToken.None);
        read.SetResult();
        var second = await reply.ReadAsync(CancellationToken.None);

        Assert.Equal(McpMethod.NotifyProgress, first.Message.MethodCode);
        Assert.True(second.Message.IsResponse);
    }

    [Fact]
    public async Task Events_are_handed_on_in_order_until_the_answer()
    {
        var outcome = await CallAsync(async request =>
        {
            await request.BeginEventsAsync();
            await request.ChunkAsync(": hello\n\n");
            await request.EventAsync("", id: "0");
            await request.EventAsync(Progress);
            await request.ChunkAsync("event: other\ndata: not for us\n\n");
            await request.EventAsync(Sampling);
            await request.ChunkAsync($"event: message\r\ndata: {request.Result("{}")[..16]}\r\ndata: {request.Result("{}")[16..]}\r\n\r\n");
            await request.EndAsync();
        });

        Assert.Null(outcome.Error);
        Assert.Equal([Progress, Sampling], outcome.Messages.Take(2));
        Assert.Equal(3, outcome.Messages.Count);
    }

    [Fact]
    public async Task The_answer_ends_the_reply_even_when_the_stream_stays_open()
    {
        var outcome = await CallAsync(async request =>
        {
            await request.BeginEventsAsync();
            await request.EventAsync(request.Result("{}"));
            await request.ClosedAsync();
        });

        Assert.Null(outcome.Error);
    }

    [Fact]
    public async Task Responses_to_others_are_passed_over()
    {
        var outcome = await CallAsync(async request =>
        {
            await request.BeginEventsAsync();
            await request.EventAsync("""{"jsonrpc":"2.0","id":99999,"result":{"foreign":1}}""");
            await request.EventAsync($$$"""{"jsonrpc":"2.0","id":"{{{request.Id}}}","result":{"foreign":2}}""");
            await request.EventAsync("""{"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"foreign"}}""");
            await request.EventAsync(request.Result("""{"own":true}"""));
            await request.EndAsync();
        });

        Assert.Contains("\"own\":true", Assert.Single(outcome.Messages), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pings_are_answered_and_not_handed_on()
    {
        await using var upstream = new ScriptedUpstream(new LegacyScript
        {
            OnCall = async request =>
            {
                await request.BeginEventsAsync();
                await request.EventAsync("""{"jsonrpc":"2.0","id":"p-1","method":"ping"}""");
                await request.EventAsync(request.Result("{}"));
                await request.EndAsync();
            },
        }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);

        var outcome = await gateway.CallAsync();

        Assert.Single(outcome.Messages);
        var pong = await upstream.NextAsync("response");
        Assert.Equal("""{"jsonrpc":"2.0","id":"p-1","result":{}}""", pong.Body);
        Assert.Equal("s-1", pong.Header("Mcp-Session-Id"));
    }

    [Fact]
    public async Task Changes_of_lists_and_resources_go_to_the_events_instead()
    {
        const string updated = """{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"a://b"}}""";
        await using var upstream = new ScriptedUpstream(new LegacyScript
        {
            OnCall = request => request.JsonAsync(
                $$"""{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}{{updated}}{{request.Result("{}")}}"""),
        }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);

        var outcome = await gateway.CallAsync();

        Assert.Single(outcome.Messages);
        Assert.Equal(McpMethod.NotifyToolsListChanged, await gateway.NextListChangeAsync());
        Assert.Equal(updated, await gateway.NextUpdateAsync());
    }

    [Fact]
    public async Task A_modern_upstream_must_not_ask_on_a_reply()
    {
        await using var upstream = new ScriptedUpstream(new ModernScript { OnCall = request => request.JsonAsync(Sampling + request.Result("{}")) }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);

        Assert.Single((await gateway.CallAsync()).Messages);
    }

    [Theory]
    [InlineData("application/json", "{}")]
    [InlineData("application/json", "[]")]
    [InlineData("application/json", "no JSON")]
    [InlineData("application/json", """{"jsonrpc":"2.0","id":1,"res""")]
    [InlineData("application/json", "")]
    [InlineData("application/json", """{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"m"}}""")]
    [InlineData("text/event-stream", "data: no JSON\n\n")]
    [InlineData("text/plain", "{}")]
    [InlineData(null, "")]
    public async Task What_is_no_message_is_a_fault_of_the_upstream(string? type, string body)
    {
        var outcome = await CallAsync(request => request.AnswerAsync(200, type, body));

        Assert.Empty(outcome.Messages);
        Assert.Equal(ErrorKind.UpstreamProtocol, outcome.Error!.Kind);
        Assert.Equal("Upstream 'up' gave no valid answer.", outcome.Error.Message);
    }

    [Fact]
    public async Task A_message_beyond_the_limit_is_a_fault_of_the_upstream()
    {
        var outcome = await CallAsync(async request =>
        {
            await request.BeginEventsAsync();
            await request.ChunkAsync("data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"");
            var chunk = new string('x', 4 * 1024 * 1024);
            for (var i = 0; i < 17; i++)
            {
                await request.ChunkAsync(chunk);
            }
        });

        Assert.Equal(ErrorKind.UpstreamProtocol, outcome.Error!.Kind);
        Assert.Contains("too large", outcome.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_large_message_within_the_limit_is_handed_on_whole()
    {
        var text = new string('x', 3_000_000);

        var outcome = await CallAsync(request => request.ResultAsync($$"""{"text":"{{text}}"}"""));

        Assert.Contains(text, Assert.Single(outcome.Messages), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_that_drops_before_the_head_is_not_tried_again()
    {
        var calls = 0;
        var outcome = await CallAsync(request =>
        {
            calls++;
            request.Abort();
            return Task.CompletedTask;
        });

        Assert.Equal((ErrorKind.UpstreamUnavailable, RetryHint.Never), (outcome.Error!.Kind, outcome.Error.Retry));
        Assert.Equal(1, calls);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stream_without_ids_that_drops_is_lost(bool abruptly)
    {
        var outcome = await CallAsync(async request =>
        {
            await request.BeginEventsAsync();
            await request.EventAsync(Progress);
            if (abruptly)
            {
                request.Abort();
            }
            else
            {
                await request.EndAsync();
            }
        });

        Assert.Equal(ErrorKind.UpstreamUnavailable, outcome.Error!.Kind);
        Assert.Contains("before it answered", outcome.Error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stream_with_ids_that_drops_is_taken_up_again(bool abruptly)
    {
        var script = new LegacyScript();
        string? callId = null;
        script.OnCall = async request =>
        {
            callId = request.Id;
            await request.BeginEventsAsync();
            await request.ChunkAsync("id: e-1\nretry: 1\ndata:\n\n");
            await request.EventAsync(Progress, id: "e-2");
            if (abruptly)
            {
                await request.ChunkAsync("id: e-3\ndata: half an ev");
                request.Close();
            }
            else
            {
                await request.EndAsync();
            }
        };
        script.OnGet = async request =>
        {
            switch (request.Header("Last-Event-ID"))
            {
                case null:
                    await request.AnswerAsync(405);
                    break;
                case "e-2":
                    await request.BeginEventsAsync();
                    await request.EventAsync(Sampling, id: "e-3");
                    await request.EndAsync();
                    break;
                default:
                    await request.BeginEventsAsync();
                    await request.EventAsync(Outcome.ResultOf(callId!, "{}"));
                    await request.EndAsync();
                    break;
            }
        };
        await using var upstream = new ScriptedUpstream(script.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);

        var outcome = await gateway.CallAsync();

        Assert.Null(outcome.Error);
        Assert.Equal([Progress, Sampling], outcome.Messages.Take(2));
        Assert.Equal(3, outcome.Messages.Count);
        Assert.Equal(1, upstream.Count("tools/call"));
    }

    [Fact]
    public async Task A_stream_that_cannot_be_taken_up_again_is_lost()
    {
        var outcome = await CallAsync(async request =>
        {
            await request.BeginEventsAsync();
            await request.ChunkAsync("id: e-1\nretry: 1\ndata:\n\n");
            await request.EndAsync();
        });

        Assert.Equal(ErrorKind.UpstreamUnavailable, outcome.Error!.Kind);
    }

    [Fact]
    public async Task Resumption_is_given_up_when_it_leads_nowhere()
    {
        await using var upstream = new ScriptedUpstream(new LegacyScript
        {
            OnCall = async request =>
            {
                await request.BeginEventsAsync();
                await request.ChunkAsync("id: e-1\nretry: 1\ndata:\n\n");
                await request.EndAsync();
            },
            OnGet = request => request.Header("Last-Event-ID") is null ? request.AnswerAsync(405) : request.AnswerAsync(500),
        }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);

        var outcome = await gateway.CallAsync();

        Assert.Equal(ErrorKind.UpstreamUnavailable, outcome.Error!.Kind);
        Assert.InRange(upstream.Count("GET"), 5, 6);
    }

    [Fact]
    public async Task Giving_a_reply_up_closes_its_connection()
    {
        var closed = new TaskCompletionSource();
        await using var upstream = new ScriptedUpstream(new ModernScript
        {
            OnCall = async request =>
            {
                await request.BeginEventsAsync();
                await request.EventAsync(Progress);
                await request.ClosedAsync();
                closed.SetResult();
            },
        }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        var session = await gateway.OpenAsync();
        var reply = (await session.SendAsync(UpstreamHarness.ToolCall(session), CancellationToken.None)).Reply!;
        await reply.ReadAsync(CancellationToken.None);

        await reply.DisposeAsync();

        await closed.Task.WaitAsync(TestTime.Limit);
    }

    [Fact]
    public async Task A_cancelled_read_is_a_cancellation_and_not_an_error()
    {
        await using var upstream = new ScriptedUpstream(new LegacyScript
        {
            OnCall = async request =>
            {
                await request.BeginEventsAsync();
                await request.ClosedAsync();
            },
        }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        var session = await gateway.OpenAsync();
        await using var reply = (await session.SendAsync(UpstreamHarness.ToolCall(session), CancellationToken.None)).Reply!;
        using var patience = new CancellationTokenSource();
        var reading = reply.ReadAsync(patience.Token).AsTask();

        await patience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    [Fact]
    public async Task Answers_leave_the_connection_open_for_the_next_request()
    {
        await using var upstream = new ScriptedUpstream(new ModernScript().RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        var session = await gateway.OpenAsync();
        for (var i = 0; i < 5; i++)
        {
            await UpstreamHarness.CallAsync(session);
        }

        Assert.Equal(1, upstream.Connections);
    }

    private static async Task<Outcome> CallAsync(Func<ScriptedRequest, Task> onCall)
    {
        await using var upstream = new ScriptedUpstream(new LegacyScript { OnCall = onCall }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        return await gateway.CallAsync();
    }
}
