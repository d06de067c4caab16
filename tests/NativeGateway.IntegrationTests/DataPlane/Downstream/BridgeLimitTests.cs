using System.Text.Json.Nodes;
using NativeGateway.IntegrationTests.DataPlane.Upstream;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Downstream;

/// <summary>What is not carried from one era to the other, and what is although it looks as if it could not.</summary>
public sealed class BridgeLimitTests
{
    private const string Capabilities =
        """{"tools":{},"resources":{},"experimental":{"x":{}},"extensions":{"com.example/x":{},"io.modelcontextprotocol/ui":{"mimeTypes":["text/html"]}}}""";

    [Theory]
    [InlineData("/mcp")]
    [InlineData("/mcp/srv")]
    public async Task Experiments_and_unknown_extensions_are_not_offered_across_the_eras(string path)
    {
        await using var legacy = Server(isModern: false);
        await using var modern = Server(isModern: true);
        await using var toLegacy = await FrontHarness.StartAsync(("srv", legacy.Url));
        await using var toModern = await FrontHarness.StartAsync(("srv", modern.Url));

        var discovered = (await ModernAsync(toLegacy, path, "server/discover", "\"x\":1"))["result"]!["capabilities"]!;
        var initialized = JsonNode.Parse((await toModern.ExchangeAsync(HttpMethod.Post, path, Messages.Initialize("2025-11-25"))).Text)!["result"]!["capabilities"]!;

        Assert.Null(discovered["experimental"]);
        Assert.Equal(["io.modelcontextprotocol/ui"], discovered["extensions"]!.AsObject().Select(extension => extension.Key));
        Assert.Null(initialized["experimental"]);
        Assert.Null(initialized["extensions"]);
    }

    [Fact]
    public async Task A_method_that_only_a_server_knows_is_carried_to_that_server_and_from_the_aggregate_nowhere()
    {
        await using var server = Server(isModern: true);
        await using var front = await FrontHarness.StartAsync(("srv", server.Url));
        const string legacy = """{"jsonrpc":"2.0","id":1,"method":"vendor/x","params":{}}""";

        Assert.Equal("vendor/x", (string?)(await ModernAsync(front, "/mcp/srv", "vendor/x", "\"x\":1"))["result"]!["heard"]);
        Assert.Contains("vendor/x", (await front.ExchangeAsync(HttpMethod.Post, "/mcp/srv", legacy)).Text, StringComparison.Ordinal);
        Assert.Equal(-32601, (int)(await ModernAsync(front, "/mcp", "vendor/x", "\"x\":1", status: 404))["error"]!["code"]!);
        var (status, text) = await front.ExchangeAsync(HttpMethod.Post, "/mcp", legacy);
        Assert.Equal((200, -32601), (status, (int)JsonNode.Parse(text)!["error"]!["code"]!));
    }

    [Theory]
    [InlineData("2025-03-26", "{}")]
    [InlineData("2025-06-18", """{"elicitation":{"form":{}}}""")]
    [InlineData("2025-11-25", """{"elicitation":{"form":{},"url":{}}}""")]
    public async Task A_server_learns_of_no_elicitation_that_the_clients_revision_does_not_know(string revision, string declared)
    {
        await using var server = Server(isModern: false);
        await using var front = await FrontHarness.StartAsync(("srv", server.Url));
        var session = ("Mcp-Session-Id", await front.OpenSessionAsync(revision, """{"elicitation":{"form":{},"url":{}}}"""));

        await (await front.SendAsync(HttpMethod.Post, "/mcp", Messages.Call("srv__t"), session)).Content.ReadAsStringAsync();

        var call = await server.NextAsync("tools/call");
        Assert.Contains(server.Requests, request => request.Label == "initialize"
            && request.Message.GetProperty("params").GetProperty("capabilities").GetRawText() == declared);
        Assert.Equal(declared == "{}" ? "s-1" : "s-2", call.Header("Mcp-Session-Id"));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task The_page_of_a_tool_is_read_by_the_uri_that_the_list_gives(bool isModernClient, bool isModernServer)
    {
        await using var server = Server(isModernServer);
        await using var front = await FrontHarness.StartAsync(("srv", server.Url));
        async Task<JsonNode> AskAsync(string method, string parameters, string? name) => isModernClient
            ? (await ModernAsync(front, "/mcp", method, parameters, name))["result"]!
            : JsonNode.Parse((await front.ExchangeAsync(HttpMethod.Post, "/mcp", $$$"""{"jsonrpc":"2.0","id":1,"method":"{{{method}}}","params":{{{{parameters}}}}}""")).Text)!["result"]!;

        var meta = (await AskAsync("tools/list", "\"x\":1", null))["tools"]![0]!["_meta"]!;
        var uri = (string)meta["ui"]!["resourceUri"]!;
        var page = (await AskAsync("resources/read", $"\"uri\":\"{uri}\"", uri))["contents"]![0]!;

        Assert.Equal("ui://srv+widget/1", uri);
        Assert.Equal(uri, (string?)meta["ui/resourceUri"]);
        Assert.Equal("""["app"]""", meta["ui"]!["visibility"]!.ToJsonString());
        Assert.Equal("ui://widget/1", (string?)JsonNode.Parse((await server.NextAsync("resources/read")).Body)!["params"]!["uri"]);
        Assert.Equal(uri, (string?)page["uri"]);
        Assert.Equal("""{"csp":{"connectDomains":["https://a.example"]}}""", page["_meta"]!["ui"]!.ToJsonString());
    }

    [Theory]
    [InlineData("/mcp", "srv__t")]
    [InlineData("/mcp/srv", "t")]
    public async Task A_legacy_clients_arguments_are_mirrored_for_a_modern_server(string path, string tool)
    {
        await using var server = Server(isModern: true);
        await using var front = await FrontHarness.StartAsync(("srv", server.Url));
        await ModernAsync(front, "/mcp", "tools/list", "\"x\":1");

        await front.ExchangeAsync(
            HttpMethod.Post, path, $$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"{{{tool}}}","arguments":{"region":"Zürich"} }}""", ("Mcp-Param-Region", "forged"));

        var call = await server.NextAsync("tools/call");
        Assert.Equal(("t", "=?base64?WsO8cmljaA==?="), (call.Header("Mcp-Name"), call.Header("Mcp-Param-Region")));
    }

    private static ScriptedUpstream Server(bool isModern)
    {
        Task AnswerAsync(ScriptedRequest request) => request.ResultAsync(request.Label switch
        {
            "tools/list" => """
                {"tools":[{"name":"t","inputSchema":{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"}}},
                "_meta":{"ui":{"resourceUri":"ui://widget/1","visibility":["app"]},"ui/resourceUri":"ui://widget/1"}}]}
                """.ReplaceLineEndings(""),
            "resources/list" => """{"resources":[]}""",
            "resources/templates/list" => """{"resourceTemplates":[]}""",
            "resources/read" => """{"contents":[{"uri":"ui://widget/1","text":"","_meta":{"ui":{"csp":{"connectDomains":["https://a.example"]}}}}]}""",
            "vendor/x" => """{"heard":"vendor/x"}""",
            _ => """{"content":[]}""",
        });
        return new ScriptedUpstream(isModern
            ? new ModernScript { Capabilities = Capabilities, OnCall = AnswerAsync }.RunAsync
            : new LegacyScript { Capabilities = Capabilities, OnCall = AnswerAsync, OnPosted = AnswerAsync }.RunAsync);
    }

    private static async Task<JsonNode> ModernAsync(FrontHarness front, string path, string method, string parameters, string? name = null, int? status = null)
    {
        var (seen, text) = await front.ExchangeAsync(HttpMethod.Post, path, Messages.Modern(method, parameters), Messages.Headers(method, name));
        Assert.Equal(status ?? 200, seen);
        return JsonNode.Parse(text)!;
    }
}
