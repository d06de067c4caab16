using System.Text.Json.Nodes;
using NativeGateway.IntegrationTests.DataPlane.Upstream;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Downstream;

/// <summary>Tasks of both kinds: where they are carried, and whose they are.</summary>
public sealed class TaskTests
{
    private const string Extension = """{"extensions":{"io.modelcontextprotocol/tasks":{}}}""";

    [Theory]
    [InlineData("/mcp", "srv__")]
    [InlineData("/mcp/srv", "")]
    public async Task A_task_of_the_extension_is_had_by_the_key_that_began_it_alone(string path, string prefix)
    {
        await using var server = Modern();
        await using var front = await FrontHarness.StartAsync(("srv", server.Url));
        var begun = await ModernAsync(front, path, "tools/call", $"\"name\":\"{prefix}slow\",\"arguments\":{{}}", $"{prefix}slow");
        var id = (string)begun["result"]!["taskId"]!;
        Assert.Equal("task", (string?)begun["result"]!["resultType"]);
        Assert.DoesNotContain("t-1", id, StringComparison.Ordinal);

        var got = await ModernAsync(front, path, "tasks/get", $"\"taskId\":\"{id}\"", id);
        Assert.Equal(id, (string?)got["result"]!["taskId"]);
        Assert.Equal(prefix.Length > 0 ? "srv+file:///a" : "file:///a", (string?)got["result"]!["result"]!["content"]![0]!["resource"]!["uri"]);
        Assert.Equal("t-1", (await server.NextAsync("tasks/get")).Header("Mcp-Name"));
        await ModernAsync(front, path, "tasks/cancel", $"\"taskId\":\"{id}\"", id);
        Assert.Contains("\"t-1\"", (await server.NextAsync("tasks/cancel")).Body, StringComparison.Ordinal);

        // Neither somebody else nor the upstream's own id has a way to it.
        Assert.Equal(-32602, Code(await ModernAsync(front, path, "tasks/get", $"\"taskId\":\"{id}\"", id, front.OtherKey)));
        Assert.Equal(-32602, Code(await ModernAsync(front, path, "tasks/get", "\"taskId\":\"t-1\"", "t-1")));
        Assert.Equal(1, server.Count("tasks/get"));
    }

    [Fact]
    public async Task A_request_that_does_not_declare_the_extension_is_told_what_it_lacks()
    {
        await using var server = Modern();
        await using var front = await FrontHarness.StartAsync(("srv", server.Url));

        var refused = await ModernAsync(front, "/mcp/srv", "tasks/get", "\"taskId\":\"t-1\"", "t-1", status: 400, capabilities: "{}");

        Assert.Equal(-32021, Code(refused));
        Assert.NotNull(refused["error"]!["data"]!["requiredCapabilities"]!["extensions"]!["io.modelcontextprotocol/tasks"]);
        Assert.Equal(0, server.Count("tasks/get"));
    }

    [Fact]
    public async Task A_task_is_not_had_by_way_of_another_server()
    {
        await using var server = Modern();
        await using var other = Modern();
        await using var front = await FrontHarness.StartAsync(("srv", server.Url), ("other", other.Url));
        var id = (string)(await ModernAsync(front, "/mcp/srv", "tools/call", "\"name\":\"slow\",\"arguments\":{}", "slow"))["result"]!["taskId"]!;

        Assert.Equal(-32602, Code(await ModernAsync(front, "/mcp/other", "tasks/get", $"\"taskId\":\"{id}\"", id)));
    }

    [Fact]
    public async Task The_extension_is_offered_where_a_server_offers_it()
    {
        await using var server = Modern();
        await using var front = await FrontHarness.StartAsync(("srv", server.Url));

        foreach (var path in (string[])["/mcp", "/mcp/srv"])
        {
            var offer = await ModernAsync(front, path, "server/discover", "\"x\":1");
            Assert.Equal("{}", offer["result"]!["capabilities"]!["extensions"]!["io.modelcontextprotocol/tasks"]!.ToJsonString());
            Assert.Null((await InitializedAsync(front, path))["capabilities"]!["extensions"]);
        }
    }

    [Fact]
    public async Task A_core_task_is_had_by_the_key_that_began_it_alone_and_listed_for_nobody()
    {
        await using var server = Legacy();
        await using var front = await FrontHarness.StartAsync(("srv", server.Url));
        var capabilities = (await InitializedAsync(front, "/mcp/srv"))["capabilities"]!;
        Assert.Equal("""{"cancel":{},"requests":{"tools":{"call":{}}}}""", capabilities["tasks"]!.ToJsonString());

        var begun = await LegacyAsync(front, "/mcp/srv", "tools/call", """ "name":"slow","task":{"ttl":1} """);
        var id = (string)begun["result"]!["task"]!["taskId"]!;
        Assert.DoesNotContain("t-1", id, StringComparison.Ordinal);
        var got = await LegacyAsync(front, "/mcp/srv", "tasks/get", $"\"taskId\":\"{id}\"");
        var result = await LegacyAsync(front, "/mcp/srv", "tasks/result", $"\"taskId\":\"{id}\"");

        Assert.Equal(id, (string?)got["result"]!["taskId"]);
        Assert.Equal(id, (string?)result["result"]!["_meta"]!["io.modelcontextprotocol/related-task"]!["taskId"]);
        Assert.Equal(-32602, Code(await LegacyAsync(front, "/mcp/srv", "tasks/result", $"\"taskId\":\"{id}\"", front.OtherKey)));
        Assert.Equal(-32602, Code(await LegacyAsync(front, "/mcp/srv", "tasks/get", "\"taskId\":\"t-1\"")));
        Assert.Equal(-32601, Code(await LegacyAsync(front, "/mcp/srv", "tasks/list", "\"x\":1")));
        Assert.DoesNotContain("tasks/list", server.Labels);
    }

    [Fact]
    public async Task Where_core_tasks_are_not_offered_a_call_runs_as_one()
    {
        await using var server = Legacy();
        await using var front = await FrontHarness.StartAsync(("srv", server.Url));
        Assert.Null((await InitializedAsync(front, "/mcp"))["capabilities"]!["tasks"]);

        await LegacyAsync(front, "/mcp", "tools/call", """ "task":{"ttl":1},"name":"srv__slow" """);
        Assert.DoesNotContain("\"task\"", (await server.NextAsync("tools/call")).Body, StringComparison.Ordinal);
        await ModernAsync(front, "/mcp/srv", "tools/call", """ "name":"slow","task":{} """, "slow");
        Assert.DoesNotContain("\"task\"", (await server.NextAsync("tools/call")).Body, StringComparison.Ordinal);
        Assert.Equal(-32601, Code(await LegacyAsync(front, "/mcp", "tasks/get", "\"taskId\":\"t-1\"")));
    }

    [Fact]
    public async Task Between_the_eras_there_are_no_tasks()
    {
        await using var legacy = Legacy();
        await using var modern = Modern();
        await using var front = await FrontHarness.StartAsync(("old", legacy.Url), ("new", modern.Url));
        await LegacyAsync(front, "/mcp", "tools/list", "\"x\":1");

        foreach (var method in (string[])["tasks/get", "tasks/cancel", "tasks/update"])
        {
            Assert.Equal(-32601, Code(await ModernAsync(front, "/mcp/old", method, "\"taskId\":\"t-1\"", "t-1", status: 404)));
        }

        foreach (var method in (string[])["tasks/get", "tasks/list", "tasks/result", "tasks/cancel"])
        {
            Assert.Equal(-32601, Code(await LegacyAsync(front, "/mcp/new", method, "\"taskId\":\"t-1\"")));
        }

        Assert.DoesNotContain(legacy.Labels.Concat(modern.Labels), label => label.StartsWith("tasks/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_state_of_a_core_task_is_told_to_nobody_by_the_servers_own_id()
    {
        await using var server = Legacy();
        await using var front = await FrontHarness.StartAsync(("srv", server.Url));
        using var stream = await front.StreamAsync(HttpMethod.Post, "/mcp/srv", Messages.Call("chatty"));

        Assert.Contains("notifications/message", await stream.NextMessageAsync(), StringComparison.Ordinal);
        Assert.Contains("\"result\"", await stream.NextMessageAsync(), StringComparison.Ordinal);
    }

    private static ScriptedUpstream Modern() => new(new ModernScript
    {
        Capabilities = """{"tools":{},"extensions":{"io.modelcontextprotocol/tasks":{}}}""",
        OnCall = request => request.ResultAsync(request.Label switch
        {
            "tools/list" => """{"tools":[{"name":"slow","inputSchema":{"type":"object"}}]}""",
            "tools/call" => """{"resultType":"task","taskId":"t-1","status":"working"}""",
            "tasks/get" => """{"resultType":"complete","taskId":"t-1","status":"completed","result":{"content":[{"type":"resource","resource":{"uri":"file:///a","text":""}}]}}""",
            _ => """{"resultType":"complete"}""",
        }),
    }.RunAsync);

    private static ScriptedUpstream Legacy()
    {
        async Task AnswerAsync(ScriptedRequest request)
        {
            if (request.Body.Contains("\"chatty\"", StringComparison.Ordinal))
            {
                await request.BeginEventsAsync();
                await request.EventAsync("""{"jsonrpc":"2.0","method":"notifications/tasks/status","params":{"taskId":"t-2","status":"working"}}""");
                await request.EventAsync(Messages.Log(1));
                await request.EventAsync(request.Result("{}"));
                await request.EndAsync();
                return;
            }

            await request.ResultAsync(request.Label switch
            {
                "tools/list" => """{"tools":[{"name":"slow","inputSchema":{"type":"object"}}]}""",
                "tools/call" when request.Body.Contains("\"task\"", StringComparison.Ordinal) => """{"task":{"taskId":"t-1","status":"working"}}""",
                "tasks/get" => """{"taskId":"t-1","status":"completed"}""",
                "tasks/result" => """{"content":[],"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"t-1"}}}""",
                _ => """{"content":[]}""",
            });
        }

        return new ScriptedUpstream(new LegacyScript
        {
            Capabilities = """{"tools":{},"tasks":{"list":{},"cancel":{},"requests":{"tools":{"call":{}}}}}""",
            OnCall = AnswerAsync,
            OnPosted = AnswerAsync,
        }.RunAsync);
    }

    private static int Code(JsonNode answer) => (int)answer["error"]!["code"]!;

    private static async Task<JsonNode> ModernAsync(
        FrontHarness front,
        string path,
        string method,
        string parameters,
        string? name = null,
        string? key = null,
        int? status = null,
        string capabilities = Extension)
    {
        var (seen, text) = await front.ExchangeAsync(
            HttpMethod.Post,
            path,
            Messages.Modern(method, parameters, capabilities: capabilities),
            [.. Messages.Headers(method, name), ("Authorization", $"Bearer {key ?? front.Key}")]);
        Assert.Equal(status ?? seen, seen);
        return JsonNode.Parse(text)!;
    }

    private static async Task<JsonNode> LegacyAsync(FrontHarness front, string path, string method, string parameters, string? key = null)
    {
        var body = $$$"""{"jsonrpc":"2.0","id":1,"method":"{{{method}}}","params":{{{{parameters}}}}}""";
        return JsonNode.Parse((await front.ExchangeAsync(HttpMethod.Post, path, body, ("Authorization", $"Bearer {key ?? front.Key}"))).Text)!;
    }

    private static async Task<JsonNode> InitializedAsync(FrontHarness front, string path) =>
        JsonNode.Parse((await front.ExchangeAsync(HttpMethod.Post, path, Messages.Initialize("2025-11-25"))).Text)!["result"]!;
}
