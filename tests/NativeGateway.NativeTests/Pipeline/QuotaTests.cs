using System.Globalization;
using System.Text.Json;
using NativeGateway.NativeTests.Faults;
using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Pipeline;

/// <summary>What an organization that has used up its quota is told.</summary>
public sealed class QuotaTests : IAsyncLifetime
{
    private GatewayProcess _gateway = null!;

    private LegacyUpstream Upstream { get; } = new();

    public async Task InitializeAsync() => _gateway = await GatewayProcess.StartAsync(new GatewaySetup
    {
        Config = new GatewayConfig { Servers = [("up", GatewayConfig.Entry(Upstream, """, "costPerCall": 0.2 """))] },
    });

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await Upstream.DisposeAsync();
    }

    [Fact]
    public async Task A_used_up_quota_refuses_calls_and_tells_when_it_begins_anew()
    {
        await LimitAsync("--monthly-calls", "3");
        var refused = await CallUntilRefusedAsync();

        Refusal.Check(refused, 429, -32012, _gateway.AdminKey);
        Assert.Equal(("3", "0"), (refused["X-RateLimit-Limit"], refused["X-RateLimit-Remaining"]));
        var data = CheckData(refused);
        Assert.Equal(("quota", 3, 0), (data.GetProperty("scope").GetString(), data.GetProperty("limit").GetInt32(), data.GetProperty("remaining").GetInt32()));

        Assert.Equal(200, (await _gateway.PostAsync("/mcp", Rpc.ListTools)).Status);
        var metrics = await _gateway.GetAsync("/metrics");
        Assert.Contains("mcp_gateway_limited_total{scope=\"quota\"} 1", metrics.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_that_costs_more_than_is_left_is_refused()
    {
        await LimitAsync("--monthly-spend", "0.5");
        var refused = await CallUntilRefusedAsync();

        Refusal.Check(refused, 429, -32012, _gateway.AdminKey);
        var data = CheckData(refused);
        Assert.Equal(
            ("spend", 0.5m, 0.1m), (data.GetProperty("scope").GetString(), data.GetProperty("limit").GetDecimal(), data.GetProperty("remaining").GetDecimal()));
    }

    [Fact]
    public async Task A_soft_quota_only_counts()
    {
        await LimitAsync("--monthly-calls", "1", "--mode", "soft");

        await Until.Async(
            async () =>
            {
                Assert.Equal(200, (await _gateway.PostAsync("/mcp", Rpc.Call("up__echo"))).Status);
                return await _gateway.GetAsync("/metrics");
            },
            metrics => metrics.Text.Contains("mcp_gateway_quota_overruns_total{quota=\"monthly_calls\"} 3", StringComparison.Ordinal));
    }

    private async Task LimitAsync(params string[] options)
    {
        var limited = await _gateway.RunAsync(["orgs", "limit", "default", .. options]);
        Assert.True(limited.ExitCode == 0, limited.Errors);
    }

    /// <summary>The gateway sees the limit a moment after it was set.</summary>
    private Task<Reply> CallUntilRefusedAsync() => Until.Async(() => _gateway.PostAsync("/mcp", Rpc.Call("up__echo")), reply => reply.Status != 200);

    private static JsonElement CheckData(Reply refused)
    {
        var data = refused.Json.GetProperty("error").GetProperty("data");
        Assert.Equal(["limit", "remaining", "resetsAt", "retryAfterSeconds", "scope"], data.EnumerateObject().Select(member => member.Name).Order(StringComparer.Ordinal));
        Assert.Equal(refused["Retry-After"], data.GetProperty("retryAfterSeconds").GetInt32().ToString(CultureInfo.InvariantCulture));
        var resetsAt = data.GetProperty("resetsAt").GetDateTimeOffset();
        Assert.Equal((1, TimeSpan.Zero), (resetsAt.UtcDateTime.Day, resetsAt.UtcDateTime.TimeOfDay));
        return data;
    }
}
