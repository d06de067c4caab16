using System.Text.Json.Nodes;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Downstream;

/// <summary>Updates of resources, for clients and from servers of both eras.</summary>
public sealed class ResourceSubscriptionTests
{
    private const string Listen = "subscriptions/listen";

    [Theory]
    [InlineData(false, "/mcp", "srv+file:///a")]
    [InlineData(false, "/mcp/srv", "file:///a")]
    [InlineData(true, "/mcp", "srv+file:///a")]
    [InlineData(true, "/mcp/srv", "file:///a")]
    public async Task A_modern_client_hears_of_updates_on_its_listen_stream(bool isModern, string path, string uri)
    {
        await using var server = new ResourceServer(isModern);
        await using var front = await FrontHarness.StartAsync(("srv", server.Url));
        using (var stream = await ListenAsync(front, path, $"\"{uri}\""))
        {
            var acknowledged = await NextAsync(stream);
            Assert.Equal("notifications/subscriptions/acknowledged", (string?)acknowledged["method"]);
            Assert.Equal($$"""{"resourceSubscriptions":["{{uri}}"]}""", acknowledged["params"]!["notifications"]!.ToJsonString(Relaxed));
            var asked = await server.Upstream.NextAsync(isModern ? Listen : "resources/subscribe");
            Assert.Contains("\"file:///a\"", asked.Body, StringComparison.Ordinal);

            await server.UpdateAsync("file:///a");
            var update = await NextAsync(stream);

            Assert.Equal("notifications/resources/updated", (string?)update["method"]);
            Assert.Equal(uri, (string?)update["params"]!["uri"]);
            Assert.Equal("\"sub\"", update["params"]!["_meta"]!["io.modelcontextprotocol/subscriptionId"]!.ToJsonString());

            // Of a part of what was subscribed to.
            await server.UpdateAsync("file:///a/b");
            Assert.Equal(uri + "/b", (string?)(await NextAsync(stream))["params"]!["uri"]);
        }

        if (!isModern)
        {
            Assert.Contains("\"file:///a\"", (await server.Upstream.NextAsync("resources/unsubscribe")).Body, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_stream_of_a_modern_server_ends_with_its_last_subscriber()
    {
        await using var server = new ResourceServer(isModern: true);
        await using var front = await FrontHarness.StartAsync(("srv", server.Url));
        var first = await ListenAsync(front, "/mcp", "\"srv+file:///a\"");
        await NextAsync(first);
        using (var second = await ListenAsync(front, "/mcp", "\"srv+file:///a\""))
        {
            await NextAsync(second);
            first.Dispose();
            await server.UpdateAsync("file:///a");
            Assert.Equal("notifications/resources/updated", (string?)(await NextAsync(second))["method"]);
        }

        // One stream was enough for both.
        await server.LeftAsync();
        Assert.Equal(1, server.Upstream.Count(Listen));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_cannot_be_had_is_left_out_of_the_acknowledgement(bool isModern)
    {
        await using var server = new ResourceServer(isModern);
        await using var mute = new ResourceServer(isModern, """{"resources":{}}""");
        await using var front = await FrontHarness.StartAsync(("srv", server.Url), ("mute", mute.Url));
        using var stream = await ListenAsync(
            front, "/mcp", "\"srv+file:///refused\",\"srv+file:///a\",\"srv+file:///secret\",\"mute+file:///a\",\"nobody+file:///a\",\"file:///a\"", front.OtherKey);

        Assert.Equal("""{"resourceSubscriptions":["srv+file:///a"]}""", (await NextAsync(stream))["params"]!["notifications"]!.ToJsonString(Relaxed));
        Assert.DoesNotContain("resources/subscribe", mute.Upstream.Labels);
        Assert.DoesNotContain(Listen, mute.Upstream.Labels);
    }

    [Fact]
    public async Task A_filter_that_names_no_uris_is_refused()
    {
        await using var front = await FrontHarness.StartAsync();

        var (status, text) = await front.ExchangeAsync(
            HttpMethod.Post, "/mcp", Messages.Modern(Listen, """ "notifications":{"resourceSubscriptions":"file:///a"} """), Messages.Headers(Listen));

        Assert.Equal((200, -32602), (status, (int)JsonNode.Parse(text)!["error"]!["code"]!));
    }

    [Fact]
    public async Task A_listen_stream_that_the_gateway_ends_ends_with_a_result()
    {
        await using var front = await FrontHarness.StartAsync();
        using var stream = await ListenAsync(front, "/mcp", "");
        await NextAsync(stream);

        front.CloseStreams();

        Assert.Equal(
            """{"jsonrpc":"2.0","id":"sub","result":{"resultType":"complete","_meta":{"io.modelcontextprotocol/subscriptionId":"sub"}}}""",
            await stream.NextMessageAsync());
        Assert.Null(await stream.NextAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_legacy_client_hears_of_updates_on_its_GET_stream(bool isModern)
    {
        await using var server = new ResourceServer(isModern);
        await using var front = await FrontHarness.StartAsync(("srv", server.Url));
        var session = ("Mcp-Session-Id", await front.OpenSessionAsync("2025-11-25"));
        using var stream = await front.StreamAsync(HttpMethod.Get, "/mcp", null, session);

        var answer = await front.ExchangeAsync(HttpMethod.Post, "/mcp", Subscribe("srv+file:///a"), session);
        Assert.Equal((200, Messages.Result("1", "{}")), answer with { Text = answer.Text.Replace(" ", "", StringComparison.Ordinal) });
        await server.UpdateAsync("file:///a");

        Assert.Equal("""{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"srv+file:///a"}}""", await stream.NextMessageAsync());
        await front.ExchangeAsync(HttpMethod.Delete, "/mcp", null, session);
        if (isModern)
        {
            await server.LeftAsync();
        }
        else
        {
            await server.Upstream.NextAsync("resources/unsubscribe");
        }
    }

    [Fact]
    public async Task A_modern_server_without_updates_knows_no_subscriptions_of_legacy_clients()
    {
        await using var server = new ResourceServer(isModern: true, """{"resources":{}}""");
        await using var front = await FrontHarness.StartAsync(("srv", server.Url));
        var session = ("Mcp-Session-Id", await front.OpenSessionAsync("2025-11-25"));

        var (status, text) = await front.ExchangeAsync(HttpMethod.Post, "/mcp", Subscribe("srv+file:///a"), session);

        Assert.Equal((200, -32601), (status, (int)JsonNode.Parse(text)!["error"]!["code"]!));
    }

    private static readonly System.Text.Json.JsonSerializerOptions Relaxed =
        new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static string Subscribe(string uri) =>
        $$$"""{"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"{{{uri}}}"} }""";

    private static Task<EventStream> ListenAsync(FrontHarness front, string path, string uris, string? key = null)
    {
        var body = Messages.Modern(Listen, $$""" "notifications":{"resourceSubscriptions":[{{uris}}]} """, "\"sub\"");
        return front.StreamAsync(HttpMethod.Post, path, body, [.. Messages.Headers(Listen), ("Authorization", $"Bearer {key ?? front.Key}")]);
    }

    private static async Task<JsonNode> NextAsync(EventStream stream) => JsonNode.Parse(await stream.NextMessageAsync())!;
}
