using NativeGateway.IntegrationTests.DataPlane.Upstream;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Downstream;

/// <summary>A gateway that keeps nothing of a client between its requests.</summary>
public sealed class StatelessTests
{
    private const string Everything = """{"tools":{"listChanged":true},"prompts":{"listChanged":true},"resources":{"subscribe":true,"listChanged":true},"logging":{},"x":{"listChanged":1}}""";

    [Theory]
    [InlineData("/mcp")]
    [InlineData("/mcp/up")]
    public async Task No_session_is_given_and_nothing_offered_that_needs_one(string path)
    {
        await using var server = new ScriptedUpstream(new LegacyScript { Capabilities = Everything }.RunAsync);
        await using var gateway = await FrontHarness.StartStatelessAsync(("up", server.Url));

        using var response = await gateway.SendAsync(HttpMethod.Post, path, Messages.Initialize("2025-11-25"));
        var text = await response.Content.ReadAsStringAsync();

        Assert.Equal(200, (int)response.StatusCode);
        Assert.False(response.Headers.Contains("Mcp-Session-Id"));
        Assert.Contains("\"resources\":{}", text, StringComparison.Ordinal);
        Assert.Contains("\"tools\":{}", text, StringComparison.Ordinal);
        Assert.DoesNotContain("subscribe", text, StringComparison.Ordinal);
        Assert.DoesNotContain("listChanged", text, StringComparison.Ordinal);
        Assert.DoesNotContain("logging", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Calls_and_lists_are_served_whatever_session_is_named()
    {
        await using var server = new StreamingServer();
        await using var gateway = await FrontHarness.StartStatelessAsync(("up", server.Url));
        foreach (var headers in ((string, string)[][])[[], [("Mcp-Session-Id", "of-another-time")]])
        {
            Assert.Equal(200, (await gateway.ExchangeAsync(HttpMethod.Post, "/mcp", Messages.Call("up__echo"), headers)).Status);
            var (status, text) = await gateway.ExchangeAsync(HttpMethod.Post, "/mcp", """{"jsonrpc":"2.0","id":1,"method":"tools/list"}""", headers);
            Assert.Equal(200, status);
            Assert.Contains("up__echo", text, StringComparison.Ordinal);
            Assert.Equal(202, (await gateway.ExchangeAsync(HttpMethod.Post, "/mcp", Messages.Initialized, headers)).Status);
        }
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("DELETE")]
    [InlineData("PUT")]
    public async Task Only_POST_is_allowed(string method)
    {
        await using var gateway = await FrontHarness.StartStatelessAsync();

        using var response = await gateway.SendAsync(new HttpMethod(method), "/mcp", null, ("Mcp-Session-Id", "any"), ("Accept", "text/event-stream"));

        Assert.Equal(405, (int)response.StatusCode);
        Assert.Equal(["POST"], response.Content.Headers.Allow);
    }

    [Theory]
    [InlineData("logging/setLevel", "\"level\":\"error\"")]
    [InlineData("resources/subscribe", "\"uri\":\"up+test://a\"")]
    [InlineData("resources/unsubscribe", "\"uri\":\"up+test://a\"")]
    public async Task What_is_not_offered_is_no_method(string method, string parameters)
    {
        await using var server = new ScriptedUpstream(new LegacyScript { Capabilities = Everything }.RunAsync);
        await using var gateway = await FrontHarness.StartStatelessAsync(("up", server.Url));

        var body = $$$"""{"jsonrpc":"2.0","id":1,"method":"{{{method}}}","params":{{{{parameters}}}}}""";
        var (status, text) = await gateway.ExchangeAsync(HttpMethod.Post, "/mcp", body);

        Assert.Equal(200, status);
        Assert.Contains("-32601", text, StringComparison.Ordinal);
        Assert.Equal(0, server.Count(method));
    }

    [Fact]
    public async Task The_stream_of_a_call_still_carries_what_belongs_to_the_call()
    {
        await using var server = new StreamingServer();
        await using var gateway = await FrontHarness.StartStatelessAsync(("up", server.Url));
        server.Say(Messages.Log(1));
        server.Say(Messages.Result("$id", """{"content":[],"n":4}"""));

        using var post = await gateway.StreamAsync(HttpMethod.Post, "/mcp", Messages.Call("up__stream"));
        var events = await post.ReadToEndAsync();

        Assert.Equal(2, events.Count);
        Assert.All(events, next => Assert.Null(next.Id));
    }

    [Theory]
    [InlineData("GET", "/sse")]
    [InlineData("POST", "/messages?sessionId=1")]
    public async Task The_transport_that_consists_of_sessions_is_not_there(string method, string path)
    {
        await using var gateway = await FrontHarness.StartStatelessAsync();

        Assert.Equal(404, (await gateway.ExchangeAsync(new HttpMethod(method), path)).Status);
    }
}
