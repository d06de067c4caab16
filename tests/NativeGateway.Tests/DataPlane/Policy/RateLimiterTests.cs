using System.Net;
using System.Text.Json;
using NativeGateway.DataPlane.Policy;
using NativeGateway.Model;
using NativeGateway.Tests.Shared;

namespace NativeGateway.Tests.DataPlane.Policy;

using Upstream = NativeGateway.Model.Upstream;

public class RateLimiterTests
{
    private const string Id = "abcdefghijkl";
    private const string OtherId = "mnopqrstuvwx";
    private const string ThirdId = "ABCDEFGHIJKL";

    private readonly TestClock _clock = new();
    private readonly RateLimiter _limiter;

    public RateLimiterTests() => _limiter = new RateLimiter(_clock);

    [Fact]
    public void A_bucket_gives_its_burst_at_once_and_then_refills_continuously()
    {
        var (caller, _) = Build(key: new(60, 3));

        Assert.Equal([true, true, true, false], Enumerable.Range(0, 4).Select(_ => Passes(caller)));
        _clock.Advance(TimeSpan.FromSeconds(0.9));
        Assert.False(Passes(caller));
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.True(Passes(caller));
        Assert.False(Passes(caller));
        _clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal([true, true, true, false], Enumerable.Range(0, 4).Select(_ => Passes(caller)));
    }

    [Fact]
    public void Over_a_long_time_exactly_the_rate_passes()
    {
        var (caller, _) = Build(key: new(7, 1));
        var passed = 0;
        for (var i = 0; i < 60 * 60 * 10; i++)
        {
            passed += Passes(caller) ? 1 : 0;
            _clock.Advance(TimeSpan.FromMilliseconds(100));
        }

        Assert.InRange(passed, (7 * 60) - 4, (7 * 60) + 1);
    }

    [Fact]
    public void Nothing_is_limited_and_no_state_reported_without_limits()
    {
        var (caller, upstream) = Build();

        Assert.Null(Acquire(caller, upstream, "t"u8, out var state));
        Assert.False(state.IsPresent);
        Assert.Equal(0, _limiter.BucketCount);
    }

    [Fact]
    public void The_state_is_that_of_the_bucket_with_the_fewest_tokens()
    {
        var (caller, upstream) = Build(key: new(60, 10), organization: new(600, 100), server: new(30, 5));

        Assert.Null(Acquire(caller, upstream, "t"u8, out var narrow));
        Assert.Equal(new LimitState(5, 4, 2), narrow);

        Assert.Null(Acquire(caller, null, default, out var wide));
        Assert.Equal(new LimitState(10, 8, 2), wide);
    }

    [Fact]
    public void A_refusal_says_what_when_and_until_when()
    {
        var (caller, _) = Build(key: new(6, 2));
        Passes(caller);
        Passes(caller);
        _clock.Advance(TimeSpan.FromSeconds(2.5));

        var error = Acquire(caller, null, default, out var state)!;

        Assert.Equal(ErrorKind.RateLimited, error.Kind);
        Assert.Equal(TimeSpan.FromSeconds(8), error.RetryAfter);
        Assert.Equal("key", error.LimitScope);
        Assert.Contains("try again in 8 s", error.Message, StringComparison.Ordinal);
        Assert.Equal(new LimitState(2, 0, 18), state);
        using var data = JsonDocument.Parse(error.Data);
        Assert.Equal(
            """{"scope":"key","limit":2,"remaining":0,"retryAfterSeconds":8,"resetsAt":"2026-01-01T00:00:20Z"}""",
            data.RootElement.GetRawText());
        _clock.Advance(TimeSpan.FromSeconds(8));
        Assert.True(Passes(caller));
    }

    [Theory]
    [InlineData("organization")]
    [InlineData("key")]
    [InlineData("server")]
    [InlineData("tool")]
    public void Every_scope_limits_by_itself_and_takes_nothing_from_the_others_when_it_refuses(string scope)
    {
        LimitConfig wide = new(1, 10);
        LimitConfig narrow = new(1, 1);
        var (caller, upstream) = Build(
            key: scope == "key" ? narrow : wide,
            organization: scope == "organization" ? narrow : wide,
            server: scope == "server" ? narrow : wide,
            tool: scope == "tool" ? narrow : wide);

        Assert.Null(Acquire(caller, upstream, "t"u8, out _));
        for (var i = 0; i < 20; i++)
        {
            var error = Acquire(caller, upstream, "t"u8, out _);
            Assert.Equal(scope, error?.LimitScope);
        }

        // With the narrow limit lifted, the others must have lost one token and not twenty.
        var (free, same) = Build(
            key: scope == "key" ? null : wide,
            organization: scope == "organization" ? null : wide,
            server: scope == "server" ? null : wide,
            tool: scope == "tool" ? null : wide,
            serverId: upstream.Id);
        Assert.Null(Acquire(free, same, "t"u8, out var state));
        Assert.Equal(new LimitState(10, 8, 120), state);
    }

    [Fact]
    public void A_later_refusal_gives_back_what_earlier_buckets_gave()
    {
        var (caller, upstream) = Build(key: new(1, 5), organization: new(1, 1), server: new(1, 5), tool: new(1, 5));
        Assert.Null(Acquire(caller, upstream, "t"u8, out _));
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal("organization", Acquire(caller, upstream, "t"u8, out _)?.LimitScope);
        }

        var (free, same) = Build(key: new(1, 5), server: new(1, 5), tool: new(1, 5), serverId: upstream.Id);
        Assert.Null(Acquire(free, same, "t"u8, out var state));
        Assert.Equal(3, state.Remaining);
    }

    [Fact]
    public void Keys_share_their_organizations_bucket_and_no_other()
    {
        var snapshot = PolicyFixture.Snapshot(
            [PolicyFixture.Key(Id) with { Limits = new(1, 2) }, PolicyFixture.Key(OtherId) with { Limits = new(1, 2) }],
            organization: PolicyFixture.Organization with { Limits = new(1, 3) });

        Assert.True(Passes(snapshot.Caller(Id)));
        Assert.True(Passes(snapshot.Caller(Id)));
        Assert.False(Passes(snapshot.Caller(Id)));
        Assert.True(Passes(snapshot.Caller(OtherId)));
        Assert.Equal("organization", Acquire(snapshot.Caller(OtherId), null, default, out _)?.LimitScope);
    }

    [Fact]
    public void Each_key_has_a_bucket_for_each_server()
    {
        var snapshot = PolicyFixture.Snapshot(
            [PolicyFixture.Key(Id) with { Limits = new(100, 100) }, PolicyFixture.Key(OtherId)],
            [PolicyFixture.Server("a") with { Limits = new(1, 1) }, PolicyFixture.Server("b") with { Limits = new(1, 1) }]);

        Assert.Null(Acquire(snapshot.Caller(Id), snapshot.Upstream("a"), default, out _));
        Assert.NotNull(Acquire(snapshot.Caller(Id), snapshot.Upstream("a"), default, out _));
        Assert.Null(Acquire(snapshot.Caller(Id), snapshot.Upstream("b"), default, out _));
        Assert.Null(Acquire(snapshot.Caller(OtherId), snapshot.Upstream("a"), default, out _));
    }

    [Fact]
    public void A_tool_limit_counts_all_tools_that_its_glob_matches_and_nothing_else()
    {
        var snapshot = PolicyFixture.Snapshot(
            [PolicyFixture.Key(Id) with { Limits = new(100, 100), ToolLimits = new Dictionary<string, LimitConfig> { ["a__*_delete"] = new(1, 2) } }],
            [PolicyFixture.Server("a"), PolicyFixture.Server("b")]);
        var caller = snapshot.Caller(Id);

        Assert.Null(Acquire(caller, snapshot.Upstream("a"), "x_delete"u8, out _));
        Assert.Null(Acquire(caller, snapshot.Upstream("a"), "y_delete"u8, out _));
        Assert.Equal("tool", Acquire(caller, snapshot.Upstream("a"), "z_delete"u8, out _)?.LimitScope);
        Assert.Null(Acquire(caller, snapshot.Upstream("a"), "x_get"u8, out _));
        Assert.Null(Acquire(caller, snapshot.Upstream("b"), "x_delete"u8, out _));
        Assert.Null(Acquire(caller, snapshot.Upstream("a"), default, out _));
        Assert.Null(Acquire(caller, null, default, out _));
    }

    [Fact]
    public void A_changed_limit_holds_at_once_and_tokens_survive_the_swap()
    {
        Assert.True(Passes(Build(key: new(1, 2)).Caller));
        Assert.True(Passes(Build(key: new(1, 2)).Caller));
        Assert.False(Passes(Build(key: new(1, 2)).Caller));

        // Raised: two minutes of debt at the old rate are at most an empty bucket at the new one.
        var raised = Build(key: new(600, 2)).Caller;
        Assert.False(Passes(raised));
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.True(Passes(raised));
    }

    [Fact]
    public void Idle_buckets_are_evicted_and_busy_ones_are_not()
    {
        var ids = Enumerable.Range(0, 1_000).Select(i => $"key{i:D9}").ToArray();
        var snapshot = PolicyFixture.Snapshot([.. ids.Select(id => PolicyFixture.Key(id) with { Limits = new(1, 10) })]);
        foreach (var id in ids)
        {
            Passes(snapshot.Caller(id));
        }

        Assert.Equal(1_000, _limiter.BucketCount);
        var busy = snapshot.Caller(ids[500]);
        for (var second = 0; second < 600; second += 5)
        {
            _clock.Advance(TimeSpan.FromSeconds(5));
            Passes(busy);
        }

        Assert.Equal(1, _limiter.BucketCount);
    }

    [Fact]
    public async Task Threads_together_get_exactly_the_burst()
    {
        var (caller, upstream) = Build(key: new(1, 5_000), organization: new(1, 100_000));
        var passed = 0;
        using var start = new Barrier(4);
        var workers = Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(
            () =>
            {
                start.SignalAndWait();
                for (var i = 0; i < 5_000; i++)
                {
                    if (Acquire(caller, upstream, default, out var _) is null)
                    {
                        Interlocked.Increment(ref passed);
                    }
                }
            },
            TaskCreationOptions.LongRunning));
        await Task.WhenAll(workers);

        Assert.Equal(5_000, passed);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Threads_get_exactly_what_is_there_while_buckets_are_evicted_under_them(int burst)
    {
        // Every round one thread sweeps the full bucket away while the other may hold it already and has to find its successor.
        const int rounds = 3_000;
        var table = new BucketTable(_clock);
        var rate = new BucketRate(new LimitConfig(60_000, burst), _clock);
        var key = new BucketKey(LimitScope.Key, Id, default, "");
        var taken = 0;
        using var round = new Barrier(2, _ => _clock.Advance(TimeSpan.FromSeconds(31)));
        var workers = Enumerable.Range(0, 2).Select(_ => Task.Factory.StartNew(
            () =>
            {
                for (var i = 0; i < rounds; i++)
                {
                    round.SignalAndWait();
                    if (table.Take(key, rate, _clock.GetTimestamp()).IsTaken)
                    {
                        Interlocked.Increment(ref taken);
                    }
                }
            },
            TaskCreationOptions.LongRunning));
        await Task.WhenAll(workers);

        Assert.Equal(rounds * burst, taken);
        Assert.InRange(table.Count, 0, 1);
    }

    [Fact]
    public void A_retired_bucket_gives_and_takes_nothing_more()
    {
        var bucket = new TokenBucket();
        var rate = new BucketRate(new LimitConfig(60, 2), _clock);
        var now = _clock.GetTimestamp();
        Assert.True(bucket.TryTake(rate, now, out _));
        Assert.False(bucket.TryRetire(now));
        Assert.True(bucket.TryRetire(now + _clock.TimestampFrequency));

        bucket.GiveBack(rate);
        Assert.False(bucket.TryTake(rate, now + (10 * _clock.TimestampFrequency), out var reading));
        Assert.False(reading.IsTaken);
    }

    [Fact]
    public void A_full_table_lets_newcomers_share_one_bucket()
    {
        var table = new BucketTable(_clock, capacity: 2);
        var rate = new BucketRate(new LimitConfig(1, 1), _clock);
        var now = _clock.GetTimestamp();

        var taken = Enumerable.Range(0, 5).Select(i => table.Take(new BucketKey(LimitScope.Key, $"{i}", default, ""), rate, now).IsTaken);

        Assert.Equal([true, true, true, false, false], taken);
        Assert.Equal(2, table.Count);
    }

    [Fact]
    public async Task An_accepted_call_allocates_nothing()
    {
        var (caller, upstream) = Build(key: new(1000, 1000), organization: new(1000, 1000), server: new(1000, 1000), tool: new(1000, 1000));
        var call = new LimitedCall(caller, upstream, "t"u8.ToArray(), IPAddress.Loopback);
        Assert.Null((await _limiter.AcquireAsync(call)).Refusal);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var verdict = await _limiter.AcquireAsync(call);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Null(verdict.Refusal);
    }

    [Fact]
    public void All_callers_of_an_address_share_its_bucket()
    {
        var snapshot = PolicyFixture.Snapshot(
            [PolicyFixture.Key(Id), PolicyFixture.Key(OtherId)],
            settings: GatewaySettings.Default with { AddressCallLimits = new(1, 2) });
        var (here, there) = (IPAddress.Parse("192.0.2.1"), IPAddress.Parse("192.0.2.2"));

        Assert.Null(From(snapshot.Caller(Id), here));
        Assert.Null(From(snapshot.Caller(OtherId), here));
        Assert.Equal("address", From(snapshot.Caller(Id), here)?.LimitScope);
        Assert.Null(From(snapshot.Caller(Id), there));
        Assert.Equal(4, _limiter.BucketCount);
    }

    [Fact]
    public void All_keys_of_a_user_share_its_bucket_and_keys_of_the_organization_have_none()
    {
        var ann = Guid.NewGuid();
        var snapshot = PolicyFixture.Snapshot(
            [PolicyFixture.Key(Id) with { UserId = ann }, PolicyFixture.Key(OtherId) with { UserId = ann }, PolicyFixture.Key(ThirdId)],
            settings: GatewaySettings.Default with { UserCallLimits = new(1, 2) });

        Assert.True(Passes(snapshot.Caller(Id)));
        Assert.True(Passes(snapshot.Caller(OtherId)));
        Assert.Equal("user", Acquire(snapshot.Caller(Id), null, default, out var state)?.LimitScope);
        Assert.Equal((2, 0), (state.Limit, state.Remaining));
        Assert.True(Passes(snapshot.Caller(ThirdId)));

    }

    private GatewayError? From(Caller caller, IPAddress address) => Decide(new LimitedCall(caller, null, default, address)).Refusal;

    private GatewayError? Acquire(Caller caller, Upstream? upstream, ReadOnlySpan<byte> tool, out LimitState state)
    {
        (var refusal, state) = Decide(new LimitedCall(caller, upstream, tool.ToArray(), IPAddress.Loopback));
        return refusal;
    }

    /// <summary>A process that shares nothing decides at once.</summary>
    private LimitVerdict Decide(LimitedCall call)
    {
        var decided = _limiter.AcquireAsync(call).AsTask();
        Assert.True(decided.IsCompletedSuccessfully);
        return decided.Result;
    }

    private bool Passes(Caller caller) => Acquire(caller, null, default, out _) is null;

    private static (Caller Caller, Upstream Upstream) Build(
        LimitConfig? key = null, LimitConfig? organization = null, LimitConfig? server = null, LimitConfig? tool = null, Guid? serverId = null)
    {
        var config = PolicyFixture.Key(Id) with { Limits = key };
        if (tool is not null)
        {
            config = config with { ToolLimits = new Dictionary<string, LimitConfig> { ["t"] = tool } };
        }

        var snapshot = PolicyFixture.Snapshot(
            [config],
            [PolicyFixture.Server("s") with { Id = serverId ?? Guid.NewGuid(), Limits = server }],
            PolicyFixture.Organization with { Limits = organization },
            GatewaySettings.Default with { KeyLimits = null });
        return (snapshot.Caller(Id), snapshot.Upstream("s"));
    }
}
