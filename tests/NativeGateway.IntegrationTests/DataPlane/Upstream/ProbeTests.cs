using NativeGateway.DataPlane.Upstream;
using NativeGateway.IntegrationTests.DataPlane.Stdio;
using NativeGateway.Model;
using NativeGateway.Shared;
using NativeGateway.Tests.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Upstream;

/// <summary>How endpoints are asked how they are, and that nothing of that stays behind at the server.</summary>
public sealed class ProbeTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_legacy_session_is_asked_by_ping(bool answers)
    {
        var script = new LegacyScript { OnPosted = request => answers ? request.ResultAsync("{}") : request.ErrorAsync(200, -32601) };
        await using var upstream = new ScriptedUpstream(script.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        await gateway.OpenAsync();

        Assert.Equal(ProbeOutcome.Answered, await ProbeAsync(gateway));

        Assert.Equal("s-1", (await upstream.NextAsync("ping")).Header("MCP-Session-Id"));
        Assert.Equal(1, upstream.Count("initialize"));
        Assert.Equal(HealthVerdict.Healthy, gateway.Upstream.Health.Verdict);
    }

    [Fact]
    public async Task A_modern_server_is_asked_by_discover()
    {
        await using var upstream = new ScriptedUpstream(new ModernScript().RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        await gateway.OpenAsync();

        Assert.Equal(ProbeOutcome.Answered, await ProbeAsync(gateway));

        Assert.Equal(["server/discover", "server/discover"], upstream.Labels);
    }

    [Fact]
    public async Task Without_a_session_it_is_only_asked_whether_anybody_is_there()
    {
        await using var upstream = new ScriptedUpstream(request => request.AnswerAsync(405));
        await using var gateway = new UpstreamHarness(upstream.Url);

        Assert.Equal(ProbeOutcome.Answered, await ProbeAsync(gateway));

        Assert.Equal(["OPTIONS"], upstream.Labels);
        Assert.Equal(HealthVerdict.Unknown, gateway.Upstream.Health.Verdict);
    }

    [Fact]
    public async Task A_session_that_is_lost_is_a_sign_of_life_and_not_renewed()
    {
        var script = new LegacyScript { OnPosted = request => request.AnswerAsync(404) };
        await using var upstream = new ScriptedUpstream(script.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        await gateway.OpenAsync();

        Assert.Equal(ProbeOutcome.Answered, await ProbeAsync(gateway));

        Assert.Equal(1, upstream.Count("initialize"));
        Assert.Equal(HealthVerdict.Healthy, gateway.Upstream.Health.Verdict);
    }

    [Fact]
    public async Task A_server_that_answers_with_5xx_is_no_better_for_being_asked()
    {
        var script = new LegacyScript { OnPosted = request => request.AnswerAsync(500) };
        await using var upstream = new ScriptedUpstream(script.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        await gateway.OpenAsync();
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(ProbeOutcome.Failed, await ProbeAsync(gateway));
        }

        Assert.Equal(HealthVerdict.Degraded, gateway.Upstream.Health.Verdict);
    }

    [Fact]
    public async Task A_server_that_is_back_is_used_again_without_waiting_for_the_circuit()
    {
        var clock = new TestClock();
        await using var upstream = new ScriptedUpstream(new LegacyScript().RunAsync, listens: false);
        await using var gateway = new UpstreamHarness(new UpstreamHarnessOptions { Time = clock }, upstream.Url);
        for (var i = 0; i < 6; i++)
        {
            await gateway.FailToOpenAsync();
        }

        Assert.Equal(ProbeOutcome.Failed, await ProbeAsync(gateway));
        Assert.Equal(HealthVerdict.Down, gateway.Upstream.Health.Verdict);
        upstream.Listen();
        Assert.Equal(ProbeOutcome.Answered, await ProbeAsync(gateway));

        Assert.Equal(HealthVerdict.Unknown, gateway.Upstream.Health.Verdict);
        Assert.Null((await gateway.CallAsync()).Error);
        Assert.Equal(1, upstream.Count("initialize"));
    }

    [Fact]
    public async Task A_connection_of_the_older_transport_is_asked_on_its_stream_and_never_opened_for_that()
    {
        await using var upstream = new ScriptedUpstream(new SseScript().RunAsync);
        await using var gateway = new UpstreamHarness(new UpstreamHarnessOptions { IsSse = true }, upstream.Url);
        Assert.Equal(ProbeOutcome.Answered, await ProbeAsync(gateway));
        Assert.Equal(["OPTIONS"], upstream.Labels);
        await gateway.OpenAsync();

        Assert.Equal(ProbeOutcome.Answered, await ProbeAsync(gateway));

        Assert.Equal((1, 1, 1), (upstream.Count("GET"), upstream.Count("initialize"), upstream.Count("ping")));
    }

    [Fact]
    public async Task A_server_of_the_older_transport_that_is_back_is_used_again_without_waiting_for_its_pause()
    {
        var clock = new TestClock();
        await using var upstream = new ScriptedUpstream(new SseScript().RunAsync, listens: false);
        await using var gateway = new UpstreamHarness(new UpstreamHarnessOptions { IsSse = true, Time = clock }, upstream.Url);
        for (var i = 0; i < 6; i++)
        {
            await gateway.FailToOpenAsync();
        }

        Assert.Equal(ProbeOutcome.Failed, await ProbeAsync(gateway));
        upstream.Listen();
        Assert.Equal(ProbeOutcome.Answered, await ProbeAsync(gateway));

        Assert.Null((await gateway.CallAsync()).Error);
    }

    [Theory]
    [InlineData("legacy")]
    [InlineData("modern")]
    public async Task A_program_is_never_started_for_a_question_and_not_kept_from_being_idle(string era)
    {
        var clock = new TestClock();
        await using var fixture = StdioFixture.Scripted(era, clock);
        Assert.Equal(ProbeOutcome.NotAsked, await fixture.Upstream.ProbeAsync(0, CancellationToken.None));
        Assert.Null(fixture.Upstream.ProcessId);
        await fixture.OpenAsync();
        clock.Advance(TimeSpan.FromMinutes(14));

        Assert.Equal(ProbeOutcome.Answered, await fixture.Upstream.ProbeAsync(0, CancellationToken.None).AsTask().WaitAsync(TestTime.Limit));
        Assert.Equal(HealthVerdict.Healthy, fixture.Upstream.Health.Verdict);

        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(fixture.Upstream.ProcessId);
        Assert.Equal(1, fixture.Starts);
    }

    [Fact]
    public async Task A_program_that_cannot_be_started_is_down()
    {
        await using var fixture = new StdioFixture(StdioFixture.Command("no-such-command", []));

        await fixture.FailToOpenAsync();

        Assert.Equal(HealthVerdict.Down, fixture.Upstream.Health.Verdict);
    }

    private static Task<ProbeOutcome> ProbeAsync(UpstreamHarness gateway) =>
        gateway.Upstream.ProbeAsync(0, CancellationToken.None).AsTask().WaitAsync(TestTime.Limit);
}
