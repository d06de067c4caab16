using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Pipeline;

/// <summary>The end of the pipeline: answers, and what an upstream can do wrong.</summary>
public sealed class UpstreamTests(PipelineGateway fixture) : IClassFixture<PipelineGateway>
{
    [Theory]
    [InlineData("/mcp", "up__echo")]
    [InlineData("/mcp", "up:echo")]
    [InlineData("/mcp/up", "echo")]
    public async Task A_call_that_passes_every_stage_gets_the_upstreams_result(string path, string tool)
    {
        var reply = await fixture.Gateway.PostAsync(path, Rpc.Call(tool, """{"a":[1,2]}""", "\"x\""), fixture.Plain);

        Assert.Equal(200, reply.Status);
        Assert.Equal("x", reply.Json.GetProperty("id").GetString());
        Assert.Equal("""{"a":[1,2]}""", reply.Result.GetProperty("structuredContent").GetRawText());
        Assert.False(string.IsNullOrEmpty(reply["X-Request-Id"]));
        Assert.NotNull(reply["X-RateLimit-Limit"]);
        Assert.NotNull(reply["X-RateLimit-Remaining"]);
        Assert.NotNull(reply["X-RateLimit-Reset"]);
    }

    [Fact]
    public async Task Every_answer_has_a_request_id_of_its_own()
    {
        var ids = new HashSet<string?>();
        foreach (var request in (RawRequest[])
            [
                RawRequest.Post("/mcp", Rpc.Ping).As(fixture.Plain), RawRequest.Post("/mcp", Rpc.Ping), RawRequest.Post("/mcp", "").As(fixture.Plain),
                RawRequest.Bare("GET", "/mcp").As(fixture.Plain), RawRequest.Bare("PUT", "/mcp").As(fixture.Plain), RawRequest.Bare("GET", "/health"),
                RawRequest.Bare("GET", "/metrics"), RawRequest.Bare("GET", "/no/such/path"),
            ])
        {
            var reply = await fixture.Gateway.SendAsync(request);
            Assert.False(string.IsNullOrEmpty(reply["X-Request-Id"]), $"{request.Method} {request.Path}:\n{reply}");
            Assert.True(ids.Add(reply["X-Request-Id"]));
        }
    }

    [Fact]
    public async Task A_result_that_says_isError_passes_as_it_is()
    {
        var reply = await fixture.Gateway.PostAsync("/mcp", Rpc.Call("up__fail"), fixture.Plain);

        Assert.Equal(200, reply.Status);
        Assert.True(reply.Result.GetProperty("isError").GetBoolean());
    }

    [Fact]
    public async Task An_upstreams_error_passes_as_it_is()
    {
        var reply = await fixture.Gateway.PostAsync("/mcp", Rpc.Call("up__error"), fixture.Plain);

        Assert.Equal(200, reply.Status);
        Assert.Equal("""{"code":-32050,"message":"the upstream's own words","data":{"kept":1.50}}""", reply.Json.GetProperty("error").GetRawText());
    }

    [Theory]
    [InlineData("drop")]
    [InlineData("half")]
    [InlineData("garbage")]
    public async Task An_upstream_that_breaks_before_its_answer_gives_502_and_the_next_call_works(string tool)
    {
        var broken = await fixture.Gateway.PostAsync("/mcp", Rpc.Call("up__" + tool, """{"marker":"body-marker"}"""), fixture.Plain);

        Refusal.Check(broken, 502, -32013, "body-marker", fixture.Plain, fixture.UpstreamAddress);
        Assert.Equal(200, (await fixture.Gateway.PostAsync("/mcp", Rpc.Call("up__echo"), fixture.Plain)).Status);
    }

    [Fact]
    public async Task An_upstream_that_cannot_be_connected_to_gives_502()
    {
        var reply = await fixture.Gateway.PostAsync("/mcp/dead", Rpc.Call("anything", """{"marker":"body-marker"}"""), fixture.Plain);

        Refusal.Check(reply, 502, -32013, "body-marker", fixture.Plain, $":{ClosedPort.Number}");
    }

    [Fact]
    public async Task An_upstream_that_does_not_answer_in_time_gives_504()
    {
        var reply = await fixture.Gateway.PostAsync("/mcp", Rpc.Call("slow__hang", """{"marker":"body-marker"}"""), fixture.Plain);

        Refusal.Check(reply, 504, -32014, "body-marker", fixture.Plain, fixture.UpstreamAddress);
    }

    [Fact]
    public async Task A_call_that_broke_is_never_sent_twice()
    {
        const string Marker = "{\"once\":\"only\"}";

        Refusal.Check(await fixture.Gateway.PostAsync("/mcp", Rpc.Call("up__drop", Marker), fixture.Plain), 502, -32013);

        Assert.Single(fixture.Upstream.Calls, call => call.Tool == "drop" && call.Arguments == Marker);
    }

    [Fact]
    public async Task Progress_arrives_on_the_calls_own_stream_under_the_clients_token()
    {
        const string Body = """{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"up__steps","_meta":{"progressToken":"mine"}}}""";

        var reply = await fixture.Gateway.PostAsync("/mcp", Body, fixture.Plain);

        Assert.True(reply.IsEventStream, reply.ToString());
        Assert.Equal(3, reply.Events.Count);
        Assert.All(reply.Events.Take(2), step => Assert.Contains("\"progressToken\":\"mine\"", step, StringComparison.Ordinal));
        Assert.Equal(5, reply.Json.GetProperty("id").GetInt32());
    }
}
