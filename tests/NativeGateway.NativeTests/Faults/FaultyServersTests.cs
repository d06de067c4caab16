using System.Diagnostics;
using System.Text.Json;
using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Faults;

/// <summary>Servers that hang, die and come back, next to others under load that must not notice.</summary>
public sealed class FaultyServersTests : IAsyncLifetime
{
    private const int Well = 8;

    /// <summary>How long a list waits for servers that do not answer, and what a busy machine may add.</summary>
    private static readonly TimeSpan ListBudget = TimeSpan.FromSeconds(5 + 1);

    /// <summary>What is promised, and what a busy machine may add.</summary>
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(2 + 1);

    private readonly LegacyUpstream[] _well = [.. Enumerable.Range(0, Well).Select(_ => new LegacyUpstream())];
    private readonly List<Load> _loads = [];
    private GatewayProcess? _gateway;

    private LegacyUpstream Hanging { get; } = new();

    private LegacyUpstream Dying { get; } = new();

    private GatewayProcess Gateway => _gateway!;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var load in _loads)
        {
            await load.DisposeAsync();
        }

        await (_gateway?.DisposeAsync() ?? ValueTask.CompletedTask);
        foreach (var upstream in _well.Append(Hanging).Append(Dying))
        {
            await upstream.DisposeAsync();
        }
    }

    [Fact]
    public async Task Of_ten_servers_one_hangs_and_one_dies_and_no_call_to_the_others_fails()
    {
        _gateway = await GatewayProcess.StartAsync(new GatewayConfig
        {
            Servers =
            [
                .. _well.Select((upstream, number) => ($"well{number}", GatewayConfig.Entry(upstream))),
                ("hanging", GatewayConfig.Entry(Hanging, """, "timeout": "2s", "limits": { "maxConcurrent": 4 }""")),
                ("dying", GatewayConfig.Entry(Dying)),
            ],
        });
        await ListAsync(list => Missing(list).Length == 0);
        _loads.AddRange(Enumerable.Range(0, Well).Select(number => new Load(Gateway, Gateway.AdminKey, clients: 1, tool: $"well{number}__echo")));
        var stuck = Enumerable.Range(0, 40).Select(_ => Gateway.PostAsync("/mcp", Rpc.Call("hanging__hang"))).ToArray();
        await MoreAsync(20);

        for (var death = 0; death < 2; death++)
        {
            await Dying.StopAsync();
            Assert.Equal(502, (await Gateway.PostAsync("/mcp", Rpc.Call("dying__echo"))).Status);
            var list = await ListAsync(list => Missing(list).Contains("dying"));
            Assert.Contains("well7__echo", list.Text, StringComparison.Ordinal);
            Assert.DoesNotContain($":{Dying.Port}", list.Text, StringComparison.Ordinal);
            await MoreAsync(20);

            Dying.Start();
            var back = Stopwatch.StartNew();
            await Until.Async(() => Gateway.PostAsync("/mcp", Rpc.Call("dying__echo")), reply => reply.Status == 200);
            await ListAsync(list => Missing(list).Length == 0);
            Assert.InRange(back.Elapsed, TimeSpan.Zero, Recovery);
        }

        Assert.All(await Task.WhenAll(stuck), reply => Assert.Contains(reply.Status, (int[])[503, 504]));
        await MoreAsync(20);
        foreach (var load in _loads)
        {
            Assert.All(await load.StopAsync(), answer => Assert.True(answer.Status == 200, answer.ToString()));
        }

        // Whatever was asked of them, nobody opened a second session there.
        Assert.All(_well, upstream => Assert.Equal(1, upstream.Requests.Count(request => request.Method == "initialize")));
    }

    [Fact]
    public async Task Two_endpoints_of_which_now_one_and_now_the_other_is_gone_fail_less_than_one_call_in_a_hundred()
    {
        LegacyUpstream[] endpoints = [_well[0], _well[1]];
        _gateway = await GatewayProcess.StartAsync(new GatewayConfig
        {
            Servers = [("up", $$"""{ "endpoints": [ { "url": "{{endpoints[0].Url}}" }, { "url": "{{endpoints[1].Url}}" } ] }""")],
        });
        await using var load = new Load(Gateway, Gateway.AdminKey, clients: 4);
        for (var flip = 0; flip < 4; flip++)
        {
            var (gone, other) = (endpoints[flip % 2], endpoints[(flip + 1) % 2]);
            await load.MoreAsync(500);
            await gone.StopAsync();
            await load.MoreAsync(500);
            gone.Start();
            // The other one goes only when this one gets calls again.
            var calls = gone.Calls.Count();
            await Until.Async(
                async () =>
                {
                    await load.MoreAsync(20);
                    return gone.Calls.Count();
                },
                count => count > calls);
        }

        var answers = await load.StopAsync();

        var failed = answers.Count(answer => answer.Status != 200);
        Assert.InRange(failed, 0, answers.Count / 100);
        var executed = endpoints.SelectMany(endpoint => endpoint.Calls).GroupBy(call => call.Arguments).ToArray();
        Assert.All(executed, calls => Assert.Single(calls));
        Assert.InRange(executed.Length, answers.Count - failed, answers.Count);
    }

    [Fact]
    public async Task Health_checks_open_no_session_on_a_server()
    {
        _gateway = await GatewayProcess.StartAsync(new GatewayConfig
        {
            Servers =
            [
                ("up", $$"""
                    { "endpoints": [ { "url": "{{_well[0].Url}}" }, { "url": "{{_well[1].Url}}", "priority": 1 } ], "healthCheck": { "interval": "1s" } }
                    """),
            ],
        });
        await ListAsync(list => list.Text.Contains("up__echo", StringComparison.Ordinal));

        await Until.Async(
            async () =>
            {
                await Gateway.GetAsync("/health");
                return (_well[0].Requests.Count(request => request.Method == "ping"), _well[1].Requests.Count(request => request.HttpMethod == "OPTIONS"));
            },
            checks => checks is (>= 3, >= 3));

        Assert.Equal([1, 0], _well[..2].Select(upstream => upstream.Requests.Count(request => request.Method == "initialize")));
    }

    private Task MoreAsync(int calls) => Task.WhenAll(_loads.Select(load => load.MoreAsync(calls)));

    /// <summary>Asks for the list until it is as wanted; each answer is a list, and comes in time.</summary>
    private Task<Reply> ListAsync(Func<Reply, bool> wanted) => Until.Async(
        async () =>
        {
            var asked = Stopwatch.StartNew();
            var reply = await Gateway.PostAsync("/mcp", Rpc.ListTools);
            Assert.InRange(asked.Elapsed, TimeSpan.Zero, ListBudget);
            Assert.Equal(200, reply.Status);
            return reply;
        },
        wanted);

    /// <summary>The servers that a list says it is incomplete for.</summary>
    private static string[] Missing(Reply list) =>
        list.Result.TryGetProperty("_meta", out JsonElement meta) && meta.TryGetProperty("io.nativegateway/incomplete", out var marks)
            ? [.. marks.EnumerateArray().Select(mark => mark.GetProperty("server").GetString()!)]
            : [];
}
