using System.Net;
using NativeGateway.DataPlane.Policy;
using NativeGateway.Model;
using NativeGateway.Shared;
using NativeGateway.Tests.Shared;

namespace NativeGateway.Tests.DataPlane.Policy;

/// <summary>Processes that share token buckets, with the database's part played in memory.</summary>
public sealed class SharedBucketsTests : IAsyncLifetime
{
    private const string Id = "abcdefghijkl";
    private const long Minute = 60_000_000_000;

    private readonly List<Task> _running = [];

    private CancellationTokenSource Stopping { get; } = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await StopAsync();
        Stopping.Dispose();
    }

    [Fact]
    public async Task A_process_that_is_alone_asks_nobody()
    {
        var source = new MemoryBuckets(TimeProvider.System, processes: 1);
        var limiter = await StartAsync(source, TimeProvider.System);

        Assert.Equal(10, await PassedAsync(limiter, Calling(new(1, 10)), 20));
        await StopAsync();

        Assert.Empty(source.Claims);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(100)]
    [InlineData(1000)]
    public async Task Processes_together_let_through_exactly_the_burst(int burst)
    {
        var source = new MemoryBuckets(TimeProvider.System, processes: 3);
        RateLimiter[] limiters = [await StartAsync(source, TimeProvider.System), await StartAsync(source, TimeProvider.System), await StartAsync(source, TimeProvider.System)];
        var call = Calling(new(1, burst));

        var passed = await Task.WhenAll(limiters.Select(limiter => Task.Run(async () =>
        {
            var count = 0;
            while ((await limiter.AcquireAsync(call)).Refusal is null)
            {
                count++;
            }

            return count;
        }))).WaitAsync(TestTime.Limit);

        Assert.Equal(burst, passed.Sum());
    }

    [Fact]
    public async Task What_was_not_used_is_given_back_at_the_end()
    {
        var source = new MemoryBuckets(TimeProvider.System, processes: 2);
        var limiter = await StartAsync(source, TimeProvider.System);

        // Twelve on credit, the others after an answer that brings more than is needed.
        Assert.Equal(50, await PassedAsync(limiter, Calling(new(1, 100)), 50));
        await StopAsync();

        Assert.InRange(source.Missing(Minute), 49.9, 50);
    }

    [Fact]
    public async Task What_was_used_alone_counts_when_others_come()
    {
        var clock = new TestClock();
        var source = new MemoryBuckets(clock, processes: 1);
        var shared = new SharedBuckets(source, clock);
        await shared.JoinAsync(CancellationToken.None);
        var limiter = new RateLimiter(clock, shared);
        Assert.Equal(40, await PassedAsync(limiter, Calling(new(1, 50)), 40));

        source.Processes = 2;
        await shared.JoinAsync(CancellationToken.None);
        _running.Add(shared.RunAsync(Stopping.Token));
        Assert.Equal(1, await PassedAsync(limiter, Calling(new(1, 50)), 1));
        await StopAsync();

        Assert.InRange(source.Missing(Minute), 40.9, 41);
    }

    [Fact]
    public async Task While_nobody_can_be_asked_each_takes_its_part_and_tells_afterwards()
    {
        var clock = new TestClock();
        var source = new MemoryBuckets(clock, processes: 3);
        var shared = new SharedBuckets(source, clock);
        await shared.JoinAsync(CancellationToken.None);
        source.IsAway = true;
        await shared.JoinAsync(CancellationToken.None);
        var limiter = new RateLimiter(clock, shared);

        Assert.Equal(10, await PassedAsync(limiter, Calling(new(60, 30)), 30));
        clock.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(2, await PassedAsync(limiter, Calling(new(60, 30)), 30));

        source.IsAway = false;
        _running.Add(shared.RunAsync(Stopping.Token));
        await StopAsync();
        Assert.InRange(source.Missing(Minute / 60), 5.9, 6);
    }

    [Fact]
    public async Task A_call_waits_a_second_and_no_longer()
    {
        var clock = new TestClock();
        var source = new MemoryBuckets(clock, processes: 3) { Gate = new TaskCompletionSource() };
        var limiter = await StartAsync(source, clock);

        var waiting = limiter.AcquireAsync(Calling(new(1, 3))).AsTask();
        Assert.False(waiting.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Null((await waiting.WaitAsync(TestTime.Limit)).Refusal);
        Assert.True(limiter.AcquireAsync(Calling(new(1, 3))).AsTask().IsCompleted);
        source.Gate.SetResult();
    }

    [Fact]
    public async Task A_call_for_which_a_token_is_held_allocates_nothing()
    {
        var limiter = await StartAsync(new MemoryBuckets(TimeProvider.System, processes: 2), TimeProvider.System);
        var call = Calling(new(1, 1000));
        Assert.Equal(200, await PassedAsync(limiter, call, 200));

        // Now and then one has to ask for more.
        var least = long.MaxValue;
        for (var i = 0; i < 20; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Null((await limiter.AcquireAsync(call)).Refusal);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    private static LimitedCall Calling(LimitConfig limit) =>
        new(PolicyFixture.Snapshot([PolicyFixture.Key(Id) with { Limits = limit }]).Caller(Id), null, default, IPAddress.Loopback);

    private static async Task<int> PassedAsync(RateLimiter limiter, LimitedCall call, int calls)
    {
        var passed = 0;
        for (var i = 0; i < calls; i++)
        {
            passed += (await limiter.AcquireAsync(call).AsTask().WaitAsync(TestTime.Limit)).Refusal is null ? 1 : 0;
        }

        return passed;
    }

    private async Task<RateLimiter> StartAsync(MemoryBuckets source, TimeProvider clock)
    {
        var shared = new SharedBuckets(source, clock);
        await shared.JoinAsync(CancellationToken.None);
        _running.Add(shared.RunAsync(Stopping.Token));
        return new RateLimiter(clock, shared);
    }

    private async Task StopAsync()
    {
        await Stopping.CancelAsync();
        await Task.WhenAll(_running).WaitAsync(TestTime.Limit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
