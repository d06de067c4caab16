using System.Text.Json.Nodes;
using NativeGateway.IntegrationTests.DataPlane.Stdio;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Downstream;

/// <summary>Questions of programs on their way to clients of both eras.</summary>
public sealed class StdioQuestionTests
{
    private const string Elicitation = """{"elicitation":{}}""";
    private const string Answer = """{"action":"accept","content":{"name":"Ann"}}""";

    [Theory]
    [InlineData("legacy", """{"action": "accept", "content": {"name": "Ann"}}""")]
    [InlineData("modern", """["s1", {"who": {"action": "accept", "content": {"name": "Ann"}}}]""")]
    public async Task A_legacy_client_is_asked_on_the_stream_of_its_call(string era, string heard)
    {
        await using var front = await FrontHarness.StartAsync("srv", StdioFixture.ScriptedCommand(era));
        var session = ("Mcp-Session-Id", await front.OpenSessionAsync("2025-11-25", Elicitation));
        using var stream = await front.StreamAsync(HttpMethod.Post, "/mcp", Messages.Call("srv__elicit"), session);

        var question = JsonNode.Parse(await stream.NextMessageAsync())!;
        Assert.Equal("[srv] Who?", (string?)question["params"]!["message"]);
        await front.ExchangeAsync(HttpMethod.Post, "/mcp", Messages.Result(question["id"]!.ToJsonString(), Answer), session);

        Assert.Equal(heard, TextOf(await stream.NextMessageAsync()));
    }

    [Theory]
    [InlineData("legacy", """{"action": "accept", "content": {"name": "Ann"}}""")]
    [InlineData("modern", """["s1", {"who": {"action": "accept", "content": {"name": "Ann"}}}]""")]
    public async Task A_modern_client_is_asked_by_the_result(string era, string heard)
    {
        await using var front = await FrontHarness.StartAsync("srv", StdioFixture.ScriptedCommand(era));

        var asked = await CallAsync(front, "");
        var (key, question) = asked["inputRequests"]!.AsObject().Single();
        Assert.Equal("[srv] Who?", (string?)question!["params"]!["message"]);
        var answered = await CallAsync(front, $$""","inputResponses":{"{{key}}":{{Answer}}},"requestState":{{asked["requestState"]!.ToJsonString()}} """);

        Assert.Equal(heard, (string?)answered["content"]![0]!["text"]);
    }

    private static async Task<JsonNode> CallAsync(FrontHarness front, string more)
    {
        var body = Messages.Modern("tools/call", $$""" "name":"srv__elicit","arguments":{}{{more}} """, capabilities: Elicitation);
        var (_, text) = await front.ExchangeAsync(HttpMethod.Post, "/mcp", body, Messages.Headers("tools/call", "srv__elicit"));
        return JsonNode.Parse(text)!["result"] ?? throw new InvalidOperationException(text);
    }

    private static string? TextOf(string response) => (string?)JsonNode.Parse(response)!["result"]!["content"]![0]!["text"];
}
