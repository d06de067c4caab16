using System.Text.Json;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Protocol;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Stdio;

/// <summary>Who gets which message, when many calls share one pipe.</summary>
public sealed class StdioCallTests
{
    [Fact]
    public async Task Two_hundred_calls_at_once_get_each_their_own_result()
    {
        await using var fixture = StdioFixture.Echo();
        var session = await fixture.OpenAsync();

        // The sample speaks both eras, so it is taken for a modern one, and a modern request describes itself.
        Assert.Same(ProtocolRevision.V20260728, session.Peer.Revision);
        var texts = await Task.WhenAll(Enumerable.Range(0, 200).Select(async i => (await EchoAsync(session, $"message {i}")).Text));

        Assert.Equal(Enumerable.Range(0, 200).Select(i => $"message {i}"), texts);
    }

    [Fact]
    public async Task Progress_goes_to_the_call_that_asked_for_it()
    {
        await using var fixture = StdioFixture.Scripted("legacy");
        var session = await fixture.OpenAsync();
        var calls = Enumerable.Range(0, 5).Select(i => session.SendToolAsync("hang", new { value = i })).ToArray();
        await session.ToolAsync("crossed");

        for (var i = 0; i < calls.Length; i++)
        {
            var reply = await (await calls[i]).Reply!.ToEndAsync();

            Assert.Equal(i, Assert.Single(reply.Notifications).GetProperty("params").GetProperty("progress").GetInt32());
            Assert.Equal($"{i}", reply.Text);
        }
    }

    [Fact]
    public async Task A_log_message_goes_to_the_only_call_there_is()
    {
        await using var fixture = StdioFixture.Scripted("legacy");
        var session = await fixture.OpenAsync();

        var reply = await session.ToolAsync("log", new { data = "hello" });

        Assert.Equal("hello", Assert.Single(reply.Notifications).GetProperty("params").GetProperty("data").GetString());
    }

    [Fact]
    public async Task A_log_message_that_could_belong_to_several_calls_goes_to_none()
    {
        await using var fixture = StdioFixture.Scripted("legacy");
        var session = await fixture.OpenAsync();
        var other = session.SendToolAsync("hang");

        var reply = await session.ToolAsync("log", new { data = "hello" });
        await session.ToolAsync("release");

        Assert.Empty(reply.Notifications);
        Assert.Empty((await (await other).Reply!.ToEndAsync()).Notifications);
    }

    [Fact]
    public async Task Changes_are_reported_as_events()
    {
        await using var fixture = StdioFixture.Scripted("legacy");
        var session = await fixture.OpenAsync();

        Assert.Empty((await session.ToolAsync("changes")).Notifications);

        Assert.Equal(McpMethod.NotifyToolsListChanged, await fixture.NextListChangeAsync());
        Assert.Contains("x://y", await fixture.NextResourceUpdateAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_subscription_is_acknowledged_to_whoever_asked_and_its_news_are_everybodys()
    {
        await using var fixture = StdioFixture.Scripted("modern");
        var session = await fixture.OpenAsync();
        await using var reply = await session.ListenAsync();

        Assert.Equal("notifications/subscriptions/acknowledged", await NextMethodAsync(reply));
        Assert.Equal(McpMethod.NotifyToolsListChanged, await fixture.NextListChangeAsync());

        // Beside the subscription there is still only one call that a log message can belong to.
        Assert.Single((await session.ToolAsync("log", new { data = "hello" })).Notifications);
    }

    [Fact]
    public async Task Changes_of_a_modern_server_are_listened_for_from_the_start()
    {
        await using var fixture = StdioFixture.Scripted("modern-changing");

        await fixture.OpenAsync();

        Assert.Equal(McpMethod.NotifyToolsListChanged, await fixture.NextListChangeAsync());
    }

    [Fact]
    public async Task Changes_are_listened_for_again_when_a_modern_server_ends_that()
    {
        await using var fixture = StdioFixture.Scripted("modern-ending");

        await fixture.OpenAsync();

        // What happened in between was said to nobody.
        Assert.Equal(McpMethod.Unknown, await fixture.NextListChangeAsync());
        Assert.Equal(McpMethod.NotifyToolsListChanged, await fixture.NextListChangeAsync());
        Assert.Equal(1, fixture.Starts);
    }

    [Fact]
    public async Task A_slow_reader_misses_notifications_but_never_the_response()
    {
        await using var fixture = StdioFixture.Scripted("legacy");
        var session = await fixture.OpenAsync();
        var slow = (await session.SendToolAsync("progress", new { steps = 1000 })).Reply!;

        // The answer to a later call has come through the same pipe, so all of it was there.
        await session.ToolAsync("echo", new { message = "hi" });
        var reply = await slow.ToEndAsync();

        Assert.InRange(reply.Notifications.Count, 1, 65);
        Assert.Equal("done", reply.Text);
        Assert.Contains("dropped 9", await fixture.Logs.FirstAsync(2209), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pings_are_answered_and_other_requests_of_the_server_refused()
    {
        await using var fixture = StdioFixture.Scripted("legacy");
        var session = await fixture.OpenAsync();

        Assert.Equal("""{"1": -32601, "p1": {}}""", (await session.ToolAsync("ask")).Text);
    }

    [Fact]
    public async Task What_is_no_message_is_skipped_and_its_content_not_logged()
    {
        await using var fixture = StdioFixture.Scripted("legacy");
        var session = await fixture.OpenAsync();

        Assert.Equal("done", (await session.ToolAsync("garbage")).Text);

        Assert.Contains("NotJson", await fixture.Logs.FirstAsync(2207), StringComparison.Ordinal);
        Assert.DoesNotContain(fixture.Logs.Lines, line => line.Contains("listening", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_line_beyond_all_measure_is_skipped_and_the_next_one_read()
    {
        await using var fixture = StdioFixture.Scripted("legacy");
        var session = await fixture.OpenAsync();

        Assert.Equal("done", (await session.ToolAsync("long", new { bytes = (64 * 1024 * 1024) + 1 })).Text);

        Assert.Contains("TooLong", await fixture.Logs.FirstAsync(2207), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_of_many_megabytes_makes_the_way_there_and_back()
    {
        await using var fixture = StdioFixture.Scripted("legacy");
        var session = await fixture.OpenAsync();
        var message = new string('é', 2 * 1024 * 1024);

        Assert.Equal(message, (await session.ToolAsync("echo", new { message })).Text);
    }

    [Fact]
    public async Task A_pretty_printed_request_is_one_line_to_the_process()
    {
        await using var fixture = StdioFixture.Scripted("legacy");
        var session = await fixture.OpenAsync();
        var id = session.NextId();
        var json = $$"""
            {
              "jsonrpc": "2.0",
              "id": {{id}},
              "method": "tools/call",
              "params": { "name": "echo", "arguments": { "message": "a\nb\r\nc" } }
            }
            """.ReplaceLineEndings("\r\n");

        var sending = await session.SendJsonAsync(json, id, "", McpMethod.ToolsCall);

        Assert.Equal("a\nb\r\nc", (await sending.Reply!.ToEndAsync()).Text);
    }

    [Fact]
    public async Task Giving_up_a_call_leaves_the_process_to_the_others()
    {
        await using var fixture = StdioFixture.Scripted("legacy");
        var session = await fixture.OpenAsync();
        using var cancellation = new CancellationTokenSource();
        var hanging = session.SendToolAsync("hang", cancellationToken: cancellation.Token);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hanging);
        Assert.Equal("hi", (await session.ToolAsync("echo", new { message = "hi" })).Text);

        // The late answer is nobody's, and a legacy server is told nothing behind the forwarder's back.
        Assert.Equal("1", (await session.ToolAsync("release")).Text);
        Assert.Equal("[]", (await session.ToolAsync("cancelled")).Text);
        Assert.Equal(1, fixture.Starts);
    }

    [Fact]
    public async Task Giving_up_a_call_cancels_it_on_a_modern_server()
    {
        await using var fixture = StdioFixture.Scripted("modern");
        var session = await fixture.OpenAsync();
        using var cancellation = new CancellationTokenSource();
        var before = long.Parse(session.NextId());
        var hanging = session.SendToolAsync("hang", cancellationToken: cancellation.Token);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hanging);
        Assert.Equal($"[{before + 1}]", (await session.ToolAsync("cancelled")).Text);
    }

    [Fact]
    public async Task Leaving_a_reply_before_its_end_does_not_disturb_the_next_call()
    {
        await using var fixture = StdioFixture.Scripted("legacy");
        var session = await fixture.OpenAsync();
        var reply = (await session.SendToolAsync("progress", new { steps = 3 })).Reply!;
        await reply.NextAsync();

        await reply.DisposeAsync();

        Assert.Equal("hi", (await session.ToolAsync("echo", new { message = "hi" })).Text);
    }

    [Fact]
    public async Task A_posted_notification_arrives()
    {
        await using var fixture = StdioFixture.Scripted("legacy");
        var session = await fixture.OpenAsync();

        Assert.Null(await session.PostAsync(
            """{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":77}}"""u8.ToArray(), CancellationToken.None));

        Assert.Equal("[77]", (await session.ToolAsync("cancelled")).Text);
    }

    private static async Task<string> NextMethodAsync(UpstreamReply reply) => (await reply.NextAsync()).Message.GetProperty("method").GetString()!;

    private static async Task<Reply> EchoAsync(IUpstreamSession session, string message)
    {
        var id = session.NextId();
        var parameters = new Dictionary<string, object>
        {
            ["name"] = "echo",
            ["arguments"] = new { message },
            ["_meta"] = new Dictionary<string, object>
            {
                ["io.modelcontextprotocol/protocolVersion"] = "2026-07-28",
                ["io.modelcontextprotocol/clientInfo"] = new { name = "test", version = "1" },
                ["io.modelcontextprotocol/clientCapabilities"] = new { },
            },
        };
        var json = $$"""{"jsonrpc":"2.0","id":{{id}},"method":"tools/call","params":{{JsonSerializer.Serialize(parameters)}}}""";
        var sending = await session.SendJsonAsync(json, id, "", McpMethod.ToolsCall);
        return await sending.Reply!.ToEndAsync();
    }
}
