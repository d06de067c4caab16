using NativeGateway.DataPlane.Upstream;
using NativeGateway.Tests.Shared;

namespace NativeGateway.Tests.DataPlane.Upstream;

public class ConcurrencyGateTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly TestClock _clock = new();
    private readonly ConcurrencyGate _gate;

    public ConcurrencyGateTests() => _gate = new ConcurrencyGate(_clock);

    [Fact]
    public void So_many_get_in_and_no_more()
    {
        Assert.True(_gate.TryEnter(2));
        Assert.True(_gate.TryEnter(2));
        Assert.False(_gate.TryEnter(2));
        _gate.Leave();
        Assert.True(_gate.TryEnter(2));
    }

    [Fact]
    public async Task Who_waits_gets_the_place_of_the_one_who_leaves()
    {
        Assert.True(_gate.TryEnter(1));
        Assert.False(_gate.TryEnter(1));
        var waiting = _gate.WaitAsync(CancellationToken.None).AsTask();
        Assert.Equal((1, 1), (_gate.Running, _gate.Waiting));

        _gate.Leave();

        Assert.True(await waiting.WaitAsync(Limit));
        Assert.Equal((1, 0), (_gate.Running, _gate.Waiting));
    }

    [Fact]
    public async Task Nobody_waits_for_long()
    {
        Assert.True(_gate.TryEnter(1));
        var waiting = _gate.WaitAsync(CancellationToken.None).AsTask();

        _clock.Advance(TimeSpan.FromSeconds(2));

        Assert.False(await waiting.WaitAsync(Limit));
        Assert.Equal((1, 0), (_gate.Running, _gate.Waiting));
    }

    [Fact]
    public async Task Only_so_many_may_wait()
    {
        Assert.True(_gate.TryEnter(1));
        var waiting = Enumerable.Range(0, ConcurrencyGate.MaxWaiting).Select(_ => _gate.WaitAsync(CancellationToken.None).AsTask()).ToArray();

        Assert.False(await _gate.WaitAsync(CancellationToken.None).AsTask().WaitAsync(Limit));

        for (var i = 0; i < waiting.Length; i++)
        {
            _gate.Leave();
            Assert.True(await waiting[i].WaitAsync(Limit));
        }
    }

    [Fact]
    public async Task Who_gives_up_takes_no_place()
    {
        Assert.True(_gate.TryEnter(1));
        using var patience = new CancellationTokenSource();
        var waiting = _gate.WaitAsync(patience.Token).AsTask();

        await patience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Limit));
        _gate.Leave();
        Assert.Equal((0, 0), (_gate.Running, _gate.Waiting));
    }

    [Fact]
    public async Task Under_load_there_are_never_too_many_and_nobody_is_forgotten()
    {
        var gate = new ConcurrencyGate(TimeProvider.System);
        var (inside, most, done) = (0, 0, 0);
        await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(async () =>
        {
            for (var call = 0; call < 100; call++)
            {
                if (!gate.TryEnter(8) && !await gate.WaitAsync(CancellationToken.None))
                {
                    continue;
                }

                var now = Interlocked.Increment(ref inside);
                InterlockedMax(ref most, now);
                await Task.Yield();
                Interlocked.Decrement(ref inside);
                Interlocked.Increment(ref done);
                gate.Leave();
            }
        }))).WaitAsync(Limit);

        Assert.InRange(most, 1, 8);
        Assert.True(done > 100);
        Assert.Equal((0, 0), (gate.Running, gate.Waiting));
    }

    private static void InterlockedMax(ref int place, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref place)) < value && Interlocked.CompareExchange(ref place, value, seen) != seen)
        {
        }
    }
}
