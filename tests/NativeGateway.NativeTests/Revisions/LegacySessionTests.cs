using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Revisions;

/// <summary>The handshake and the sessions of 2025-03-26 to 2025-11-25.</summary>
public sealed class LegacySessionTests(RevisionGateway fixture) : IClassFixture<RevisionGateway>
{
    [Theory]
    [InlineData("2025-03-26", "2025-03-26")]
    [InlineData("2025-06-18", "2025-06-18")]
    [InlineData("2025-11-25", "2025-11-25")]
    [InlineData("2024-11-05", "2024-11-05")]
    [InlineData("1999-01-01", "2025-11-25")]
    [InlineData("2026-07-28", "2025-11-25")]
    [InlineData("2099-01-01", "2025-11-25")]
    [InlineData("", "2025-11-25")]
    public async Task Initialize_agrees_on_the_clients_revision_or_on_the_newest_with_a_handshake(string asked, string agreed)
    {
        var reply = await fixture.Gateway.PostAsync("/mcp", Rpc.Initialize(asked));

        Assert.True(reply.Status == 200, reply.ToString());
        Assert.Equal(agreed, reply.Result.GetProperty("protocolVersion").GetString());
        Assert.False(string.IsNullOrEmpty(reply.Result.GetProperty("serverInfo").GetProperty("name").GetString()));
        Assert.True(reply.Result.GetProperty("capabilities").TryGetProperty("tools", out _));
        Assert.False(reply.Result.TryGetProperty("resultType", out _), "resultType exists on the modern wire only.");
    }

    [Fact]
    public async Task Session_ids_are_visible_ASCII_long_and_never_repeated()
    {
        var ids = new HashSet<string>();
        for (var i = 0; i < 20; i++)
        {
            var id = await fixture.OpenSessionAsync();
            Assert.All(id, character => Assert.InRange(character, '\x21', '\x7e'));
            Assert.True(id.Length >= 22, "128 bits need as many characters.");
            Assert.True(ids.Add(id));
        }
    }

    [Theory]
    [InlineData("/mcp", "legacy__echo")]
    [InlineData("/mcp/legacy", "echo")]
    [InlineData("/mcp", "modern__echo")]
    [InlineData("/mcp/modern", "echo")]
    public async Task A_session_lists_and_calls(string path, string tool)
    {
        var session = await fixture.OpenSessionAsync(path: path);
        Assert.Equal((202, 0), await NotifyAsync(session, path));

        var list = await fixture.PostAsync(session, Rpc.ListTools, path: path);
        var call = await fixture.PostAsync(session, Rpc.Call(tool, """{"n":1}"""), path: path);

        Assert.Contains($"\"{tool}\"", list.Text, StringComparison.Ordinal);
        Assert.Equal("""{"n":1}""", call.Result.GetProperty("structuredContent").GetRawText());
        Assert.False(call.Result.TryGetProperty("resultType", out _));
        Assert.Null(call["Mcp-Session-Id"]);
    }

    [Fact]
    public async Task Ping_is_answered_with_an_empty_object()
    {
        var reply = await fixture.PostAsync(await fixture.OpenSessionAsync(), Rpc.Ping);

        Assert.Equal("{}", reply.Result.GetRawText());
    }

    [Fact]
    public async Task An_unknown_session_is_not_found()
    {
        var reply = await fixture.PostAsync("0123456789abcdef0123456789abcdef", Rpc.ListTools);

        Assert.True(reply.Status == 404, reply.ToString());
        Assert.Equal(-32001, reply.ErrorCode);
        Assert.Equal(404, (await fixture.Gateway.SendAsync(Stream("0123456789abcdef0123456789abcdef"))).Status);
        Assert.Equal(404, (await fixture.Gateway.SendAsync(Delete("0123456789abcdef0123456789abcdef"))).Status);
    }

    [Fact]
    public async Task A_deleted_session_is_not_found_any_more()
    {
        var session = await fixture.OpenSessionAsync();
        using var stream = await fixture.Gateway.ConnectAsync();
        await stream.WriteAsync(Stream(session).ToBytes(fixture.Gateway.Port));
        Assert.Contains(" 200 ", (await stream.ReadHeadAsync()).StartLine, StringComparison.Ordinal);

        Assert.InRange((await fixture.Gateway.SendAsync(Delete(session))).Status, 200, 299);

        Assert.Null(await stream.ReadEventAsync());
        Assert.Equal(404, (await fixture.PostAsync(session, Rpc.ListTools)).Status);
        Assert.Equal(404, (await fixture.Gateway.SendAsync(Stream(session))).Status);
        Assert.Equal(404, (await fixture.Gateway.SendAsync(Delete(session))).Status);
    }

    [Fact]
    public async Task Another_keys_session_looks_like_an_unknown_one_and_survives()
    {
        var session = await fixture.OpenSessionAsync();

        var foreign = await fixture.PostAsync(session, Rpc.ListTools, fixture.OtherKey);
        var unknown = await fixture.PostAsync("0123456789abcdef0123456789abcdef", Rpc.ListTools, fixture.OtherKey);

        Assert.Equal(404, foreign.Status);
        Assert.Equal(unknown.Text, foreign.Text);
        Assert.Equal(404, (await fixture.Gateway.SendAsync(Delete(session).As(fixture.OtherKey))).Status);
        Assert.Equal(404, (await fixture.Gateway.SendAsync(Stream(session).As(fixture.OtherKey))).Status);
        Assert.Equal(200, (await fixture.PostAsync(session, Rpc.ListTools)).Status);
    }

    [Fact]
    public async Task The_long_stream_tells_of_changed_lists()
    {
        var session = await fixture.OpenSessionAsync();
        using var stream = await fixture.Gateway.ConnectAsync();
        await stream.WriteAsync(Stream(session).ToBytes(fixture.Gateway.Port));
        var head = await stream.ReadHeadAsync();
        Assert.StartsWith("text/event-stream", head["Content-Type"], StringComparison.Ordinal);
        await fixture.Legacy.HasStream;

        fixture.Legacy.Tools["brand_new"] = fixture.Legacy.Tools["echo"];
        await fixture.Legacy.AnnounceAsync("""{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}""");

        Assert.Contains("notifications/tools/list_changed", await stream.ReadEventAsync(), StringComparison.Ordinal);
        Assert.Contains("legacy__brand_new", (await fixture.PostAsync(session, Rpc.ListTools)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_version_header_that_names_no_revision_is_refused()
    {
        var session = await fixture.OpenSessionAsync();
        var request = RawRequest.Post("/mcp", Rpc.ListTools).As(fixture.Gateway.AdminKey).InSession(session);

        Assert.Equal(400, (await fixture.Gateway.SendAsync(request.With("MCP-Protocol-Version", "1999-01-01"))).Status);
        Assert.Equal(400, (await fixture.Gateway.SendAsync(request.With("MCP-Protocol-Version", "nonsense"))).Status);
        Assert.Equal(200, (await fixture.Gateway.SendAsync(request.With("MCP-Protocol-Version", "2025-11-25"))).Status);
    }

    [Fact]
    public async Task Methods_that_the_endpoint_does_not_know_are_refused_with_those_that_it_does()
    {
        foreach (var method in (string[])["PUT", "PATCH", "HEAD", "OPTIONS", "TRACE", "BREW"])
        {
            using var connection = await fixture.Gateway.ConnectAsync();
            await connection.WriteAsync(RawRequest.Bare(method, "/mcp").As(fixture.Gateway.AdminKey).ToBytes(fixture.Gateway.Port));
            var head = await connection.ReadHeadAsync();
            Assert.True(head.StartLine.Contains(" 405 ", StringComparison.Ordinal), $"{method}: {head}");
            Assert.Contains("POST", head["Allow"], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_stream_without_a_session_is_not_offered()
    {
        var reply = await fixture.Gateway.SendAsync(Stream("none").Without("Mcp-Session-Id"));

        Assert.True(reply.Status is 405 or 400, reply.ToString());
    }

    [Fact]
    public async Task What_the_client_cannot_read_or_has_not_declared_is_refused()
    {
        var session = await fixture.OpenSessionAsync();
        var post = RawRequest.Post("/mcp", Rpc.ListTools).As(fixture.Gateway.AdminKey).InSession(session);

        Assert.Equal(406, (await fixture.Gateway.SendAsync(post.With("Accept", "text/html"))).Status);
        Assert.Equal(406, (await fixture.Gateway.SendAsync(Stream(session).With("Accept", "application/json"))).Status);
        Assert.Equal(415, (await fixture.Gateway.SendAsync(post.With("Content-Type", "text/plain"))).Status);
        Assert.Equal(415, (await fixture.Gateway.SendAsync(post.Without("Content-Type"))).Status);
        Assert.Equal(200, (await fixture.Gateway.SendAsync(post.With("Content-Type", "application/json; charset=utf-8"))).Status);
        Assert.Equal(200, (await fixture.Gateway.SendAsync(post.With("Accept", "*/*"))).Status);
    }

    private RawRequest Stream(string session) =>
        RawRequest.Bare("GET", "/mcp").As(fixture.Gateway.AdminKey).InSession(session).With("Accept", "text/event-stream");

    private RawRequest Delete(string session) => RawRequest.Bare("DELETE", "/mcp").As(fixture.Gateway.AdminKey).InSession(session);

    private async Task<(int Status, int Length)> NotifyAsync(string session, string path)
    {
        var reply = await fixture.PostAsync(session, """{"jsonrpc":"2.0","method":"notifications/initialized"}""", path: path);
        return (reply.Status, reply.Body.Length);
    }
}
