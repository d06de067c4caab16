using System.Text;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.Protocol;

namespace NativeGateway.Tests.DataPlane.Proxy;

/// <summary>A legacy upstream sends users to web pages and says later when they are done.</summary>
public sealed class PageVisitTests : IAsyncDisposable
{
    private const string Url = """{"elicitation":{"url":{}}}""";
    private const string Tool = "\"name\":\"greet\",\"arguments\":{}";
    private const string Call = """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"greet"}}""";
    private const string Pages = """[{"mode":"url","elicitationId":"e","url":"https://a.example","message":"m"},{"mode":"url","elicitationId":"f","url":"https://b.example","message":"m"}]""";

    /// <summary>The time-out of a call must not be taken for the wait for a page.</summary>
    private readonly Bridge _bridge = new(ProtocolRevision.V20251125, timeout: PageVisits.Patience * 2);

    public async ValueTask DisposeAsync() => await _bridge.DisposeAsync();

    [Fact]
    public async Task The_repeated_request_waits_until_the_user_is_done_with_every_page()
    {
        var retry = await RetryAsync();
        Complete("f");
        Assert.True(_bridge.Clock.HasTimerWithin(PageVisits.Patience));
        Assert.False(_bridge.Upstream.HasCall);

        Complete("e");

        (await _bridge.Upstream.CalledAsync()).Answer("""{"content":[]}""");
        Assert.Equal("complete", (string?)(await retry.ResultAsync())["resultType"]);
    }

    [Fact]
    public async Task It_does_not_wait_for_ever()
    {
        var retry = await RetryAsync();

        await _bridge.PassAsync(PageVisits.Patience);

        (await _bridge.Upstream.CalledAsync()).Answer("""{"content":[]}""");
        await retry.ResultAsync();
    }

    [Fact]
    public async Task A_client_that_leaves_while_it_waits_has_sent_nothing()
    {
        var retry = await RetryAsync();

        await retry.ClientGone.CancelAsync();
        await retry.EndedAsync();

        Assert.False(_bridge.Upstream.HasCall);
    }

    [Fact]
    public async Task A_legacy_client_that_was_asked_hears_of_it_on_its_long_stream_and_nobody_else_does()
    {
        var (asked, other) = (Open(), Open());
        var call = _bridge.Legacy(asked, Call);
        var reply = await _bridge.Upstream.CalledAsync();
        reply.Ask("1", "elicitation/create", """{"mode":"url","elicitationId":"e","url":"https://a.example","message":"m"}""");
        await call.Sink.SentAsync();

        var message = Complete("e");

        Assert.True(asked.Outbox.Messages.TryRead(out var heard));
        Assert.Equal(message, Encoding.UTF8.GetString(heard.Span));
        Assert.False(other.Outbox.Messages.TryRead(out _));

        // On the stream of a call, too, it goes to whom it concerns.
        var foreign = _bridge.Legacy(other, Call);
        var foreignReply = await _bridge.Upstream.CalledAsync();
        foreignReply.Say(message);
        foreignReply.Answer("{}");
        await foreign.ResultAsync();
        Assert.False(foreign.Sink.HasSent);
        Assert.True(asked.Outbox.Messages.TryRead(out _));
        reply.Say(message);
        Assert.Equal(message, await call.Sink.SentAsync());
        reply.Answer("{}");
        await call.ResultAsync();
    }

    [Fact]
    public async Task A_legacy_client_whose_call_was_refused_for_the_pages_hears_of_it()
    {
        var session = Open();
        var call = _bridge.Legacy(session, Call);
        SayUrlRequired(await _bridge.Upstream.CalledAsync());
        Assert.Equal(-32042, await call.ErrorCodeAsync());

        Complete("e");

        Assert.True(session.Outbox.Messages.TryRead(out _));
    }

    private static void SayUrlRequired(FakeReply reply) =>
        reply.Say($$$$"""{"jsonrpc":"2.0","id":$id,"error":{"code":-32042,"message":"m","data":{"elicitations":{{{{Pages}}}}}}}""");

    private Session Open() => _bridge.OpenSession(ProtocolRevision.V20251125, ClientCapabilities.ElicitationUrl);

    private string Complete(string id)
    {
        var message = $$$"""{"jsonrpc":"2.0","method":"notifications/elicitation/complete","params":{"elicitationId":"{{{id}}}"}}""";
        _bridge.Visits.Complete(_bridge.Server.Id, Encoding.UTF8.GetBytes(message), null);
        return message;
    }

    /// <summary>A client whose call was refused, and whose user has agreed to visit both pages; its request has come as far as it can.</summary>
    private async Task<BridgeCall> RetryAsync()
    {
        var call = _bridge.Modern("tools/call", Tool, Url);
        SayUrlRequired(await _bridge.Upstream.CalledAsync());
        var state = (string?)(await call.ResultAsync())["requestState"];
        var retry = _bridge.Modern(
            "tools/call", $$$"""{{{Tool}}},"requestState":"{{{state}}}","inputResponses":{"page-1":{"action":"accept"},"page-2":{"action":"accept"}}""", Url, id: 2);
        while (!_bridge.Clock.HasTimerWithin(PageVisits.Patience))
        {
            await Task.Yield();
        }

        return retry;
    }
}
