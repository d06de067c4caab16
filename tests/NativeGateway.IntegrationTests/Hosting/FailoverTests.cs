using System.Collections.Concurrent;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.Hosting;

/// <summary>A server with two endpoints of which now one, now the other is gone, under load.</summary>
public sealed class FailoverTests
{
    private const int Clients = 4;

    /// <summary>Each endpoint goes once: with every further outage it is left out for longer, which would have to be waited for.</summary>
    private const int Flips = 2;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Calls_go_where_somebody_is_and_nothing_is_executed_twice(bool isModern)
    {
        CountingServer[] servers = [new(isModern), new(isModern)];
        await using var gateway = await HealthyGateway.StartAsync(
            $$"""{ "pool": { "endpoints": [ { "url": "{{servers[0].Upstream.Url}}" }, { "url": "{{servers[1].Upstream.Url}}" } ] } }""");
        await gateway.ListUntilAsync(list => list.Contains("pool__echo", StringComparison.Ordinal));

        var answers = new ConcurrentQueue<(string Name, int Status, string Text)>();
        var isOver = false;
        var load = Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            for (var call = 0; !Volatile.Read(ref isOver); call++)
            {
                var name = $"{client}-{call}";
                var (status, text) = await gateway.CallAsync("pool__echo", name);
                answers.Enqueue((name, status, text));
            }
        })).ToArray();

        for (var flip = 0; flip < Flips; flip++)
        {
            var (gone, other) = (servers[flip % 2], servers[(flip + 1) % 2]);
            await MoreCallsAsync(other);
            await gone.Upstream.GoAwayAsync();
            await MoreCallsAsync(other);
            gone.Upstream.Listen();
            // It is found to be back, and gets its share again.
            await MoreCallsAsync(gone);
        }

        Volatile.Write(ref isOver, true);
        await Task.WhenAll(load).WaitAsync(TestTime.Limit);
        var failed = answers.Where(answer => answer.Status != 200).ToArray();

        // Only what was under way when its endpoint went can be lost, and that is said.
        Assert.True(failed.Length <= Clients * Flips, string.Join('\n', failed.Select(answer => answer.Text)));
        Assert.All(failed, answer => Assert.Equal(502, answer.Status));
        Assert.All(failed, answer => Assert.Contains("broke the connection before it answered", answer.Text, StringComparison.Ordinal));
        Assert.All(answers, answer => Assert.True(servers.Sum(server => server.Executed(answer.Name)) <= 1, answer.Name));
        Assert.All(
            answers.Where(answer => answer.Status == 200), answer => Assert.Equal(1, servers.Sum(server => server.Executed(answer.Name))));
        foreach (var server in servers)
        {
            await server.DisposeAsync();
        }
    }

    private static async Task MoreCallsAsync(CountingServer server)
    {
        var before = server.Calls;
        var patience = System.Diagnostics.Stopwatch.StartNew();
        while (server.Calls < before + 50)
        {
            Assert.True(patience.Elapsed < TestTime.Limit, "The endpoint gets no calls.");
            await Task.Yield();
        }
    }
}
