using System.Collections.Concurrent;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.Hosting;

/// <summary>Servers that hang, die and come back, next to others that must not notice.</summary>
public sealed class FaultyServersTests
{
    [Fact]
    public async Task Of_ten_servers_one_hangs_and_one_dies_and_no_call_to_the_others_fails()
    {
        CountingServer[] well = [.. Enumerable.Range(0, 8).Select(number => new CountingServer(isModern: number % 2 == 0))];
        await using var hanging = new CountingServer(isModern: false) { OnCall = request => request.ClosedAsync() };
        await using var dying = new CountingServer(isModern: false);
        var servers = string.Join(", ", well.Select((server, number) => $"\"well-{number}\": {server.Entry}"));
        await using var gateway = await HealthyGateway.StartAsync(
            $$"""
            { {{servers}}, "dying": {{dying.Entry}},
              "hanging": { "url": "{{hanging.Upstream.Url}}", "timeout": "2s", "limits": { "maxConcurrent": 4 } } }
            """);
        await gateway.ListUntilAsync(list => HealthyGateway.Missing(list).Length == 0 && list.Contains("dying__echo", StringComparison.Ordinal));

        var failed = new ConcurrentQueue<string>();
        var isOver = false;
        var load = Enumerable.Range(0, 8).Select(client => Task.Run(async () =>
        {
            for (var call = 0; !Volatile.Read(ref isOver) || call < 50; call++)
            {
                var (status, text) = await gateway.CallAsync($"well-{(client + call) % 8}__echo");
                if (status != 200)
                {
                    failed.Enqueue($"{status} {text}");
                }
            }
        })).ToArray();
        var stuck = Enumerable.Range(0, 40).Select(_ => gateway.CallAsync("hanging__echo")).ToArray();

        await dying.Upstream.GoAwayAsync();
        Assert.Equal(502, (await gateway.CallAsync("dying__echo")).Status);
        var list = await gateway.ListUntilAsync(list => HealthyGateway.Missing(list).Contains("dying"));
        Assert.Contains("well-7__echo", list, StringComparison.Ordinal);
        Assert.DoesNotContain($":{dying.Upstream.Url.Port}", list, StringComparison.Ordinal);
        await gateway.Process.LoggedAsync("Upstream dying: lists leave something of it out");
        var metrics = await gateway.MetricsAsync();
        Assert.Contains("mcp_gateway_upstream_healthy{server=\"dying\",endpoint=\"0\"} 0", metrics, StringComparison.Ordinal);
        Assert.Contains("mcp_gateway_upstream_healthy{server=\"well-0\",endpoint=\"0\"} 1", metrics, StringComparison.Ordinal);
        Assert.Contains("mcp_gateway_lists_incomplete_total{server=\"dying\"}", metrics, StringComparison.Ordinal);

        dying.Upstream.Listen();
        await gateway.ListUntilAsync(list => HealthyGateway.Missing(list).Length == 0);
        Assert.Equal(200, (await gateway.CallAsync("dying__echo")).Status);
        await gateway.Process.LoggedAsync("Upstream dying: lists are complete again");

        var outcomes = await Task.WhenAll(stuck).WaitAsync(TestTime.Limit);
        Volatile.Write(ref isOver, true);
        await Task.WhenAll(load).WaitAsync(TestTime.Limit);
        Assert.Empty(failed);
        Assert.All(outcomes, outcome => Assert.Contains(outcome.Status, (int[])[503, 504]));
        Assert.Contains(outcomes, outcome => outcome.Status == 503 && outcome.Text.Contains("'hanging'", StringComparison.Ordinal));
        Assert.Contains("mcp_gateway_limited_total{scope=\"concurrency\"}", await gateway.MetricsAsync(), StringComparison.Ordinal);
        foreach (var server in well)
        {
            // Whatever was asked of it, nobody opened a second session there.
            Assert.InRange(server.Upstream.Count("initialize"), 0, 1);
            await server.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_server_that_comes_up_late_is_announced()
    {
        await using var well = new CountingServer(isModern: false);
        await using var late = new CountingServer(isModern: false, listens: false);
        await using var gateway = await HealthyGateway.StartAsync($$"""{ "well": {{well.Entry}}, "late": {{late.Entry}} }""");
        var list = await gateway.ListUntilAsync(list => list.Contains("well__echo", StringComparison.Ordinal));
        Assert.Equal(["late"], HealthyGateway.Missing(list));
        using var stream = await gateway.ListenAsync();

        late.Upstream.Listen();

        while (!(await stream.NextMessageAsync()).Contains("tools/list_changed", StringComparison.Ordinal))
        {
        }

        Assert.Contains("late__echo", (await gateway.ListAsync()).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Checks_open_no_session_neither_where_one_is_nor_where_none_is()
    {
        await using var legacy = new CountingServer(isModern: false);
        await using var standby = new CountingServer(isModern: false);
        await using var gateway = await HealthyGateway.StartAsync(
            $$"""
            { "pool": { "endpoints": [ { "url": "{{legacy.Upstream.Url}}" }, { "url": "{{standby.Upstream.Url}}", "priority": 1 } ],
                        "healthCheck": { "interval": "1s" } } }
            """);
        await gateway.ListUntilAsync(list => list.Contains("pool__echo", StringComparison.Ordinal));

        for (var i = 0; i < 3; i++)
        {
            await legacy.Upstream.NextAsync("ping");
            await standby.Upstream.NextAsync("OPTIONS");
        }

        Assert.Equal((1, 0), (legacy.Upstream.Count("initialize"), standby.Upstream.Count("initialize")));
        Assert.Contains("mcp_gateway_health_probes_total{outcome=\"answered\"}", await gateway.MetricsAsync(), StringComparison.Ordinal);
    }
}
