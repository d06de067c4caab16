using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Revisions;

/// <summary>Arrays of messages, which revision 2025-03-26 alone knows.</summary>
public sealed class BatchTests(RevisionGateway fixture) : IClassFixture<RevisionGateway>
{
    private const string Notification = """{"jsonrpc":"2.0","method":"notifications/initialized"}""";

    [Fact]
    public async Task A_batch_is_answered_with_one_response_for_each_request()
    {
        var session = await fixture.OpenSessionAsync("2025-03-26");

        var reply = await fixture.PostAsync(
            session, $"[{Rpc.Ping},{Notification},{Rpc.Call("legacy__echo", """{"n":2}""", "\"two\"")},{Rpc.Call("legacy__error", id: "3")}]");

        Assert.True(reply.Status == 200, reply.ToString());
        var answers = reply.IsEventStream
            ? reply.Events.Select(text => System.Text.Json.JsonDocument.Parse(text).RootElement).ToArray()
            : [.. reply.Json.EnumerateArray()];
        Assert.Equal(["\"two\"", "1", "3"], answers.Select(answer => answer.GetProperty("id").GetRawText()).Order(StringComparer.Ordinal));
        Assert.Contains(answers, answer => answer.GetProperty("id").GetRawText() == "3" && answer.TryGetProperty("error", out _));
    }

    [Fact]
    public async Task A_batch_of_notifications_alone_is_accepted_without_an_answer()
    {
        var reply = await fixture.PostAsync(await fixture.OpenSessionAsync("2025-03-26"), $"[{Notification},{Notification}]");

        Assert.Equal((202, 0), (reply.Status, reply.Body.Length));
    }

    [Fact]
    public async Task An_empty_batch_is_refused()
    {
        var reply = await fixture.PostAsync(await fixture.OpenSessionAsync("2025-03-26"), "[]");

        Assert.Equal((400, -32600), (reply.Status, reply.ErrorCode));
    }

    [Theory]
    [InlineData(50, 200)]
    [InlineData(51, 400)]
    public async Task A_batch_holds_fifty_messages_at_most(int messages, int status)
    {
        var batch = string.Join(',', Enumerable.Range(1, messages).Select(id => Rpc.Ping.Replace("\"id\":1", $"\"id\":{id}", StringComparison.Ordinal)));

        var reply = await fixture.PostAsync(await fixture.OpenSessionAsync("2025-03-26"), $"[{batch}]");

        Assert.Equal(status, reply.Status);
        Assert.True(status == 200 || reply.ErrorCode == -32600, reply.ToString());
    }

    [Fact]
    public async Task Initialize_must_not_be_part_of_a_batch()
    {
        var reply = await fixture.Gateway.PostAsync("/mcp", $"[{Rpc.Initialize("2025-03-26")}]");

        Assert.Contains("-32600", reply.Text, StringComparison.Ordinal);
        Assert.Null(reply["Mcp-Session-Id"]);
    }

    [Theory]
    [InlineData("2025-06-18")]
    [InlineData("2025-11-25")]
    public async Task Later_revisions_refuse_batches(string version)
    {
        var session = await fixture.OpenSessionAsync(version);
        var request = RawRequest.Post("/mcp", $"[{Rpc.Ping}]").As(fixture.Gateway.AdminKey).InSession(session);

        var withHeader = await fixture.Gateway.SendAsync(request.With("MCP-Protocol-Version", version));
        Assert.Equal((400, -32600), (withHeader.Status, withHeader.ErrorCode));

        // The session's revision counts where the header is absent.
        var withoutHeader = await fixture.Gateway.SendAsync(request);
        Assert.True(withoutHeader.Status == 400, withoutHeader.ToString());
    }

    [Fact]
    public async Task The_modern_revision_refuses_batches()
    {
        var reply = await fixture.Gateway.SendAsync(
            RawRequest.Post("/mcp", $"[{Rpc.Ping}]").As(fixture.Gateway.AdminKey).With("MCP-Protocol-Version", Rpc.Modern));

        Assert.Equal((400, -32600), (reply.Status, reply.ErrorCode));
    }

    [Fact]
    public async Task A_bad_message_spoils_only_its_own_answer()
    {
        var reply = await fixture.PostAsync(await fixture.OpenSessionAsync("2025-03-26"), $$"""[{{Rpc.Ping}},7,{"jsonrpc":"2.0","id":null,"method":"ping"}]""");

        Assert.True(reply.Status == 200, reply.ToString());
        Assert.Contains("\"result\":{}", reply.Text, StringComparison.Ordinal);
        Assert.Contains("-32600", reply.Text, StringComparison.Ordinal);
    }
}
