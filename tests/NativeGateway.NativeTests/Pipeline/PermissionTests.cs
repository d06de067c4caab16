using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Pipeline;

public sealed class PermissionTests(PipelineGateway fixture) : IClassFixture<PipelineGateway>
{
    [Theory]
    [InlineData("/mcp", "up__fail")]
    [InlineData("/mcp", "up:fail")]
    [InlineData("/mcp/up", "fail")]
    public async Task A_tool_that_the_key_may_not_use_is_refused(string path, string tool)
    {
        var before = fixture.Upstream.Calls.Count();

        var reply = await fixture.Gateway.PostAsync(path, Rpc.Call(tool, """{"marker":"body-marker"}"""), fixture.Restricted);

        Refusal.Check(reply, 403, -32011, "body-marker", fixture.Restricted, fixture.UpstreamAddress);
        Assert.DoesNotContain(fixture.Upstream.Calls.Skip(before), call => call.Tool == "fail" && call.Arguments.Contains("body-marker", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_audit_log_names_what_was_refused_and_none_of_its_arguments()
    {
        await fixture.Gateway.PostAsync("/mcp", Rpc.Call("up__fail", """{"marker":"body-marker"}"""), fixture.Restricted);
        await fixture.Gateway.PostAsync("/mcp/up", """{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"secret_prompt","arguments":{"a":"body-marker"}}}""", fixture.Restricted);
        var servers = (await AskAsync("servers")).Json.GetProperty("items").EnumerateArray();
        var server = servers.First(item => item.GetProperty("name").GetString() == "up").GetProperty("id").GetString();

        foreach (var refused in (string[])[$"tool/{server}/fail", $"prompt/{server}/secret_prompt"])
        {
            var log = await Faults.Until.Async(() => AskAsync($"audit?outcome=forbidden&resource={refused}"), reply => reply.Json.GetProperty("items").GetArrayLength() > 0);
            var resource = log.Json.GetProperty("items")[0].GetProperty("resource");
            Assert.Equal(refused, $"{resource.GetProperty("type").GetString()}/{resource.GetProperty("id").GetString()}");
        }

        Assert.DoesNotContain("body-marker", (await AskAsync("audit?limit=200")).Text, StringComparison.Ordinal);

        Task<Reply> AskAsync(string path) => fixture.Gateway.SendAsync(RawRequest.Bare("GET", $"/api/v1/{path}").As(fixture.Gateway.AdminKey));
    }

    [Fact]
    public async Task A_tool_behind_an_escaped_name_is_refused_all_the_same()
    {
        Refusal.Check(await fixture.Gateway.PostAsync("/mcp/up", Rpc.Call("f\\u0061il"), fixture.Restricted), 403, -32011);
        Refusal.Check(await fixture.Gateway.PostAsync("/mcp", Rpc.Call("up__f\\u0061il"), fixture.Restricted), 403, -32011);
    }

    [Theory]
    [InlineData("/mcp", "up__secret_prompt")]
    [InlineData("/mcp/up", "secret_prompt")]
    public async Task A_prompt_that_the_key_may_not_use_is_refused(string path, string prompt)
    {
        var body = $$"""{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"{{prompt}}"} }""";

        Refusal.Check(await fixture.Gateway.PostAsync(path, body, fixture.Restricted), 403, -32011);
        Assert.Equal(200, (await fixture.Gateway.PostAsync(path, body, fixture.Plain)).Status);
    }

    [Fact]
    public async Task A_resource_that_the_key_may_not_use_is_refused()
    {
        const string Closed = """{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"test://closed/doc"}}""";
        const string Open = """{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"test://open/doc"}}""";

        Refusal.Check(await fixture.Gateway.PostAsync("/mcp/up", Closed, fixture.Restricted), 403, -32011);
        Assert.Equal(200, (await fixture.Gateway.PostAsync("/mcp/up", Open, fixture.Restricted)).Status);
    }

    [Theory]
    [InlineData("/mcp", "up__echo")]
    [InlineData("/mcp/up", "echo")]
    public async Task A_server_that_the_key_may_not_use_is_refused(string path, string tool)
    {
        var reply = await fixture.Gateway.PostAsync(path, Rpc.Call(tool), fixture.OtherServer);

        Refusal.Check(reply, 403, -32011, fixture.OtherServer, fixture.UpstreamAddress);
        Assert.Equal(200, (await fixture.Gateway.PostAsync("/mcp", Rpc.Call("other__echo"), fixture.OtherServer)).Status);
    }

    [Fact]
    public async Task A_key_without_the_MCP_scope_is_refused()
    {
        Refusal.Check(await fixture.Gateway.PostAsync("/mcp", Rpc.Ping, fixture.Administrative), 403, -32011);
        Refusal.Check(await fixture.Gateway.PostAsync("/mcp/up", Rpc.ListTools, fixture.Administrative), 403, -32011);
    }

    [Fact]
    public async Task What_a_key_may_not_use_it_does_not_see_in_lists()
    {
        var all = await NamesAsync("/mcp", "tools/list", "tools", fixture.Plain);
        var seen = await NamesAsync("/mcp", "tools/list", "tools", fixture.Restricted);
        Assert.Contains("up__fail", all);
        Assert.DoesNotContain("up__fail", seen);
        Assert.Contains("up__echo", seen);
        Assert.DoesNotContain("fail", await NamesAsync("/mcp/up", "tools/list", "tools", fixture.Restricted));
        Assert.DoesNotContain("up__secret_prompt", await NamesAsync("/mcp", "prompts/list", "prompts", fixture.Restricted));
        Assert.Contains("up__greet", await NamesAsync("/mcp", "prompts/list", "prompts", fixture.Restricted));
        Assert.DoesNotContain("closed", await NamesAsync("/mcp", "resources/list", "resources", fixture.Restricted));
        Assert.All(await NamesAsync("/mcp", "tools/list", "tools", fixture.OtherServer), name => Assert.StartsWith("other__", name, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_disabled_server_looks_like_an_unknown_one()
    {
        var unknown = await fixture.Gateway.PostAsync("/mcp/nothing-here", Rpc.ListTools, fixture.Plain);
        var disabled = await fixture.Gateway.PostAsync("/mcp/off", Rpc.ListTools, fixture.Plain);

        Assert.Equal(404, unknown.Status);
        Assert.Equal(unknown.Text, disabled.Text.Replace("off", "nothing-here", StringComparison.Ordinal));
        Assert.Equal(unknown.Status, disabled.Status);
    }

    [Fact]
    public async Task An_unknown_tool_is_an_answer_and_no_refusal()
    {
        var reply = await fixture.Gateway.PostAsync("/mcp", Rpc.Call("up__no_such_tool"), fixture.Plain);

        Assert.Equal(200, reply.Status);
        Assert.Equal(-32602, reply.ErrorCode);
    }

    private async Task<IReadOnlyList<string>> NamesAsync(string path, string method, string member, string key)
    {
        var reply = await fixture.Gateway.PostAsync(path, $$"""{"jsonrpc":"2.0","id":1,"method":"{{method}}"}""", key);
        Assert.True(reply.Status == 200, reply.ToString());
        return [.. reply.Result.GetProperty(member).EnumerateArray().Select(item => item.GetProperty("name").GetString()!)];
    }
}
