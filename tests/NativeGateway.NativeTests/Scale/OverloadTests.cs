using System.Diagnostics;
using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Scale;

/// <summary>More calls than the gateway takes at once: what is too much is refused at once, what is not is done as before.</summary>
public sealed class OverloadTests : IAsyncLifetime
{
    private const int Limit = 16;
    private const int Storm = 500;
    private const int Calls = 600;

    private static readonly TimeSpan Work = TimeSpan.FromMilliseconds(20);

    private LegacyUpstream Upstream { get; } = new();
    private GatewayProcess _gateway = null!;

    public async Task InitializeAsync()
    {
        // The time that a server works on a call, so that a known number of calls is all that can be done.
        Upstream.Tools["work"] = async (request, reply) =>
        {
            await Task.Delay(Work);
            await ToolScripts.EchoAsync(request, reply);
        };
        _gateway = await GatewayProcess.StartAsync(
            new GatewayConfig { Servers = [("up", GatewayConfig.Entry(Upstream))], MoreLimits = $"\"maxConcurrentRequests\": {Limit}" });
        Assert.Equal(200, (await _gateway.PostAsync("/mcp", Rpc.Call("up__echo"))).Status);
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await Upstream.DisposeAsync();
    }

    [Fact]
    public async Task What_is_too_much_is_refused_while_nothing_else_moves_and_leaves_nothing_behind()
    {
        for (var round = 1; round <= 2; round++)
        {
            Upstream.Tools.Gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var arrived = Upstream.Tools.ReceivedAsync("gated", round * Limit);
            var admitted = Enumerable.Range(0, Limit).Select(_ => _gateway.PostAsync("/mcp", Rpc.Call("up__gated"))).ToArray();
            await arrived;

            var refused = await Task.WhenAll(Enumerable.Range(0, Storm).Select(_ => _gateway.PostAsync("/mcp", Rpc.Call("up__echo"))));

            Assert.All(refused, reply => Assert.Equal(503, reply.Status));
            Assert.All(refused, reply => Assert.NotNull(reply["Retry-After"]));
            Assert.DoesNotContain(admitted, call => call.IsCompleted);
            Upstream.Tools.Gate.SetResult();
            Assert.All(await Task.WhenAll(admitted), reply => Assert.Equal(200, reply.Status));
        }
    }

    [Fact]
    public async Task Beyond_saturation_as_much_is_done_as_at_it()
    {
        var (alone, _) = await MeasureAsync(0);

        var (pressed, refusals) = await MeasureAsync(4 * Limit);

        Assert.InRange(pressed, TimeSpan.Zero, 2 * alone);
        Assert.True(refusals.Length > Calls / 10, "The pushing clients push too little.");
        Array.Sort(refusals);
        Assert.InRange(refusals[refusals.Length / 2], TimeSpan.Zero, Work);
    }

    /// <summary>How long a number of calls takes that saturate the gateway, while others push, and how long the refusals of those took.</summary>
    private async Task<(TimeSpan Time, TimeSpan[] Refusals)> MeasureAsync(int pushing)
    {
        using var end = new CancellationTokenSource();
        var left = Calls;
        var refusals = new List<TimeSpan>();
        var begun = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Limit + pushing).Select(async client =>
        {
            using var connection = await _gateway.ConnectAsync();
            using var pause = new PeriodicTimer(Work);
            while (Volatile.Read(ref left) > 0)
            {
                var sent = Stopwatch.GetTimestamp();
                var reply = await connection.SendAsync(RawRequest.Post("/mcp", Rpc.Call("up__work", $$"""{"client":{{client}}}""")).As(_gateway.AdminKey));
                if (reply.Status == 200)
                {
                    Interlocked.Decrement(ref left);
                    continue;
                }

                Assert.Equal(503, reply.Status);
                lock (refusals)
                {
                    refusals.Add(Stopwatch.GetElapsedTime(sent));
                }

                await pause.WaitForNextTickAsync();
            }
        }));
        return (Stopwatch.GetElapsedTime(begun), [.. refusals]);
    }
}
