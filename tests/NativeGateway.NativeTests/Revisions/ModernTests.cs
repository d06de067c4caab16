using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Revisions;

/// <summary>What a 2026-07-28 client gets: no handshake, no session, everything in one request.</summary>
public sealed class ModernTests(RevisionGateway fixture) : IClassFixture<RevisionGateway>
{
    [Theory]
    [InlineData("/mcp")]
    [InlineData("/mcp/legacy")]
    [InlineData("/mcp/modern")]
    public async Task Discover_says_what_is_spoken_and_offered(string path)
    {
        var reply = await SendAsync(Rpc.ModernRequest(path, "server/discover"));

        Assert.True(reply.Status == 200, reply.ToString());
        Assert.Equal("complete", reply.Result.GetProperty("resultType").GetString());
        Assert.Equal("""["2026-07-28"]""", reply.Result.GetProperty("supportedVersions").GetRawText());
        Assert.True(reply.Result.GetProperty("capabilities").TryGetProperty("tools", out _));
        Assert.True(reply.Result.TryGetProperty("ttlMs", out _));
        Assert.True(reply.Result.TryGetProperty("cacheScope", out _));
    }

    [Theory]
    [InlineData("/mcp", "legacy__echo")]
    [InlineData("/mcp/legacy", "echo")]
    [InlineData("/mcp", "modern__echo")]
    [InlineData("/mcp/modern", "echo")]
    public async Task Tools_of_both_eras_are_listed_and_called(string path, string tool)
    {
        var list = await SendAsync(Rpc.ModernRequest(path, "tools/list"));
        var call = await SendAsync(Rpc.ModernCall(path, tool, """{"n":1.50}""", "\"q\""));

        Assert.Contains($"\"{tool}\"", list.Text, StringComparison.Ordinal);
        Assert.Equal("complete", list.Result.GetProperty("resultType").GetString());
        Assert.True(list.Result.TryGetProperty("ttlMs", out _));
        Assert.Equal("""{"n":1.50}""", call.Result.GetProperty("structuredContent").GetRawText());
        Assert.Equal("complete", call.Result.GetProperty("resultType").GetString());
        Assert.Equal("\"q\"", call.Json.GetProperty("id").GetRawText());
    }

    [Fact]
    public async Task A_session_id_is_ignored_and_none_is_given()
    {
        var reply = await SendAsync(Rpc.ModernCall("/mcp", "legacy__echo").InSession("0123456789abcdef").With("Last-Event-ID", "7"));

        Assert.True(reply.Status == 200, reply.ToString());
        Assert.Null(reply["Mcp-Session-Id"]);
    }

    [Fact]
    public async Task The_envelope_stays_behind_for_legacy_upstreams_and_the_rest_of_meta_goes_on()
    {
        var meta = Rpc.Meta(more: ""","com.example/kept":[1.0]""");
        await SendAsync(Rpc.ModernRequest("/mcp", "tools/call", """
            "name":"legacy__echo","arguments":{"mark":"meta"}
            """.Trim(), "legacy__echo", meta: meta));

        var seen = fixture.Legacy.Calls.Last(call => call.Arguments == """{"mark":"meta"}""");
        Assert.DoesNotContain("io.modelcontextprotocol/", seen.Text, StringComparison.Ordinal);
        Assert.Contains("\"com.example/kept\":[1.0]", seen.Text, StringComparison.Ordinal);
        Assert.Null(seen.Head["Mcp-Name"]);
    }

    [Theory]
    [InlineData("notifications/cancelled")]
    [InlineData("notifications/initialized")]
    public async Task A_notification_is_accepted_without_mirrored_headers(string method)
    {
        var reply = await SendAsync(RawRequest.Post("/mcp", $$"""{"jsonrpc":"2.0","method":"{{method}}","params":{ {{Rpc.Meta()}} } }"""));

        Assert.Equal((202, 0), (reply.Status, reply.Body.Length));
    }

    [Fact]
    public async Task A_missing_resource_has_the_code_of_this_revision_and_the_clients_uri()
    {
        var reply = await SendAsync(Rpc.ModernRequest("/mcp", "resources/read", "\"uri\":\"nowhere://x\"", "nowhere://x"));

        Assert.Equal((200, -32602), (reply.Status, reply.ErrorCode));
        Assert.Equal("nowhere://x", reply.Json.GetProperty("error").GetProperty("data").GetProperty("uri").GetString());
    }

    [Fact]
    public async Task Listening_is_acknowledged_and_tells_of_changed_lists()
    {
        using var stream = await fixture.Gateway.ConnectAsync();
        var listen = Rpc.ModernRequest("/mcp", "subscriptions/listen", "\"notifications\":{\"toolsListChanged\":true}", id: "\"sub\"");
        await stream.WriteAsync(listen.As(fixture.Gateway.AdminKey).ToBytes(fixture.Gateway.Port));
        var head = await stream.ReadHeadAsync();
        Assert.StartsWith("text/event-stream", head["Content-Type"], StringComparison.Ordinal);
        var acknowledged = await stream.ReadEventAsync();
        Assert.Contains("notifications/subscriptions/acknowledged", acknowledged, StringComparison.Ordinal);
        Assert.Contains("\"toolsListChanged\":true", acknowledged, StringComparison.Ordinal);

        await SendAsync(Rpc.ModernRequest("/mcp", "tools/list"));
        await fixture.Legacy.HasStream;
        fixture.Legacy.Tools["heard_of"] = fixture.Legacy.Tools["echo"];
        await fixture.Legacy.AnnounceAsync("""{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}""");

        var changed = await stream.ReadEventAsync();
        Assert.Contains("notifications/tools/list_changed", changed, StringComparison.Ordinal);
        Assert.Contains("\"io.modelcontextprotocol/subscriptionId\":\"sub\"", changed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_leaves_cancels_its_call()
    {
        using (var leaving = await fixture.Gateway.ConnectAsync())
        {
            var arrived = fixture.Legacy.Tools.ReceivedAsync("hang");
            await leaving.WriteAsync(Rpc.ModernCall("/mcp", "legacy__hang").As(fixture.Gateway.AdminKey).ToBytes(fixture.Gateway.Port));
            await arrived;
        }

        await fixture.Legacy.CancelledAsync();
    }

    private Task<Reply> SendAsync(RawRequest request) => fixture.Gateway.SendAsync(request.As(fixture.Gateway.AdminKey));
}
