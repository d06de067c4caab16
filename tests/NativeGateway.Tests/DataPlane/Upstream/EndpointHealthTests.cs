using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Tests.Shared;

namespace NativeGateway.Tests.DataPlane.Upstream;

public class EndpointHealthTests
{
    private readonly TestClock _clock = new();
    private readonly HealthSamples _samples = new();

    [Fact]
    public void Nothing_is_known_at_first_and_it_may_be_used()
    {
        var health = One();

        Assert.Equal(HealthVerdict.Unknown, health.Verdict);
        Assert.True(health.IsUsable);
        Assert.Empty(_samples.Changes);
    }

    [Fact]
    public void An_answer_makes_healthy_and_is_told_once()
    {
        var health = One();
        Answer(health, 3);

        Assert.Equal(HealthVerdict.Healthy, health.Verdict);
        Assert.Equal((HealthVerdict.Unknown, HealthVerdict.Healthy), Last());
        Assert.Single(_samples.Changes);
        Assert.Equal(0, health.InFlight);
    }

    [Fact]
    public void The_first_sign_of_an_unknown_endpoint_decides()
    {
        var (unreachable, failing, refusing) = (One(), One(), One());

        unreachable.Unreachable("no", isOpen: false);
        failing.Failed("500");
        refusing.Refused(401);

        Assert.Equal(HealthVerdict.Down, unreachable.Verdict);
        Assert.Equal(HealthVerdict.Degraded, failing.Verdict);
        Assert.Equal(HealthVerdict.NeedsSignIn, refusing.Verdict);
    }

    [Fact]
    public void A_healthy_endpoint_is_not_given_up_for_one_bad_sign()
    {
        var health = Healthy();

        health.Unreachable("no", isOpen: false);
        health.Answered();
        health.Failed("500");
        health.Failed("500");
        health.Answered();
        health.Refused(403);

        Assert.Equal(HealthVerdict.Healthy, health.Verdict);
        Assert.Single(_samples.Changes);
    }

    [Fact]
    public void Repeated_signs_change_the_verdict()
    {
        var (unreachable, failing, refusing) = (Healthy(), Healthy(), Healthy());
        for (var sign = 0; sign < 2; sign++)
        {
            unreachable.Unreachable("no", isOpen: false);
            failing.Failed("500");
            refusing.Refused(401);
        }

        Assert.Equal(HealthVerdict.Down, unreachable.Verdict);
        Assert.Equal(HealthVerdict.Healthy, failing.Verdict);
        Assert.Equal(HealthVerdict.NeedsSignIn, refusing.Verdict);
        failing.Failed("500");
        Assert.Equal(HealthVerdict.Degraded, failing.Verdict);
    }

    [Fact]
    public void An_open_circuit_is_down_at_once_and_an_answer_makes_healthy_again()
    {
        var health = Healthy();

        health.Unreachable("no", isOpen: true);
        Assert.Equal((HealthVerdict.Healthy, HealthVerdict.Down), Last());
        Assert.Equal("no", _samples.Changes[^1].Reason);

        health.Answered();
        Assert.Equal((HealthVerdict.Down, HealthVerdict.Healthy), Last());
        Assert.Null(health.Report().Reason);
    }

    [Fact]
    public void That_it_was_down_long_ago_keeps_nobody_from_trying()
    {
        var health = One();
        health.Unreachable("no", isOpen: false);
        Assert.False(health.IsUsable);

        _clock.Advance(TimeSpan.FromSeconds(30));

        Assert.True(health.IsUsable);
        Assert.Equal(HealthVerdict.Down, health.Verdict);
    }

    [Fact]
    public void That_it_can_be_connected_to_again_is_not_yet_healthy()
    {
        var health = One();
        health.Unreachable("no", isOpen: true);

        health.Reached();

        Assert.Equal(HealthVerdict.Unknown, health.Verdict);
        Assert.True(health.IsUsable);
        Assert.Equal(1, health.VainHopes);
        health.Answered();
        Assert.Equal(0, health.VainHopes);
    }

    [Fact]
    public void Refused_credentials_are_not_down_and_not_chosen()
    {
        var health = One();

        health.Refused(401);

        Assert.False(health.IsUsable);
        Assert.True(health.MayBeTried);
        Assert.Contains("401", health.Report().Reason!, StringComparison.Ordinal);
    }

    [Fact]
    public void A_call_that_nobody_waits_for_is_a_failure_only_after_the_whole_time_out()
    {
        var health = Healthy();
        for (var i = 0; i < 3; i++)
        {
            var call = health.Enter(isHandshake: false);
            _clock.Advance(TimeSpan.FromSeconds(5));
            call.Abandoned(TimeSpan.FromSeconds(30));
        }

        Assert.Equal(HealthVerdict.Healthy, health.Verdict);
        for (var i = 0; i < 3; i++)
        {
            var call = health.Enter(isHandshake: false);
            _clock.Advance(TimeSpan.FromSeconds(30));
            call.Abandoned(TimeSpan.FromSeconds(30));
        }

        Assert.Equal(HealthVerdict.Degraded, health.Verdict);
        Assert.Equal(0, health.InFlight);
    }

    [Fact]
    public void Progress_and_questions_are_no_silence()
    {
        var health = One();
        var working = health.Enter(isHandshake: false);
        var asking = health.Enter(isHandshake: false);
        asking.Asked();
        _clock.Advance(TimeSpan.FromSeconds(25));
        working.Heard();
        _clock.Advance(TimeSpan.FromSeconds(25));

        working.Abandoned(TimeSpan.FromSeconds(30));
        asking.Abandoned(TimeSpan.FromSeconds(30));

        Assert.Equal(HealthVerdict.Unknown, health.Verdict);
    }

    [Fact]
    public void A_call_ends_once()
    {
        var health = One();
        var call = health.Enter(isHandshake: false);
        Assert.Equal(1, health.InFlight);

        call.Answered();
        call.Failed("late");
        call.Leave();

        Assert.Equal((0, HealthVerdict.Healthy), (health.InFlight, health.Verdict));
    }

    [Fact]
    public void Five_failures_in_a_row_leave_an_endpoint_out_for_a_time_that_grows()
    {
        var group = Group(2);
        var bad = group.Endpoints[0];
        group.Endpoints[1].Answered();
        bad.Answered();
        Fail(bad, 4);
        Assert.True(bad.IsUsable);

        Fail(bad, 1);
        Assert.Equal(TimeSpan.FromSeconds(5), bad.EjectedFor);
        Assert.False(bad.IsUsable);
        foreach (var seconds in new[] { 10, 20, 40, 80, 160, 300, 300 })
        {
            _clock.Advance(bad.EjectedFor);
            Assert.True(bad.IsUsable);
            Fail(bad, 1);
            Assert.Equal(TimeSpan.FromSeconds(seconds), bad.EjectedFor);
        }

        Assert.Equal(8, group.Ejections);
    }

    [Fact]
    public void An_endpoint_that_did_well_for_long_is_left_out_for_a_short_time_again()
    {
        var group = Group(2);
        var bad = group.Endpoints[0];
        Fail(bad, 5);
        _clock.Advance(bad.EjectedFor);
        Fail(bad, 1);
        Assert.Equal(TimeSpan.FromSeconds(10), bad.EjectedFor);
        _clock.Advance(TimeSpan.FromMinutes(6));
        bad.Answered();

        Fail(bad, 5);

        Assert.Equal(TimeSpan.FromSeconds(5), bad.EjectedFor);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(3, 1)]
    [InlineData(4, 2)]
    [InlineData(10, 5)]
    public void At_most_half_of_a_group_is_left_out(int endpoints, int most)
    {
        var group = Group(endpoints);
        foreach (var endpoint in group.Endpoints)
        {
            Fail(endpoint, 5);
        }

        Assert.Equal(most, group.Endpoints.Count(endpoint => !endpoint.IsUsable));
    }

    [Fact]
    public void Endpoints_that_are_down_count_as_left_out()
    {
        var group = Group(2);
        group.Endpoints[1].Unreachable("no", isOpen: true);

        Fail(group.Endpoints[0], 5);

        Assert.True(group.Endpoints[0].IsUsable);
    }

    [Fact]
    public void What_comes_back_gets_its_share_of_calls_little_by_little()
    {
        var health = One();
        health.Unreachable("no", isOpen: true);
        health.Answered();

        Assert.Equal(0.1, health.WeightNow, 3);
        _clock.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal(0.5, health.WeightNow, 3);
        _clock.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal(1, health.WeightNow);
    }

    [Fact]
    public void The_server_as_a_whole_is_as_well_as_its_endpoints_together()
    {
        var group = Group(3);
        Assert.Equal(HealthVerdict.Unknown, group.Verdict);
        group.Endpoints[0].Answered();
        Assert.Equal(HealthVerdict.Healthy, group.Verdict);
        group.Endpoints[1].Unreachable("no", isOpen: true);
        Assert.Equal(HealthVerdict.Degraded, group.Verdict);
        group.Endpoints[0].Unreachable("no", isOpen: true);
        group.Endpoints[2].Unreachable("no", isOpen: true);
        Assert.Equal(HealthVerdict.Down, group.Verdict);
        group.Endpoints[2].Refused(401);
        Assert.Equal(HealthVerdict.NeedsSignIn, group.Verdict);
        Assert.Equal(HealthVerdict.NeedsSignIn, _samples.Changes[^1].Whole);
    }

    private EndpointHealth One() => Group(1).Endpoints[0];

    private EndpointHealth Healthy()
    {
        var health = One();
        health.Answered();
        return health;
    }

    private UpstreamHealth Group(int endpoints) => new(HealthSamples.Alike(endpoints), _samples, _clock);

    private static void Answer(EndpointHealth health, int times)
    {
        for (var i = 0; i < times; i++)
        {
            health.Enter(isHandshake: false).Answered();
        }
    }

    private static void Fail(EndpointHealth health, int times)
    {
        for (var i = 0; i < times; i++)
        {
            health.Failed("500");
        }
    }

    private (HealthVerdict Before, HealthVerdict After) Last() => (_samples.Changes[^1].Before, _samples.Changes[^1].After);
}
