using NativeGateway.DataPlane.Sessions;
using NativeGateway.Tests.Shared;

namespace NativeGateway.Tests.DataPlane.Sessions;

public sealed class CallClockTests : IDisposable
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);

    private readonly TestClock _time = new();
    private readonly CancellationTokenSource _client = new();
    private readonly CallClock _clock;

    public CallClockTests()
    {
        _clock = new CallClock(_time);
        _clock.Start(Silence, _client.Token);
    }

    public void Dispose()
    {
        _clock.Dispose();
        _client.Dispose();
    }

    [Fact]
    public void Silence_ends_the_call_and_signs_of_life_do_not()
    {
        _time.Advance(Silence - TimeSpan.FromSeconds(1));
        _clock.Restart();
        _time.Advance(Silence - TimeSpan.FromSeconds(1));
        Assert.False(_clock.Token.IsCancellationRequested);

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(_clock.Token.IsCancellationRequested);
        Assert.False(_clock.IsCalledOff);
    }

    [Fact]
    public void It_stands_still_until_the_last_question_is_answered()
    {
        _clock.Asked();
        _clock.Asked();
        _time.Advance(TimeSpan.FromMinutes(5));
        _clock.Restart();
        _clock.Answered();
        _time.Advance(TimeSpan.FromMinutes(4));
        Assert.True(_clock.AwaitsHuman);
        Assert.False(_clock.Token.IsCancellationRequested);

        _clock.Answered();
        _time.Advance(Silence);
        Assert.True(_clock.Token.IsCancellationRequested);
    }

    [Fact]
    public void A_human_is_waited_for_so_long()
    {
        _clock.Asked();
        _time.Advance(CallClock.HumanPatience);
        Assert.True(_clock.Token.IsCancellationRequested);
    }

    [Fact]
    public void A_suspended_call_has_no_clock_and_no_client()
    {
        _clock.Suspend();
        _client.Cancel();
        _time.Advance(TimeSpan.FromHours(1));
        Assert.False(_clock.Token.IsCancellationRequested);

        using var next = new CancellationTokenSource();
        _clock.Resume(next.Token);
        next.Cancel();
        Assert.True(_clock.IsCalledOff);
    }

    [Fact]
    public void A_late_answer_finds_a_call_that_has_ended()
    {
        _clock.Asked();
        _clock.Dispose();
        _clock.Answered();
        _clock.CallOff();
        Assert.True(_clock.IsCalledOff);
    }
}
