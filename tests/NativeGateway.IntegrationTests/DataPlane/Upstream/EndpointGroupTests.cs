using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Upstream;

/// <summary>Several equal endpoints behind one server.</summary>
public sealed class EndpointGroupTests
{
    [Fact]
    public async Task Calls_of_a_pool_reach_every_endpoint()
    {
        await using var first = new ScriptedUpstream(new ModernScript().RunAsync);
        await using var second = new ScriptedUpstream(new ModernScript().RunAsync);
        await using var gateway = Pool(first, second);
        for (var i = 0; i < 60; i++)
        {
            Assert.Null((await gateway.CallAsync()).Error);
        }

        Assert.InRange(first.Count("tools/call"), 1, 59);
        Assert.Equal(60, first.Count("tools/call") + second.Count("tools/call"));
    }

    [Fact]
    public async Task A_client_with_a_session_stays_where_its_state_is_until_that_is_gone()
    {
        await using var first = new ScriptedUpstream(new LegacyScript().RunAsync);
        await using var second = new ScriptedUpstream(new LegacyScript().RunAsync);
        await using var gateway = Pool(first, second);
        for (var i = 0; i < 20; i++)
        {
            Assert.Null((await UpstreamHarness.CallAsync(await OpenAsync(gateway, affinity: 4711))).Error);
        }

        var (used, other) = first.Count("tools/call") > 0 ? (first, second) : (second, first);
        Assert.Equal((20, 0), (used.Count("tools/call"), other.Count("tools/call")));

        await used.GoAwayAsync();
        while (gateway.Upstream.Health.Verdict != HealthVerdict.Degraded)
        {
            await UpstreamHarness.CallAsync(await OpenAsync(gateway, affinity: 4711));
        }

        Assert.Null((await UpstreamHarness.CallAsync(await OpenAsync(gateway, affinity: 4711))).Error);
        Assert.True(other.Count("tools/call") > 0);
    }

    [Fact]
    public async Task An_endpoint_that_opens_no_session_is_passed_over_whatever_it_says()
    {
        await using var broken = new ScriptedUpstream(request => request.AnswerAsync(500));
        await using var well = new ScriptedUpstream(new LegacyScript().RunAsync);
        await using var gateway = Pool(broken, well);
        for (var i = 0; i < 10; i++)
        {
            Assert.Null((await gateway.CallAsync()).Error);
        }

        Assert.Equal(0, broken.Count("tools/call"));
    }

    [Fact]
    public async Task An_endpoint_that_answers_badly_is_left_out()
    {
        await using var bad = new ScriptedUpstream(new ModernScript { OnCall = request => request.AnswerAsync(500) }.RunAsync);
        await using var well = new ScriptedUpstream(new ModernScript().RunAsync);
        await using var gateway = Pool(bad, well);
        while (gateway.Upstream.Health.Endpoints[0].EjectedFor == TimeSpan.Zero)
        {
            await gateway.CallAsync();
        }

        var before = bad.Count("tools/call");
        for (var i = 0; i < 20; i++)
        {
            Assert.Null((await gateway.CallAsync()).Error);
        }

        Assert.Equal((5, 5), (before, bad.Count("tools/call")));
        Assert.Equal(1, gateway.Upstream.Health.Ejections);
    }

    [Fact]
    public async Task When_none_is_left_the_error_says_how_they_are_and_not_where()
    {
        await using var first = new ScriptedUpstream(new ModernScript().RunAsync, listens: false);
        await using var second = new ScriptedUpstream(new ModernScript { OnDiscover = request => request.AnswerAsync(401) }.RunAsync);
        await using var gateway = Pool(first, second);

        var error = await gateway.FailToOpenAsync();

        Assert.Equal(ErrorKind.UpstreamUnavailable, error.Kind);
        Assert.Contains("1 of 2 cannot be reached", error.Message, StringComparison.Ordinal);
        Assert.Contains("1 of 2 refuse the gateway's credentials", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("127.0.0.1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requests_move_only_as_often_as_the_budget_allows()
    {
        await using var gone = new ScriptedUpstream(new ModernScript().RunAsync);
        await using var well = new ScriptedUpstream(new ModernScript().RunAsync);
        await using var gateway = new UpstreamHarness(gone.Url, well.Url);
        var session = await gateway.OpenAsync();
        await gone.GoAwayAsync();

        // A session that callers hold on to, while nobody opens a new one: nothing is earned.
        var outcomes = new List<Outcome>();
        for (var i = 0; i < 30; i++)
        {
            outcomes.Add(await UpstreamHarness.CallAsync(session));
        }

        Assert.Equal(10, outcomes.Count(outcome => outcome.Error is null));
        Assert.Equal(10, well.Count("tools/call"));
        Assert.All(outcomes.TakeLast(19), outcome => Assert.Equal(RetryHint.NothingSent, outcome.Error!.Retry));
    }

    private static UpstreamHarness Pool(params ScriptedUpstream[] upstreams) =>
        new(new UpstreamHarnessOptions { IsPool = true }, [.. upstreams.Select(upstream => upstream.Url)]);

    private static async Task<IUpstreamSession> OpenAsync(UpstreamHarness gateway, int affinity)
    {
        var client = new UpstreamClient(ClientCapabilities.None, affinity);
        var opening = await gateway.Upstream.OpenAsync(client, CancellationToken.None).AsTask().WaitAsync(TestTime.Limit);
        Assert.Null(opening.Error);
        return opening.Session!;
    }
}
