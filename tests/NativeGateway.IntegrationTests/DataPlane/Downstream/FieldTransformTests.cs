using System.Text.Json.Nodes;
using NativeGateway.IntegrationTests.DataPlane.Upstream;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Downstream;

/// <summary>Members and content that a client's revision does not know.</summary>
public sealed class FieldTransformTests
{
    private const string Link = """{"type":"resource_link","uri":"file:///a","name":"A","annotations":{"priority":1.0}}""";
    private const string Audio = """{"type":"audio","data":"AAAA","mimeType":"audio/wav"}""";

    private const string Tools = """
        {"name":"list","inputSchema":{"type":"object"},"outputSchema":{"type":"array","items":{"type":"string"}}},
        {"name":"either","inputSchema":{"properties":{}},"outputSchema":{"anyOf":[{"type":"object"},{"type":"null"}]}},
        {"name":"self","inputSchema":{},"outputSchema":{"$ref":"#/$defs/x","$defs":{"x":{"type":"array"}}}},
        {"name":"plain","inputSchema":{"type":"object"},"outputSchema":{"type":"object"},"execution":{"taskSupport":"required"}}
        """;

    [Theory]
    [InlineData("/mcp", "srv__", true)]
    [InlineData("/mcp/srv", "", true)]
    [InlineData("/mcp", "srv__", false)]
    [InlineData("/mcp/srv", "", false)]
    public async Task A_legacy_client_gets_structured_results_as_objects_and_a_modern_one_as_they_are(string path, string prefix, bool isLegacy)
    {
        await using var server = Server(isModern: true, call => call.Body.Contains("\"either\"", StringComparison.Ordinal)
            ? """{"content":[{"type":"text","text":"t"}],"structuredContent":{"a":1.0},"resultType":"complete"}"""
            : """{"content":[],"structuredContent":["x",1.0]}""");
        await using var front = await FrontHarness.StartAsync(("srv", server.Url));
        var client = new Client(front, path, isLegacy ? "2025-11-25" : null);

        var tools = (await client.AskAsync("tools/list", ""))["tools"]!.AsArray().ToDictionary(tool => (string)tool!["name"]!, tool => tool!);
        var list = await client.AskAsync("tools/call", $"\"name\":\"{prefix}list\",\"arguments\":{{}}", $"{prefix}list");
        var either = await client.AskAsync("tools/call", $"\"name\":\"{prefix}either\",\"arguments\":{{}}", $"{prefix}either");

        Assert.Equal(4, tools.Count);
        Assert.Equal(isLegacy ? """{"result":["x",1.0]}""" : """["x",1.0]""", list["structuredContent"]!.ToJsonString());
        Assert.Equal(isLegacy ? """{"result":{"a":1.0}}""" : """{"a":1.0}""", either["structuredContent"]!.ToJsonString());
        Assert.Equal(isLegacy ? "[\"x\",1.0]" : null, (string?)list["content"]!.AsArray().SingleOrDefault()?["text"]);
        Assert.Equal("t", (string?)either["content"]!.AsArray().Single()!["text"]);
        Assert.Equal(
            isLegacy ? """{"type":"object","properties":{"result":{"type":"array","items":{"type":"string"}}},"required":["result"]}""" : """{"type":"array","items":{"type":"string"}}""",
            tools[prefix + "list"]["outputSchema"]!.ToJsonString());
        Assert.Equal("""{"type":"object"}""", tools[prefix + "plain"]["outputSchema"]!.ToJsonString());

        // A schema that refers to itself cannot stand within another one.
        Assert.Equal(!isLegacy, tools[prefix + "self"]["outputSchema"] is not null);
    }

    [Fact]
    public async Task A_modern_client_is_not_shown_what_only_tasks_of_older_revisions_run()
    {
        await using var server = Server(isModern: false, _ => "{}");
        await using var front = await FrontHarness.StartAsync(("srv", server.Url));

        foreach (var (path, prefix) in ((string, string)[])[("/mcp", "srv__"), ("/mcp/srv", "")])
        {
            var tools = (await new Client(front, path, null).AskAsync("tools/list", ""))["tools"]!.AsArray();
            Assert.Equal([prefix + "list", prefix + "either", prefix + "self"], tools.Select(tool => (string?)tool!["name"]));
        }
    }

    [Fact]
    public async Task An_input_schema_without_a_type_is_one_of_an_object()
    {
        await using var server = Server(isModern: true, _ => "{}");
        await using var front = await FrontHarness.StartAsync(("srv", server.Url));

        var merged = (await new Client(front, "/mcp", null).AskAsync("tools/list", ""))["tools"]!.AsArray();
        var own = (await new Client(front, "/mcp/srv", null).AskAsync("tools/list", ""))["tools"]!.AsArray();

        Assert.Equal("""{"type":"object","properties":{}}""", merged[1]!["inputSchema"]!.ToJsonString());
        Assert.Equal("""{"type":"object"}""", merged[2]!["inputSchema"]!.ToJsonString());

        // What one server tells a client of its own era is not touched.
        Assert.Equal("{}", own[2]!["inputSchema"]!.ToJsonString());
    }

    [Theory]
    [InlineData("2024-11-05", """{"type":"text","text":"A: srv+file:///a","annotations":{"priority":1.0}}""", false)]
    [InlineData("2025-03-26", """{"type":"text","text":"A: srv+file:///a","annotations":{"priority":1.0}}""", true)]
    [InlineData("2025-06-18", """{"type":"resource_link","uri":"srv+file:///a","name":"A","annotations":{"priority":1.0}}""", true)]
    public async Task Content_that_a_client_does_not_know_is_told_in_another_form(string revision, string link, bool hasAudio)
    {
        await using var server = Server(isModern: false, call => call.Label == "prompts/get"
            ? $$"""{"messages":[{"role":"user","content":{{Link}}}]}"""
            : $$"""{"content":[{"type":"text","text":"t"},{{Link}},{{Audio}}]}""");
        await using var front = await FrontHarness.StartAsync(("srv", server.Url));
        var client = new Client(front, "/mcp", revision);

        var content = (await client.AskAsync("tools/call", "\"name\":\"srv__list\",\"arguments\":{}"))["content"]!.AsArray();
        var prompt = await client.AskAsync("prompts/get", "\"name\":\"srv__p\"");

        Assert.Equal("""{"type":"text","text":"t"}""", content[0]!.ToJsonString());
        Assert.Equal(link, content[1]!.ToJsonString(Relaxed));
        Assert.Equal(link, prompt["messages"]![0]!["content"]!.ToJsonString(Relaxed));
        if (hasAudio)
        {
            Assert.Equal(Audio, content[2]!.ToJsonString());
        }
        else
        {
            Assert.Equal("resource", (string?)content[2]!["type"]);
            Assert.Equal(("audio/wav", "AAAA"), ((string?)content[2]!["resource"]!["mimeType"], (string?)content[2]!["resource"]!["blob"]));
        }
    }

    private static readonly System.Text.Json.JsonSerializerOptions Relaxed =
        new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static ScriptedUpstream Server(bool isModern, Func<ScriptedRequest, string> call)
    {
        Task AnswerAsync(ScriptedRequest request) => request.ResultAsync(request.Label switch
        {
            "tools/list" => $$"""{"tools":[{{Tools.ReplaceLineEndings("")}}],"resultType":"complete"}""",
            "prompts/list" => """{"prompts":[{"name":"p"}]}""",
            _ => call(request),
        });
        const string capabilities = """{"tools":{},"prompts":{}}""";
        return new ScriptedUpstream(isModern
            ? new ModernScript { Capabilities = capabilities, OnCall = AnswerAsync }.RunAsync
            : new LegacyScript { Capabilities = capabilities, OnCall = AnswerAsync, OnPosted = AnswerAsync }.RunAsync);
    }

    /// <param name="Legacy">Its revision, or null for a modern client.</param>
    private sealed record Client(FrontHarness Front, string Path, string? Legacy)
    {
        public async Task<JsonNode> AskAsync(string method, string parameters, string? name = null)
        {
            var separator = parameters.Length == 0 ? "\"x\":1" : parameters;
            var body = Legacy is null
                ? Messages.Modern(method, separator)
                : $$$"""{"jsonrpc":"2.0","id":1,"method":"{{{method}}}","params":{{{{separator}}}}}""";
            (string, string)[] headers = Legacy is null
                ? Messages.Headers(method, name)
                : [("Mcp-Session-Id", await OpenAsync())];
            var (_, text) = await Front.ExchangeAsync(HttpMethod.Post, Path, body, headers);
            return JsonNode.Parse(text)!["result"] ?? throw new InvalidOperationException(text);
        }

        private async Task<string> OpenAsync()
        {
            using var response = await Front.SendAsync(HttpMethod.Post, Path, Messages.Initialize(Legacy!));
            return response.Headers.GetValues("Mcp-Session-Id").Single();
        }
    }
}
