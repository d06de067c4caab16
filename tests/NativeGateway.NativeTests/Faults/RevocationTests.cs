using System.Diagnostics;
using System.Security.Cryptography;
using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Pipeline;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.NativeTests.Faults;

[Collection(PostgresCollection.Name)]
public sealed class RevocationTests(PostgresCluster postgres)
{
    /// <summary>What is promised, and what a busy machine may add.</summary>
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(250);

    [Fact]
    public async Task A_key_revoked_under_load_is_refused_by_every_replica_within_a_second()
    {
        await using var upstream = new LegacyUpstream();
        await using var database = await postgres.CreateDatabaseAsync();
        var setup = new GatewaySetup
        {
            Config = new GatewayConfig { Servers = [("up", GatewayConfig.Entry(upstream))] },
            Database = database.Uri,
            Environment = new Dictionary<string, string>
            {
                ["NATIVE_GATEWAY_ENCRYPTION_KEY"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
            },
        };
        await using var first = await GatewayProcess.StartAsync(setup);
        await using var second = await GatewayProcess.StartAsync(setup with { IsFirstStart = false });
        GatewayProcess[] replicas = [first, second];
        var key = await first.CreateKeyAsync("to be revoked");
        foreach (var replica in replicas)
        {
            await Until.Async(() => ProbeAsync(replica, key), reply => reply.Status == 200);
        }

        Load[] loads = [new(first, key, clients: 2), new(second, key, clients: 2)];
        try
        {
            await Task.WhenAll(loads.Select(load => load.MoreAsync(50)));

            var revoked = await first.RunAsync("keys", "revoke", key.Split('_')[1]);
            var exitedAt = Stopwatch.GetTimestamp();
            Assert.True(revoked.ExitCode == 0, revoked.Errors);

            while (Stopwatch.GetElapsedTime(exitedAt) < Promised + Slack)
            {
                await Task.WhenAll(loads.Select(load => load.MoreAsync(1)));
            }

            await Task.WhenAll(loads.Select(load => load.MoreAsync(20)));
            foreach (var load in loads)
            {
                CheckRefused(await load.StopAsync(), exitedAt);
            }
        }
        finally
        {
            await Task.WhenAll(loads.Select(load => load.StopAsync()));
        }

        foreach (var replica in replicas)
        {
            Refusal.CheckUnauthenticated(await ProbeAsync(replica, key), key);
            Assert.Equal(200, (await ProbeAsync(replica, first.AdminKey)).Status);
        }
    }

    [Fact]
    public async Task A_key_that_one_replica_makes_works_on_the_other()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        var setup = new GatewaySetup
        {
            Database = database.Uri,
            Environment = new Dictionary<string, string>
            {
                ["NATIVE_GATEWAY_ENCRYPTION_KEY"] = Convert.ToHexString(RandomNumberGenerator.GetBytes(32)),
            },
        };
        await using var first = await GatewayProcess.StartAsync(setup);
        await using var second = await GatewayProcess.StartAsync(setup with { IsFirstStart = false });

        var key = await first.CreateKeyAsync("new");

        await Until.Async(() => ProbeAsync(second, key), reply => reply.Status == 200);
    }

    /// <summary>From an address of its own: that of the load may have used up its refusals, and is then told 429.</summary>
    private static async Task<Reply> ProbeAsync(GatewayProcess gateway, string key)
    {
        using var connection = await RawConnection.OpenAsync(gateway.Port, Loopback.Next());
        return await connection.SendAsync(RawRequest.Post("/mcp", Rpc.Ping).As(key));
    }

    private static void CheckRefused(IReadOnlyCollection<Answered> answers, long exitedAt)
    {
        var late = answers.Where(answer => Stopwatch.GetElapsedTime(exitedAt, answer.SentAt) > Promised + Slack).ToArray();
        Assert.NotEmpty(late);
        Assert.All(late, answer => Assert.True(answer.Status is 401 or 429, answer.ToString()));
        Assert.Equal(401, answers.OrderBy(answer => answer.AnsweredAt).First(answer => answer.Status != 200).Status);
        Assert.All(answers, answer => Assert.True(answer.Status is 200 or 401 or 429, answer.ToString()));
    }
}
