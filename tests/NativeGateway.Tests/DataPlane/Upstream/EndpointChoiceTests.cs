using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Tests.Shared;

namespace NativeGateway.Tests.DataPlane.Upstream;

public class EndpointChoiceTests
{
    private const int Seed = 20260728;
    private const int Calls = 10_000;

    private readonly TestClock _clock = new();

    [Fact]
    public void A_higher_priority_number_is_used_only_while_nothing_lower_is_usable()
    {
        var group = Group(HealthSamples.Config(HealthSamples.Endpoint(0, priority: 1), HealthSamples.Endpoint(1), HealthSamples.Endpoint(2)));

        Assert.Equal([0, 1, 1], Used(group));
        group.Health.Endpoints[1].Unreachable("no", isOpen: true);
        Assert.Equal([0, 0, 1], Used(group));
        group.Health.Endpoints[2].Unreachable("no", isOpen: true);
        Assert.Equal([1, 0, 0], Used(group));
        group.Health.Endpoints[1].Answered();
        Assert.Equal([0, 1, 0], Used(group));
    }

    [Fact]
    public void The_own_region_comes_first_within_a_priority()
    {
        var config = HealthSamples.Config(
            HealthSamples.Endpoint(0, "us"), HealthSamples.Endpoint(1, "eu"), HealthSamples.Endpoint(2), HealthSamples.Endpoint(3, "eu", priority: 1));
        var group = Group(config, region: "eu");

        Assert.Equal([0, 1, 0, 0], Used(group));
        group.Health.Endpoints[1].Unreachable("no", isOpen: true);
        Assert.Equal([1, 0, 1, 0], Used(group));
        group.Health.Endpoints[0].Unreachable("no", isOpen: true);
        group.Health.Endpoints[2].Unreachable("no", isOpen: true);
        Assert.Equal([0, 0, 0, 1], Used(group));
    }

    [Fact]
    public void Without_an_own_region_regions_make_no_difference() =>
        Assert.Equal([1, 1], Used(Group(HealthSamples.Config(HealthSamples.Endpoint(0, "us"), HealthSamples.Endpoint(1, "eu")))));

    [Fact]
    public void Calls_are_spread_by_weight()
    {
        var group = Group(HealthSamples.Config(HealthSamples.Endpoint(0, weight: 5), HealthSamples.Endpoint(1, weight: 3), HealthSamples.Endpoint(2, weight: 2)));

        var counts = Count(group.Choice);

        Assert.InRange(counts[0], 4800, 5200);
        Assert.InRange(counts[1], 2800, 3200);
        Assert.InRange(counts[2], 1800, 2200);
    }

    [Fact]
    public void Of_two_the_less_busy_one_gets_the_call()
    {
        var group = Group(HealthSamples.Alike(2));
        group.Health.Endpoints[0].Enter(isHandshake: false);

        Assert.Equal(Calls, Count(group.Choice)[1]);
    }

    [Fact]
    public void Calls_that_are_under_way_end_up_in_proportion_to_the_weights()
    {
        var group = Group(HealthSamples.Config(HealthSamples.Endpoint(0, weight: 3), HealthSamples.Endpoint(1)));
        for (var i = 0; i < 400; i++)
        {
            group.Health.Endpoints[group.Choice.Next(0)].Enter(isHandshake: false);
        }

        Assert.InRange(group.Health.Endpoints[0].InFlight, 260, 330);
    }

    [Fact]
    public void Of_two_the_clearly_faster_one_gets_the_call_until_the_other_is_forgiven()
    {
        var group = Group(HealthSamples.Alike(2));
        Take(group.Health.Endpoints[0], TimeSpan.FromMilliseconds(400));
        Take(group.Health.Endpoints[1], TimeSpan.FromMilliseconds(20));
        Assert.Equal(Calls, Count(group.Choice)[1]);

        for (var minutes = 0; minutes < 10; minutes++)
        {
            _clock.Advance(TimeSpan.FromMinutes(1));
            group.Health.Endpoints[1].Answered();
        }

        Assert.True(Count(group.Choice)[0] > Calls / 3);
    }

    [Fact]
    public void A_small_difference_in_speed_does_not_starve_the_slower_one()
    {
        var group = Group(HealthSamples.Alike(2));
        Take(group.Health.Endpoints[0], TimeSpan.FromMilliseconds(24));
        Take(group.Health.Endpoints[1], TimeSpan.FromMilliseconds(20));

        Assert.InRange(Count(group.Choice)[0], 4800, 5200);
    }

    [Fact]
    public void One_that_comes_back_gets_few_calls_at_first()
    {
        var group = Group(HealthSamples.Alike(2));
        group.Health.Endpoints[1].Unreachable("no", isOpen: true);
        group.Health.Endpoints[1].Answered();

        Assert.InRange(Count(group.Choice)[1], 800, 1020);
        _clock.Advance(TimeSpan.FromSeconds(30));
        Assert.InRange(Count(group.Choice)[1], 4800, 5200);
    }

    [Fact]
    public void Round_robin_goes_round_by_weight()
    {
        var config = HealthSamples.Config(HealthSamples.Endpoint(0, weight: 2), HealthSamples.Endpoint(1)) with { LoadBalancing = LoadBalancing.RoundRobin };
        var choice = Group(config).Choice;

        Assert.Equal([0, 0, 1, 0, 0, 1], Enumerable.Range(0, 6).Select(_ => choice.Next(0)));
    }

    [Fact]
    public void First_is_the_first_that_is_usable()
    {
        var group = Group(HealthSamples.Alike(3) with { LoadBalancing = LoadBalancing.First });

        Assert.Equal([1, 0, 0], Used(group));
        group.Health.Endpoints[0].Refused(401);
        Assert.Equal([0, 1, 0], Used(group));
    }

    [Fact]
    public void A_client_stays_on_its_endpoint_and_only_those_of_a_lost_one_move()
    {
        var group = Group(HealthSamples.Alike(3));
        var before = Enumerable.Range(1, 3000).Select(client => group.Choice.Next(client)).ToArray();
        Assert.All(before.GroupBy(index => index), of => Assert.InRange(of.Count(), 900, 1100));

        group.Health.Endpoints[2].Unreachable("no", isOpen: true);
        var after = Enumerable.Range(1, 3000).Select(client => group.Choice.Next(client)).ToArray();

        Assert.All(before.Zip(after), pair => Assert.True(pair.First == 2 ? pair.Second != 2 : pair.First == pair.Second));
    }

    [Fact]
    public void Where_none_is_well_the_doubtful_are_tried_but_not_those_that_cannot_be_reached()
    {
        var group = Group(HealthSamples.Alike(2));
        group.Health.Endpoints[0].Refused(401);
        OpenCircuit(group.Health.Endpoints[1]);
        Assert.Equal([1, 0], Used(group));

        OpenCircuit(group.Health.Endpoints[0]);
        Assert.Equal(-1, group.Choice.Next(0));
    }

    [Fact]
    public void What_was_tried_is_not_named_again()
    {
        var choice = Group(HealthSamples.Alike(2)).Choice;

        Assert.Equal(1, choice.Next(0, tried: 0b01));
        Assert.Equal(-1, choice.Next(0, tried: 0b11));
    }

    [Fact]
    public void Choosing_allocates_nothing()
    {
        var group = Group(HealthSamples.Alike(4));
        group.Choice.Next(0);
        group.Choice.Next(7);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            var call = group.Health.Endpoints[group.Choice.Next(i & 1)].Enter(isHandshake: false);
            call.Began();
            call.Answered();
        }

        // The clock of the tests allocates nothing either; the first answers make verdicts.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4096);
    }

    private (UpstreamHealth Health, EndpointChoice Choice) Group(UpstreamConfig config, string? region = null)
    {
        var health = new UpstreamHealth(config, new HealthSamples(), _clock);
        return (health, new EndpointChoice(config, health.Endpoints, region, new Random(Seed)));
    }

    private static void Take(EndpointHealth endpoint, TimeSpan latency)
    {
        // The first one does not count.
        endpoint.Took(TimeSpan.FromSeconds(5));
        endpoint.Took(latency);
        endpoint.Answered();
    }

    private static void OpenCircuit(EndpointHealth endpoint)
    {
        for (var i = 0; i < 5; i++)
        {
            endpoint.Circuit.Failed(endpoint.Circuit.TryEnter());
        }

        endpoint.Unreachable("no", isOpen: true);
    }

    private static int[] Count(EndpointChoice choice)
    {
        var counts = new int[32];
        for (var i = 0; i < Calls; i++)
        {
            counts[choice.Next(0)]++;
        }

        return counts;
    }

    /// <summary>One for each endpoint that is used at all, zero for the others.</summary>
    private static int[] Used((UpstreamHealth Health, EndpointChoice Choice) group) =>
        [.. Count(group.Choice).Take(group.Health.Endpoints.Count).Select(count => count > 0 ? 1 : 0)];
}
