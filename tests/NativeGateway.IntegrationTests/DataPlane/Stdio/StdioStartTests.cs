using System.Text;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Tests.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Stdio;

/// <summary>How an upstream's process comes to life: on demand, probed, greeted, and what happens when it does not.</summary>
public sealed class StdioStartTests
{
    [Fact]
    public async Task No_process_runs_before_somebody_needs_it()
    {
        await using var fixture = StdioFixture.Scripted("legacy");

        Assert.Null(fixture.Upstream.ProcessId);
        Assert.Equal(0, fixture.Slots.Taken);
    }

    [Fact]
    public async Task Fifty_who_open_at_once_share_one_process()
    {
        await using var fixture = StdioFixture.Scripted("legacy");

        var sessions = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => fixture.OpenAsync()));

        Assert.Single(sessions.Distinct());
        Assert.Equal(1, fixture.Starts);
        Assert.Equal(1, fixture.Slots.Taken);
    }

    [Fact]
    public async Task An_open_session_is_there_at_once()
    {
        await using var fixture = StdioFixture.Scripted("legacy");
        var session = await fixture.OpenAsync(ClientCapabilities.Sampling | ClientCapabilities.Roots);

        var opening = fixture.Upstream.OpenAsync(ClientCapabilities.Sampling | ClientCapabilities.Roots, CancellationToken.None);

        Assert.True(opening.IsCompletedSuccessfully);
        Assert.Same(session, (await opening).Session);
    }

    [Fact]
    public async Task Somebody_who_gives_up_waiting_does_not_end_the_start_for_others()
    {
        await using var fixture = StdioFixture.Scripted("legacy");
        using var impatient = new CancellationTokenSource();
        var abandoned = fixture.Upstream.OpenAsync(ClientCapabilities.None, impatient.Token);
        var patient = fixture.OpenAsync();

        await impatient.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => abandoned.AsTask());
        await patient;
        Assert.Equal(1, fixture.Starts);
    }

    [Fact]
    public async Task A_legacy_server_refuses_the_probe_and_is_initialized_without_client_capabilities()
    {
        await using var fixture = StdioFixture.Scripted("legacy");

        var peer = (await fixture.OpenAsync()).Peer;

        Assert.Same(ProtocolRevision.V20251125, peer.Revision);
        Assert.Equal("""{"tools": {"listChanged": true}}""", Encoding.UTF8.GetString(peer.Capabilities.Span));
        Assert.Equal("""{"name": "scripted", "version": "1"}""", Encoding.UTF8.GetString(peer.ServerInfo.Span));
        Assert.Equal("Be legacy.", peer.Instructions);
    }

    [Fact]
    public async Task A_modern_server_is_known_by_its_answer_to_the_probe()
    {
        await using var fixture = StdioFixture.Scripted("modern");

        var peer = (await fixture.OpenAsync()).Peer;

        Assert.Same(ProtocolRevision.V20260728, peer.Revision);
        Assert.Equal("""{"name": "scripted", "version": "1"}""", Encoding.UTF8.GetString(peer.ServerInfo.Span));
        Assert.Equal("Be modern.", peer.Instructions);
    }

    [Fact]
    public async Task A_server_that_exits_when_it_is_probed_is_started_again_and_initialized_at_once()
    {
        await using var fixture = StdioFixture.Scripted("exits");

        var session = await fixture.OpenAsync();

        Assert.Same(ProtocolRevision.V20251125, session.Peer.Revision);
        Assert.Equal("hi", (await session.ToolAsync("echo", new { message = "hi" })).Text);
        Assert.Equal(2, fixture.Starts);
        Assert.Equal(1, fixture.Slots.Taken);
    }

    [Fact]
    public async Task A_server_that_cannot_stand_the_probe_is_not_probed_again_after_a_crash()
    {
        var clock = new TestClock();
        await using var fixture = StdioFixture.Scripted("exits", clock);
        var session = await fixture.OpenAsync();
        Assert.NotNull((await session.SendToolAsync("die")).Error);
        clock.Advance(TimeSpan.FromSeconds(2));

        await fixture.OpenAsync();

        Assert.Equal(3, fixture.Starts);
    }

    [Fact]
    public async Task A_server_that_never_answers_the_probe_is_initialized_after_a_while()
    {
        await using var fixture = StdioFixture.Scripted("silent", timings: new StdioTimings { Probe = TimeSpan.FromMilliseconds(50) });

        var session = await fixture.OpenAsync();

        Assert.Same(ProtocolRevision.V20251125, session.Peer.Revision);
        Assert.Equal(1, fixture.Starts);
    }

    [Fact]
    public async Task A_modern_server_that_starts_slowly_is_still_taken_for_a_modern_one()
    {
        await using var fixture = StdioFixture.Scripted("modern-late", timings: new StdioTimings { Probe = TimeSpan.FromMilliseconds(50) });

        Assert.Same(ProtocolRevision.V20260728, (await fixture.OpenAsync()).Peer.Revision);
    }

    [Fact]
    public async Task A_server_that_never_answers_anything_fails_to_start_and_leaves_nothing_behind()
    {
        var timings = new StdioTimings { Probe = TimeSpan.FromMilliseconds(10), Start = TimeSpan.FromMilliseconds(500) };
        await using var fixture = StdioFixture.Scripted("mute", timings: timings);

        var error = await fixture.FailToOpenAsync();

        Assert.Equal(ErrorKind.UpstreamTimeout, error.Kind);
        Assert.Equal(0, fixture.Slots.Taken);
    }

    [Fact]
    public async Task A_server_of_an_unknown_revision_is_refused()
    {
        await using var fixture = StdioFixture.Scripted("future");

        Assert.Equal(ErrorKind.UpstreamProtocol, (await fixture.FailToOpenAsync()).Kind);
    }

    [Fact]
    public async Task A_missing_command_is_named_to_the_operator_and_not_to_the_client()
    {
        await using var fixture = new StdioFixture(StdioFixture.Command("no-such-command", []));

        var error = await fixture.FailToOpenAsync();

        Assert.Equal(ErrorKind.UpstreamUnavailable, error.Kind);
        Assert.Equal("Upstream 'scripted' cannot be started.", error.Message);
        Assert.Equal("cannot start 'no-such-command': No such file or directory", error.Detail);
        Assert.Equal(RetryHint.NothingSent, error.Retry);
        Assert.Equal(0, fixture.Slots.Taken);
        Assert.Contains("no-such-command", await fixture.Logs.FirstAsync(2204), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_process_that_dies_at_once_fails_to_start_with_its_exit_code()
    {
        await using var fixture = StdioFixture.Scripted("dies", new TestClock());

        var error = await fixture.FailToOpenAsync();

        Assert.Equal(ErrorKind.UpstreamUnavailable, error.Kind);
        Assert.Contains("exited with code 9", error.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failed_starts_are_followed_by_pauses_that_grow_to_half_a_minute()
    {
        var clock = new TestClock();
        await using var fixture = new StdioFixture(StdioFixture.Command("no-such-command", []), clock);
        var pauses = new List<double>();

        for (var i = 0; i < 8; i++)
        {
            Assert.Null((await fixture.FailToOpenAsync()).RetryAfter);
            var pause = (await fixture.FailToOpenAsync()).RetryAfter!.Value;
            pauses.Add(pause.TotalSeconds);
            clock.Advance(pause);
        }

        Assert.All(pauses.Zip([1, 2, 4, 8, 16, 30, 30, 30]), p => Assert.InRange(p.First, p.Second * 0.75, p.Second));
    }

    [Fact]
    public async Task When_all_slots_are_taken_the_next_process_is_refused_until_one_is_free()
    {
        var slots = new ProcessSlots(() => 1);
        await using var second = StdioFixture.Scripted("legacy", slots: slots);
        await using (var first = StdioFixture.Scripted("legacy", slots: slots))
        {
            await first.OpenAsync();

            var error = await second.FailToOpenAsync();

            Assert.Equal(ErrorKind.Saturated, error.Kind);
            Assert.Contains("as many processes as it may", error.Message, StringComparison.Ordinal);
        }

        await second.OpenAsync();
    }

    [Fact]
    public async Task An_idle_process_is_stopped_and_the_next_call_starts_another_one_without_a_pause()
    {
        var clock = new TestClock();
        await using var fixture = StdioFixture.Scripted("legacy", clock);
        await (await fixture.OpenAsync()).ToolAsync("echo", new { message = "hi" });
        clock.Advance(TimeSpan.FromMinutes(14));
        await fixture.OpenAsync();
        clock.Advance(TimeSpan.FromMinutes(14));
        Assert.NotNull(fixture.Upstream.ProcessId);

        clock.Advance(TimeSpan.FromMinutes(1));

        Assert.Null(fixture.Upstream.ProcessId);
        await fixture.OpenAsync();
        Assert.Equal(2, fixture.Starts);
        Assert.Equal(McpMethod.Unknown, await fixture.NextListChangeAsync());
    }

    [Fact]
    public async Task A_process_with_a_call_in_flight_is_not_idle()
    {
        var clock = new TestClock();
        await using var fixture = StdioFixture.Scripted("legacy", clock);
        var session = await fixture.OpenAsync();
        var hanging = session.SendToolAsync("hang");

        clock.Advance(TimeSpan.FromHours(2));

        await session.ToolAsync("release");
        Assert.Equal("late", (await (await hanging).Reply!.ToEndAsync()).Text);
    }

    [Fact]
    public async Task Disposing_stops_the_process_and_its_children()
    {
        var fixture = StdioFixture.Scripted("legacy");
        var session = await fixture.OpenAsync();
        await session.ToolAsync("spawn");
        var group = fixture.Upstream.ProcessId!.Value;
        Assert.Equal(2, ProcessGroup.Living(group).Length);

        await fixture.DisposeAsync();

        await ProcessGroup.GoneAsync(group);
        Assert.Equal(0, fixture.Slots.Taken);
        Assert.Equal(ErrorKind.UpstreamUnavailable, (await fixture.FailToOpenAsync()).Kind);
    }

    [Fact]
    public async Task Disposing_ends_a_start_that_is_under_way()
    {
        var fixture = StdioFixture.Scripted("mute");
        var opening = fixture.FailToOpenAsync();
        await fixture.Logs.FirstAsync(2200);

        await fixture.DisposeAsync();

        await opening;
        Assert.Equal(0, fixture.Slots.Taken);
    }
}
