using System.Text.Json;
using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Pipeline;

/// <summary>Every answer's <c>X-Request-Id</c> leads to what became of the request.</summary>
public sealed class ExplainTests(PipelineGateway fixture) : IClassFixture<PipelineGateway>
{
    [Fact]
    public async Task A_call_that_was_answered_is_explained_with_its_way_and_its_times()
    {
        var one = await ExplainAsync(await fixture.Gateway.PostAsync("/mcp", Rpc.Call("up__echo", """{"marker":"body-marker"}"""), fixture.Plain));

        Assert.Equal(("tools/call", "up", "echo", "ok", "yes"), (Text(one, "method"), Text(one, "server"), Text(one, "name"), Text(one, "outcome"), Text(one, "executed")));
        Assert.All(one.GetProperty("stages").EnumerateArray(), stage => Assert.Equal("passed", Text(stage, "verdict")));
        Assert.Equal((0, "only", 1), EndpointOf(one));
        var times = one.GetProperty("timesMs");
        var parts = new[] { "gateway", "queued", "opening", "waiting", "relaying" }.Sum(part => times.GetProperty(part).GetDouble());
        Assert.Equal(times.GetProperty("whole").GetDouble(), parts, 0.01);
        Assert.True(times.GetProperty("waiting").GetDouble() > 0);
        Assert.DoesNotContain("body-marker", one.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("up__fail", "permission", "forbidden", "refused", "no")]
    [InlineData("up__no_such_tool", "resolve", "invalid_params", "refused", "no")]
    [InlineData("dead__x", "resolve", "invalid_params", "refused", "no")]
    [InlineData("slow__hang", "answer", "upstream_timeout", "failed", "unknown")]
    public async Task A_call_that_was_not_answered_is_explained_by_the_stage_that_ended_it(string tool, string stage, string reason, string verdict, string executed)
    {
        var reply = await fixture.Gateway.PostAsync("/mcp", Rpc.Call(tool), fixture.Restricted);
        var one = await ExplainAsync(reply);

        Assert.Equal((stage, reason, executed), (Text(one, "decidedBy"), Text(one, "reason"), Text(one, "executed")));
        Assert.Equal((reply.Status, reply.ErrorCode), (one.GetProperty("status").GetInt32(), one.GetProperty("code").GetInt32()));
        var stages = one.GetProperty("stages").EnumerateArray().ToDictionary(entry => Text(entry, "stage")!, entry => Text(entry, "verdict"));
        Assert.Equal(("passed", verdict), (stages["credential"], stages[stage]));
        Assert.DoesNotContain("no_such_tool", one.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_of_a_server_that_cannot_be_reached_was_executed_by_nobody()
    {
        var one = await ExplainAsync(await fixture.Gateway.PostAsync("/mcp/dead", Rpc.Call("x"), fixture.Plain));

        Assert.Equal(("upstream_unavailable", "no", null), (Text(one, "reason"), Text(one, "executed"), Text(one, "name")));
    }

    [Fact]
    public async Task A_request_without_a_valid_key_is_explained_to_the_operator_only()
    {
        var reply = await fixture.Gateway.PostAsync("/mcp", Rpc.Ping, fixture.Unknown);

        var one = await ExplainAsync(reply, fixture.Gateway.AdminKey);
        Assert.Equal(("credential", "unauthenticated", null), (Text(one, "decidedBy"), Text(one, "reason"), Text(one, "keyId")));
        Assert.Equal(404, (await AskAsync(fixture.Gateway, reply, fixture.Administrative)).Status);
    }

    [Fact]
    public async Task What_failed_is_explained_after_the_gateway_has_gone()
    {
        await using var gateway = await GatewayProcess.StartAsync(new GatewayConfig { Servers = [("dead", GatewayConfig.Entry(ClosedPort.Url))] });
        var id = (await gateway.PostAsync("/mcp/dead", Rpc.Call("x")))["X-Request-Id"]!;
        Assert.Equal(0, await gateway.StopAsync());

        var explained = await gateway.RunAsync("explain", id);

        Assert.Equal((0, ""), (explained.ExitCode, explained.Errors));
        Assert.Contains("tools/call on dead", explained.Output, StringComparison.Ordinal);
        Assert.Contains("No endpoint of the server could be reached; nothing was sent.", explained.Output, StringComparison.Ordinal);
    }

    private async Task<JsonElement> ExplainAsync(Reply reply, string? key = null) =>
        Assert.Single((await AskAsync(fixture.Gateway, reply, key ?? fixture.Administrative)).Json.GetProperty("items").EnumerateArray());

    private static Task<Reply> AskAsync(GatewayProcess gateway, Reply reply, string key) =>
        gateway.SendAsync(RawRequest.Bare("GET", $"/api/v1/requests/{reply["X-Request-Id"]}").As(key));

    private static (int Endpoint, string? Why, int Tries) EndpointOf(JsonElement one)
    {
        var endpoint = one.GetProperty("endpoint");
        return (endpoint.GetProperty("endpoint").GetInt32(), Text(endpoint, "why"), endpoint.GetProperty("tries").GetInt32());
    }

    private static string? Text(JsonElement item, string member) => item.GetProperty(member).GetString();
}
