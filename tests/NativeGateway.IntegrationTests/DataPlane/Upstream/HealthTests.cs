using NativeGateway.Model;
using NativeGateway.Tests.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Upstream;

/// <summary>What real calls say about an endpoint's health.</summary>
public sealed class HealthTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Errors_that_a_server_answers_with_say_nothing_bad_about_it(bool isModern)
    {
        static Task Refuse(ScriptedRequest request) => request.ErrorAsync(200, -32000);
        await using var upstream = new ScriptedUpstream(isModern ? new ModernScript { OnCall = Refuse }.RunAsync : new LegacyScript { OnCall = Refuse }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        for (var i = 0; i < 6; i++)
        {
            await gateway.CallAsync();
        }

        Assert.Equal(HealthVerdict.Healthy, Verdict(gateway));
        Assert.Equal(0, gateway.Upstream.Health.Endpoints[0].InFlight);
    }

    [Fact]
    public async Task Three_server_errors_in_a_row_are_degraded_and_one_answer_makes_healthy_again()
    {
        var isBroken = true;
        await using var upstream = new ScriptedUpstream(new ModernScript { OnCall = request => isBroken ? request.AnswerAsync(500) : request.ResultAsync("{}") }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        await gateway.CallAsync();
        await gateway.CallAsync();
        Assert.Equal(HealthVerdict.Healthy, Verdict(gateway));
        await gateway.CallAsync();
        Assert.Equal(HealthVerdict.Degraded, Verdict(gateway));

        isBroken = false;
        await gateway.CallAsync();

        Assert.Equal(
            [(HealthVerdict.Unknown, HealthVerdict.Healthy), (HealthVerdict.Healthy, HealthVerdict.Degraded), (HealthVerdict.Degraded, HealthVerdict.Healthy)],
            gateway.Verdicts.Select(change => (change.Before, change.After)));
        Assert.Contains("HTTP 500", gateway.Verdicts.ElementAt(1).Reason!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    public async Task Refused_credentials_are_a_sign_in_that_is_needed_and_not_down(int status)
    {
        await using var upstream = new ScriptedUpstream(new ModernScript { OnDiscover = request => request.AnswerAsync(status) }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);

        await gateway.FailToOpenAsync();

        Assert.Equal(HealthVerdict.NeedsSignIn, Verdict(gateway));
    }

    [Fact]
    public async Task What_cannot_be_reached_is_down_and_says_no_address()
    {
        await using var upstream = new ScriptedUpstream(new ModernScript().RunAsync, listens: false);
        await using var gateway = new UpstreamHarness(upstream.Url);

        await gateway.FailToOpenAsync();

        var change = Assert.Single(gateway.Verdicts);
        Assert.Equal((HealthVerdict.Down, HealthVerdict.Down), (change.After, change.Whole));
        Assert.DoesNotContain("127.0.0.1", change.Reason!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_answers_but_is_no_MCP_server_is_degraded()
    {
        await using var upstream = new ScriptedUpstream(request => request.AnswerAsync(404));
        await using var gateway = new UpstreamHarness(upstream.Url);

        await gateway.FailToOpenAsync();

        Assert.Equal(HealthVerdict.Degraded, Verdict(gateway));
    }

    [Fact]
    public async Task Calls_that_wait_out_their_time_are_failures_and_calls_that_are_given_up_are_not()
    {
        var clock = new TestClock();
        await using var upstream = new ScriptedUpstream(new ModernScript { OnCall = request => request.ClosedAsync() }.RunAsync);
        await using var gateway = new UpstreamHarness(new UpstreamHarnessOptions { Time = clock, Timeout = TimeSpan.FromSeconds(20) }, upstream.Url);
        var session = await gateway.OpenAsync();
        foreach (var (patience, verdict) in new[] { (5, HealthVerdict.Healthy), (20, HealthVerdict.Degraded) })
        {
            for (var i = 0; i < 3; i++)
            {
                using var end = new CancellationTokenSource();
                var sending = session.SendAsync(UpstreamHarness.ToolCall(session), end.Token).AsTask();
                await upstream.NextAsync("tools/call");
                clock.Advance(TimeSpan.FromSeconds(patience));
                await end.CancelAsync();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
            }

            Assert.Equal(verdict, Verdict(gateway));
        }
    }

    [Fact]
    public async Task A_connection_of_the_older_transport_counts_its_calls_and_its_end()
    {
        var script = new SseScript();
        await using var upstream = new ScriptedUpstream(script.RunAsync);
        await using var gateway = new UpstreamHarness(new UpstreamHarnessOptions { IsSse = true }, upstream.Url);
        await gateway.CallAsync();
        Assert.Equal((HealthVerdict.Healthy, 0), (Verdict(gateway), gateway.Upstream.Health.Endpoints[0].InFlight));

        await upstream.GoAwayAsync();
        while (Verdict(gateway) != HealthVerdict.Down)
        {
            await gateway.TryOpenAsync(NativeGateway.Protocol.ClientCapabilities.Roots);
        }

        Assert.Equal(0, gateway.Upstream.Health.Endpoints[0].InFlight);
    }

    private static HealthVerdict Verdict(UpstreamHarness gateway) => gateway.Upstream.Health.Verdict;
}
