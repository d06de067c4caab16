using NativeGateway.DataPlane.Upstream;
using NativeGateway.Tests.Shared;

namespace NativeGateway.Tests.DataPlane.Upstream;

public class CircuitBreakerTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(31);

    private readonly TestClock _clock = new();
    private readonly CircuitBreaker _breaker;

    public CircuitBreakerTests() => _breaker = new CircuitBreaker(_clock);

    [Fact]
    public void Four_failures_in_a_row_change_nothing()
    {
        Fail(4);

        Assert.True(_breaker.TryEnter().IsAdmitted);
        Assert.Equal(TimeSpan.Zero, _breaker.OpenFor);
    }

    [Fact]
    public void A_success_starts_the_count_anew()
    {
        Fail(4);
        _breaker.Succeeded();
        Fail(4);

        Assert.True(_breaker.TryEnter().IsAdmitted);
    }

    [Fact]
    public void Five_failures_in_a_row_refuse_everybody_for_about_a_second()
    {
        Fail(4);
        Assert.True(_breaker.Failed(_breaker.TryEnter()));

        var pass = _breaker.TryEnter();

        Assert.False(pass.IsAdmitted);
        Assert.InRange(pass.RetryAfter, TimeSpan.FromSeconds(0.8), TimeSpan.FromSeconds(1));
        Assert.Equal(pass.RetryAfter, _breaker.OpenFor);
    }

    [Fact]
    public void After_the_pause_exactly_one_request_gets_through()
    {
        Fail(5);
        _clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(TimeSpan.Zero, _breaker.OpenFor);
        Assert.True(_breaker.TryEnter().IsAdmitted);
        var second = _breaker.TryEnter();
        Assert.False(second.IsAdmitted);
        Assert.True(second.RetryAfter > TimeSpan.Zero);
    }

    [Fact]
    public void Among_many_threads_one_gets_the_probe()
    {
        Fail(5);
        _clock.Advance(TimeSpan.FromSeconds(1));
        var admitted = 0;

        Parallel.For(0, 1000, _ => Interlocked.Add(ref admitted, _breaker.TryEnter().IsAdmitted ? 1 : 0));

        Assert.Equal(1, admitted);
    }

    [Fact]
    public void A_probe_that_succeeds_closes_the_circuit()
    {
        Fail(5);
        _clock.Advance(TimeSpan.FromSeconds(1));
        _breaker.TryEnter();

        Assert.True(_breaker.Succeeded());

        Assert.True(_breaker.TryEnter().IsAdmitted);
        Assert.True(_breaker.TryEnter().IsAdmitted);
        Fail(4);
        Assert.True(_breaker.TryEnter().IsAdmitted);
    }

    [Fact]
    public void Pauses_grow_to_half_a_minute()
    {
        Fail(5);
        foreach (var seconds in new[] { 1, 2, 4, 8, 16, 30, 30 })
        {
            Assert.InRange(_breaker.OpenFor, TimeSpan.FromSeconds(0.8 * seconds), TimeSpan.FromSeconds(seconds));
            _clock.Advance(Long);
            Assert.True(_breaker.Failed(_breaker.TryEnter()));
        }
    }

    [Fact]
    public void A_probe_that_nobody_waits_for_any_more_makes_room_for_another()
    {
        Fail(5);
        _clock.Advance(Long);
        var probe = _breaker.TryEnter();

        _breaker.Abandoned(probe);

        Assert.True(_breaker.TryEnter().IsAdmitted);
    }

    [Fact]
    public void Outcomes_of_requests_from_before_the_pause_do_not_prolong_it()
    {
        var early = _breaker.TryEnter();
        Fail(5);
        var rest = _breaker.OpenFor;

        Assert.False(_breaker.Failed(early));

        Assert.Equal(rest, _breaker.OpenFor);
    }

    [Fact]
    public void An_abandoned_request_from_before_the_pause_does_not_free_the_probe()
    {
        var early = _breaker.TryEnter();
        Fail(5);
        _clock.Advance(Long);
        _breaker.TryEnter();

        _breaker.Abandoned(early);

        Assert.False(_breaker.TryEnter().IsAdmitted);
    }

    private void Fail(int times)
    {
        for (var i = 0; i < times; i++)
        {
            _breaker.Failed(_breaker.TryEnter());
        }
    }
}
