using System.Diagnostics;
using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.NativeTests.Faults;

/// <summary>Replicas on one Postgres behave as one gateway.</summary>
[Collection(PostgresCollection.Name)]
public sealed class ReplicaTests(PostgresCluster postgres) : IAsyncLifetime
{
    private const int Clients = 9;

    /// <summary>What is promised, and what a busy machine may add.</summary>
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(1.25);

    private Replicas _replicas = null!;

    private LegacyUpstream Upstream { get; } = new();

    public async Task InitializeAsync() => _replicas = await Replicas.StartAsync(postgres, Upstream);

    public async Task DisposeAsync()
    {
        await _replicas.DisposeAsync();
        await Upstream.DisposeAsync();
    }

    [Fact]
    public async Task A_limit_lets_through_what_it_says_and_not_so_much_in_each()
    {
        const int Burst = 1000;
        const int PerMinute = 1200;
        var key = await _replicas.First.CreateKeyAsync("limited", "--requests-per-minute", $"{PerMinute}", "--burst", $"{Burst}");
        foreach (var gateway in _replicas.All)
        {
            // Without a call that would be counted.
            await Until.Async(() => gateway.SendAsync(RawRequest.Post("/mcp", "{").As(key)), reply => reply.Status == 400);
        }

        await using var load = new Load(_replicas.Door.Port, key, Clients);
        while (!load.Answers.Any(answer => answer.Status == 429) || Elapsed(load.Answers) < TimeSpan.FromSeconds(5))
        {
            await load.MoreAsync(200);
        }

        var answers = await load.StopAsync();

        var allowed = Burst + (PerMinute * Elapsed(answers).TotalMinutes);
        Assert.All(answers, answer => Assert.True(answer.Status is 200 or 429, answer.ToString()));
        Assert.InRange(answers.Count(answer => answer.Status == 200), allowed * 0.99, allowed * 1.01);
        Assert.All(_replicas.All, gateway => Assert.DoesNotContain("LimitsLost", gateway.Log.Text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_revoked_key_and_a_disabled_server_end_everywhere_within_a_second()
    {
        var key = await _replicas.First.CreateKeyAsync("to be revoked");
        foreach (var gateway in _replicas.All)
        {
            await Until.Async(() => ProbeAsync(gateway, key), reply => reply.Status == 200);
        }

        await using (var load = new Load(_replicas.Door.Port, key, Clients))
        {
            await load.MoreAsync(100);
            Succeeded(await _replicas.First.RunAsync("keys", "revoke", key.Split('_')[1]));
            var late = await LateAsync(load);
            Assert.All(late, answer => Assert.True(answer.Status is 401 or 429, answer.ToString()));
        }

        await using (var load = new Load(_replicas.Door.Port, _replicas.AdminKey, Clients))
        {
            await load.MoreAsync(100);
            Succeeded(await _replicas.First.RunAsync("servers", "disable", "up"));
            var late = await LateAsync(load);
            Assert.All(late, answer => Assert.Contains("\"error\"", answer.Text, StringComparison.Ordinal));
        }

        foreach (var gateway in _replicas.All)
        {
            Assert.Equal(401, (await ProbeAsync(gateway, key)).Status);
            Assert.DoesNotContain("up__echo", (await gateway.PostAsync("/mcp", Rpc.ListTools, _replicas.AdminKey)).Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Replicas_that_crash_one_after_the_other_lose_no_call_that_had_not_begun()
    {
        const int Crashes = 4;
        await using var load = new Load(_replicas.Door.Port, _replicas.AdminKey, Clients);
        for (var crash = 0; crash < Crashes; crash++)
        {
            await load.MoreAsync(300);
            await _replicas.CrashAsync(crash % _replicas.All.Count, () => load.MoreAsync(300));
        }

        await load.MoreAsync(300);
        var answers = await load.StopAsync();

        var lost = answers.Count(answer => answer.Status == 0);
        Assert.All(answers, answer => Assert.True(answer.Status is 200 or 0, answer.ToString()));
        Assert.InRange(lost, 0, Clients * Crashes);
        var executed = Upstream.Calls.Where(call => call.Arguments != "{}").GroupBy(call => call.Arguments).ToDictionary(calls => calls.Key, calls => calls.Count());
        Assert.All(executed, calls => Assert.Equal(1, calls.Value));
        Assert.All(
            answers.Where(answer => answer.Status == 200),
            answer => Assert.Contains(answer.ReadResult().GetProperty("structuredContent").GetRawText(), (IReadOnlyDictionary<string, int>)executed));
        Assert.InRange(executed.Count, answers.Count - lost, answers.Count);
    }

    /// <summary>The answers to what was sent when a change had to be known everywhere, some from each client.</summary>
    private static async Task<IReadOnlyCollection<Answered>> LateAsync(Load load)
    {
        var changedAt = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(changedAt) < Within)
        {
            await load.MoreAsync(1);
        }

        await load.MoreAsync(Clients * 5);
        var late = (await load.StopAsync()).Where(answer => Stopwatch.GetElapsedTime(changedAt, answer.SentAt) > Within).ToArray();
        Assert.NotEmpty(late);
        return late;
    }

    private static TimeSpan Elapsed(IReadOnlyCollection<Answered> answers) =>
        answers.Count == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(answers.Min(answer => answer.SentAt), answers.Max(answer => answer.AnsweredAt));

    private static async Task<Reply> ProbeAsync(GatewayProcess gateway, string key)
    {
        using var connection = await RawConnection.OpenAsync(gateway.Port, Loopback.Next());
        return await connection.SendAsync(RawRequest.Post("/mcp", Rpc.Ping).As(key));
    }

    private static void Succeeded(CommandResult result) => Assert.True(result.ExitCode == 0, result.Errors);
}
