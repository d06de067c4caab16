using System.Globalization;
using System.Text.Json;
using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Pipeline;

public sealed class LimitTests(PipelineGateway fixture) : IClassFixture<PipelineGateway>
{
    private static readonly string[] DataMembers = ["limit", "remaining", "resetsAt", "retryAfterSeconds", "scope"];

    [Fact]
    public async Task An_answer_tells_what_is_left_and_an_empty_bucket_when_to_come_back()
    {
        var first = await fixture.Gateway.PostAsync("/mcp", Rpc.Call("up__echo"), fixture.TwoCalls);
        Assert.Equal(200, first.Status);
        Assert.Equal(("2", "1"), (first["X-RateLimit-Limit"], first["X-RateLimit-Remaining"]));
        Assert.InRange(Number(first, "X-RateLimit-Reset"), 1, 120);

        Assert.Equal("0", (await fixture.Gateway.PostAsync("/mcp", Rpc.Call("up__echo"), fixture.TwoCalls))["X-RateLimit-Remaining"]);

        var refused = await fixture.Gateway.PostAsync("/mcp", Rpc.Call("up__echo", """{"marker":"body-marker"}""", "7"), fixture.TwoCalls);
        Refusal.Check(refused, 429, -32012, "body-marker", fixture.TwoCalls, fixture.UpstreamAddress);
        Assert.Equal(7, refused.Json.GetProperty("id").GetInt32());
        Assert.Equal(("2", "0"), (refused["X-RateLimit-Limit"], refused["X-RateLimit-Remaining"]));
        Assert.InRange(Number(refused, "Retry-After"), 1, 60);
        CheckData(refused);
    }

    [Fact]
    public async Task Permission_is_judged_before_limits_and_costs_nothing()
    {
        Refusal.Check(await fixture.Gateway.PostAsync("/mcp", Rpc.Call("up__fail"), fixture.OneCall), 403, -32011);
        Assert.Equal(200, (await fixture.Gateway.PostAsync("/mcp", Rpc.Call("up__echo"), fixture.OneCall)).Status);
        Refusal.Check(await fixture.Gateway.PostAsync("/mcp", Rpc.Call("up__fail"), fixture.OneCall), 403, -32011);

        // … and limits before any upstream: this one cannot even be connected to.
        Refusal.Check(await fixture.Gateway.PostAsync("/mcp/dead", Rpc.Call("anything"), fixture.OneCall), 429, -32012);
    }

    [Fact]
    public async Task One_keys_empty_bucket_is_no_other_keys_business()
    {
        while ((await fixture.Gateway.PostAsync("/mcp", Rpc.Ping, fixture.UsedUp)).Status != 429)
        {
            // Until it is empty.
        }

        Assert.Equal(200, (await fixture.Gateway.PostAsync("/mcp", Rpc.Call("up__echo"), fixture.Plain)).Status);
    }

    [Fact]
    public async Task A_gateway_that_runs_all_it_may_says_so_and_recovers()
    {
        await using var gateway = await GatewayProcess.StartAsync(new GatewayConfig
        {
            Servers = [("up", GatewayConfig.Entry(fixture.Upstream))],
            MoreLimits = "\"maxConcurrentRequests\": 1",
        });
        using var busy = await gateway.ConnectAsync();
        Assert.Equal(200, (await gateway.PostAsync("/mcp", Rpc.Call("up__echo"))).Status);
        var running = fixture.Upstream.Tools.ReceivedAsync("gated");
        await busy.WriteAsync(RawRequest.Post("/mcp", Rpc.Call("up__gated")).As(gateway.AdminKey).ToBytes(gateway.Port));
        await running;

        var refused = await gateway.PostAsync("/mcp", Rpc.Call("up__echo", """{"marker":"body-marker"}"""));
        Refusal.Check(refused, 503, -32015, "body-marker", gateway.AdminKey, fixture.UpstreamAddress);
        Assert.InRange(Number(refused, "Retry-After"), 1, 60);
        Assert.Equal(200, (await gateway.GetAsync("/health/live")).Status);

        fixture.Upstream.Tools.Gate.SetResult();
        Assert.Equal(200, (await busy.ReadReplyAsync()).Status);
        Assert.Equal(200, (await gateway.PostAsync("/mcp", Rpc.Call("up__echo"))).Status);
    }

    private static void CheckData(Reply refused)
    {
        var data = refused.Json.GetProperty("error").GetProperty("data");
        Assert.Equal(DataMembers, data.EnumerateObject().Select(member => member.Name).Order(StringComparer.Ordinal));
        Assert.Equal("key", data.GetProperty("scope").GetString());
        Assert.Equal(2, data.GetProperty("limit").GetInt32());
        Assert.Equal(0, data.GetProperty("remaining").GetInt32());
        Assert.Equal(Number(refused, "Retry-After"), data.GetProperty("retryAfterSeconds").GetInt32());
        Assert.Equal(JsonValueKind.String, data.GetProperty("resetsAt").ValueKind);
        Assert.True(data.GetProperty("resetsAt").GetDateTimeOffset() > DateTimeOffset.UtcNow);
    }

    private static int Number(Reply reply, string header) => int.Parse(reply[header] ?? "", CultureInfo.InvariantCulture);
}
