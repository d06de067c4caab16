using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using NativeGateway.ControlPlane.Quotas;
using NativeGateway.DataPlane.Policy;
using NativeGateway.Model;
using NativeGateway.Shared;
using NativeGateway.Storage;
using NativeGateway.Storage.Postgres;
using Xunit;

namespace NativeGateway.IntegrationTests.Storage;

/// <summary>Token buckets that replicas share.</summary>
[Collection(PostgresCollection.Name)]
public sealed class PostgresBucketStoreTests(PostgresCluster cluster) : IAsyncLifetime
{
    private const long Minute = 60_000_000_000;

    private readonly List<Stores> _opened = [];
    private readonly Guid _id = Guid.NewGuid();
    private TempDatabase _database = null!;

    private static CancellationToken None => CancellationToken.None;

    private PostgresBucketStore Store => _opened[0].Buckets!;

    /// <summary>Ten tokens, of which one comes back in a minute.</summary>
    private BucketClaim Ten => new(_id, Minute, 10 * Minute, Spent: 0, Age: 0, Needed: 0, Ahead: 0);

    public async Task InitializeAsync()
    {
        _database = await cluster.CreateDatabaseAsync();
        await Open().Registry.MigrateAsync(None);
    }

    public async Task DisposeAsync()
    {
        foreach (var stores in _opened)
        {
            await stores.DisposeAsync();
        }

        await _database.DisposeAsync();
    }

    [Fact]
    public async Task What_is_needed_is_given_until_the_bucket_is_empty()
    {
        Assert.Equal((4, 4), await TakeAsync(Ten with { Needed = 4 }));
        Assert.Equal((4, 8), await TakeAsync(Ten with { Needed = 4 }));
        Assert.Equal((2, 10), await TakeAsync(Ten with { Needed = 4 }));
        Assert.Equal((0, 10), await TakeAsync(Ten with { Needed = 4 }));
    }

    [Fact]
    public async Task What_is_asked_for_ahead_is_given_while_there_is_plenty()
    {
        var hundred = Ten with { Capacity = 100 * Minute, Ahead = 50 };

        Assert.Equal((12, 12), await TakeAsync(hundred));
        Assert.Equal((11, 23), await TakeAsync(hundred));
        Assert.Equal((70, 93), await TakeAsync(hundred with { Needed = 70 }));
        Assert.Equal((0, 93), await TakeAsync(hundred));
    }

    [Fact]
    public async Task What_was_taken_without_being_given_counts_and_may_become_debt()
    {
        Assert.Equal((0, 3), await TakeAsync(Ten with { Spent = 3 }));
        Assert.Equal((0, 15), await TakeAsync(Ten with { Spent = 12, Needed = 1 }));
        Assert.Equal((0, 20), await TakeAsync(Ten with { Spent = 100 }));
    }

    [Fact]
    public async Task What_was_taken_long_ago_has_refilled_since()
    {
        Assert.Equal((0, 1), await TakeAsync(Ten with { Spent = 6, Age = 5 * Minute }));
        Assert.Equal((0, 1), await TakeAsync(Ten with { Age = 5 * Minute }));
    }

    [Fact]
    public async Task What_was_given_and_not_used_comes_back()
    {
        await TakeAsync(Ten with { Needed = 10 });

        Assert.Equal((0, 7), await TakeAsync(Ten with { Spent = -3 }));
        Assert.Equal((0, 0), await TakeAsync(Ten with { Spent = -8 }));
        Assert.Equal((10, 10), await TakeAsync(Ten with { Needed = 11 }));
    }

    [Fact]
    public async Task What_a_process_knows_from_having_been_alone_holds_if_it_is_more()
    {
        Assert.Equal((0, 6), await TakeAsync(Ten with { Age = -6 * Minute }));
        Assert.Equal((4, 10), await TakeAsync(Ten with { Age = -3 * Minute, Needed = 5 }));
    }

    [Fact]
    public async Task Replicas_are_counted_until_they_leave()
    {
        var (first, second) = (Guid.NewGuid(), Guid.NewGuid());

        Assert.Equal(1, await Store.CountAsync(first, None));
        Assert.Equal(2, await Store.CountAsync(second, None));
        Assert.Equal(2, await Store.CountAsync(first, None));
        await Store.LeaveAsync(second, None);
        Assert.Equal(1, await Store.CountAsync(first, None));
        await cluster.ExecuteAsync(_database, "UPDATE replicas SET seen_at = seen_at - 3000000000");
        Assert.Equal(1, await Store.CountAsync(second, None));
    }

    [Fact]
    public async Task What_says_nothing_any_more_is_forgotten()
    {
        await TakeAsync(Ten with { Needed = 10 });
        await Store.TakeAsync([Ten with { Id = Guid.NewGuid() }], None);
        await Store.CountAsync(Guid.NewGuid(), None);
        await cluster.ExecuteAsync(_database, "UPDATE limit_buckets SET full_at = full_at - 120000000000; UPDATE replicas SET seen_at = seen_at - 120000000000");

        await Store.ForgetAsync(None);

        Assert.Equal(["1"], await cluster.QueryAsync(_database, "SELECT count(*)::text FROM limit_buckets"));
        Assert.Equal(["0"], await cluster.QueryAsync(_database, "SELECT count(*)::text FROM replicas"));
    }

    [Fact]
    public async Task Replicas_that_ask_for_the_same_buckets_at_once_get_what_is_there_together()
    {
        Guid[] ids = [.. Enumerable.Range(0, 20).Select(_ => Guid.NewGuid())];
        PostgresBucketStore[] stores = [Store, Open().Buckets!, Open().Buckets!];

        var given = await Task.WhenAll(Enumerable.Range(0, 30).Select(async round =>
        {
            // Each in an order of its own.
            var claims = ids.Select((_, i) => Ten with { Id = ids[(i + round) % ids.Length], Needed = 1 }).ToArray();
            return await stores[round % stores.Length].TakeAsync(claims, None);
        })).WaitAsync(TestTime.Limit);

        Assert.All(given.SelectMany(grants => grants).GroupBy(grant => grant.Id), grants => Assert.Equal(10, grants.Sum(grant => grant.Tokens)));
    }

    [Fact]
    public async Task Limiters_of_several_replicas_let_through_what_the_limit_allows()
    {
        const int Burst = 2000;
        using var stopping = new CancellationTokenSource();
        var shared = Enumerable.Range(0, 3)
            .Select(_ => new SharedBuckets(new BucketLedger(Open().Buckets!, TimeProvider.System, NullLogger<BucketLedger>.Instance), TimeProvider.System)).ToArray();
        foreach (var buckets in shared.Concat(shared))
        {
            await buckets.JoinAsync(None);
        }

        var running = shared.Select(buckets => buckets.RunAsync(stopping.Token)).ToArray();
        var limiters = shared.Select(buckets => new RateLimiter(TimeProvider.System, buckets)).ToArray();
        var call = new LimitedCall(Caller(new LimitConfig(1, Burst)), null, default, IPAddress.Loopback);
        var passed = 0;
        await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Task.Run(async () =>
        {
            while ((await limiters[i % 3].AcquireAsync(call)).Refusal is null)
            {
                Interlocked.Increment(ref passed);
            }
        }))).WaitAsync(TestTime.Limit);
        await stopping.CancelAsync();
        await Task.WhenAll(running).WaitAsync(TestTime.Limit)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

        Assert.InRange(passed, Burst * 99 / 100, Burst);
        Assert.Equal(["0"], await cluster.QueryAsync(_database, "SELECT count(*)::text FROM replicas"));
    }

    private static Caller Caller(LimitConfig limit) => new()
    {
        KeyId = "abcdefABCDEF",
        Name = "laptop",
        OrganizationId = Guid.NewGuid(),
        Workspace = null,
        Scopes = KeyScopes.Mcp,
        Permissions = Permissions.Everything,
        Limits = limit,
        OrganizationLimits = null,
        AllowedNetworks = null,
    };

    private Stores Open()
    {
        var stores = StoreFactory.Open(_database.Uri, Samples.Secrets());
        _opened.Add(stores);
        return stores;
    }

    /// <summary>How many tokens were given, and how many the bucket lacks now.</summary>
    private async Task<(long Tokens, long Missing)> TakeAsync(BucketClaim claim)
    {
        var grant = Assert.Single(await Store.TakeAsync([claim], None));
        return (grant.Tokens, (grant.UntilFull + Minute - 1) / Minute);
    }
}
