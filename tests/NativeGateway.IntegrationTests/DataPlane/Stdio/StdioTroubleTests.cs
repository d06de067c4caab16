using System.Text;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Tests.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Stdio;

/// <summary>Processes that crash, go deaf or talk too much.</summary>
public sealed class StdioTroubleTests
{
    [Fact]
    public async Task A_crash_fails_the_calls_in_flight_and_after_a_pause_the_next_call_works()
    {
        var clock = new TestClock();
        await using var fixture = StdioFixture.Scripted("legacy", clock);
        var session = await fixture.OpenAsync();
        var bystander = session.SendToolAsync("hang");

        var error = (await session.SendToolAsync("die")).Error!;

        Assert.Equal(ErrorKind.UpstreamUnavailable, error.Kind);
        Assert.Equal("Upstream 'scripted' exited before it answered.", error.Message);
        Assert.Equal("it exited with code 7; its last line on stderr: the end is near", error.Detail);
        Assert.Equal(RetryHint.Never, error.Retry);
        Assert.Equal(error.Message, (await bystander).Error!.Message);

        var paused = await fixture.FailToOpenAsync();
        Assert.InRange(paused.RetryAfter!.Value, TimeSpan.FromSeconds(0.75), TimeSpan.FromSeconds(1));
        Assert.Equal(RetryHint.NothingSent, paused.Retry);

        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("hi", (await (await fixture.OpenAsync()).ToolAsync("echo", new { message = "hi" })).Text);
        Assert.Equal(McpMethod.Unknown, await fixture.NextListChangeAsync());
        Assert.Equal(2, fixture.Starts);
    }

    [Fact]
    public async Task A_process_that_was_healthy_for_a_minute_is_restarted_at_once()
    {
        var clock = new TestClock();
        await using var fixture = StdioFixture.Scripted("legacy", clock);
        var session = await fixture.OpenAsync();
        clock.Advance(TimeSpan.FromSeconds(60));
        Assert.NotNull((await session.SendToolAsync("die")).Error);

        Assert.NotSame(session, await fixture.OpenAsync());
    }

    [Fact]
    public async Task A_session_whose_process_is_gone_says_that_nothing_was_sent()
    {
        await using var fixture = StdioFixture.Scripted("legacy");
        var session = await fixture.OpenAsync();
        Assert.NotNull((await session.SendToolAsync("die")).Error);

        var sending = await session.SendToolAsync("echo", new { message = "hi" });

        Assert.Equal(ErrorKind.UpstreamUnavailable, sending.Error!.Kind);
        Assert.Equal(RetryHint.NothingSent, sending.Error.Retry);
        Assert.NotNull(await session.PostAsync("{}"u8.ToArray(), CancellationToken.None));
    }

    [Fact]
    public async Task A_crash_in_the_middle_of_a_reply_ends_it_with_an_error()
    {
        await using var fixture = StdioFixture.Scripted("legacy");
        var session = await fixture.OpenAsync();
        var held = session.SendToolAsync("hang", new { value = 1 });
        await using var reply = await session.ListenAsync();
        await reply.NextAsync();

        Assert.NotNull((await session.SendToolAsync("die")).Error);

        var received = await reply.ReadAsync(CancellationToken.None).AsTask().WaitAsync(StdioFixture.Patience);
        Assert.Equal(ErrorKind.UpstreamUnavailable, received.Error!.Kind);
        Assert.NotNull((await held).Error);
    }

    [Fact]
    public async Task A_process_that_closes_its_stdout_is_replaced()
    {
        var timings = new StdioTimings { LastWords = TimeSpan.FromMilliseconds(50), StopGrace = TimeSpan.FromMilliseconds(50), Healthy = TimeSpan.Zero };
        await using var fixture = StdioFixture.Scripted("legacy", timings: timings);
        var session = await fixture.OpenAsync();

        var error = (await session.SendToolAsync("close-stdout")).Error!;

        Assert.StartsWith("it closed its stdout", error.Detail, StringComparison.Ordinal);
        Assert.NotSame(session, await fixture.OpenAsync());
    }

    [Fact]
    public async Task A_process_that_stops_reading_fails_its_calls_and_is_replaced_when_none_is_left()
    {
        var timings = new StdioTimings { Write = TimeSpan.FromMilliseconds(50), StopGrace = TimeSpan.FromMilliseconds(50), Healthy = TimeSpan.Zero };
        await using var fixture = StdioFixture.Scripted("legacy", timings: timings);
        await using var neighbour = StdioFixture.Scripted("legacy");
        var session = await fixture.OpenAsync();
        using var patience = new CancellationTokenSource();
        var last = session.SendToolAsync("hang", cancellationToken: patience.Token);
        Assert.Equal("done", (await session.ToolAsync("deaf")).Text);

        // More than a socket holds: the first is stuck half-way, the others behind it.
        var message = new string('x', 1024 * 1024);
        var stuck = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => session.SendToolAsync("echo", new { message })));

        Assert.All(stuck, sending => Assert.Equal(ErrorKind.Saturated, sending.Error!.Kind));
        Assert.Single(stuck, sending => sending.Error!.Retry == RetryHint.Never);
        Assert.Contains("does not read", await fixture.Logs.FirstAsync(2210), StringComparison.Ordinal);
        Assert.Equal("hi", (await (await neighbour.OpenAsync()).ToolAsync("echo", new { message = "hi" })).Text);

        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => last);
        await fixture.Logs.FirstAsync(2203);
        Assert.Equal("hi", (await (await fixture.OpenAsync()).ToolAsync("echo", new { message = "hi" })).Text);
    }

    [Fact]
    public async Task A_process_that_reads_again_gets_only_what_somebody_still_waits_for()
    {
        using var fifo = new Fifo();
        var timings = new StdioTimings { Write = TimeSpan.FromMilliseconds(50) };
        await using var fixture = StdioFixture.Scripted("legacy", timings: timings);
        var session = await fixture.OpenAsync();
        var waiting = session.SendToolAsync("hang", new { value = 1 });
        Assert.Equal("done", (await session.ToolAsync("deaf-until-told", new { fifo = fifo.Path })).Text);
        var message = new string('x', 1024 * 1024);
        var stuck = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => session.SendToolAsync("hang", new { message })));
        Assert.All(stuck, sending => Assert.NotNull(sending.Error));
        Assert.Equal(ErrorKind.Saturated, (await session.SendToolAsync("echo", new { message = "hi" })).Error!.Kind);

        await fifo.ReleaseAsync();
        await fixture.Logs.FirstAsync(2211);

        // Two hang: the one that was there before, and the one that was stuck half-way. The others were never sent.
        Assert.Equal("2", (await session.ToolAsync("release")).Text);
        Assert.Equal("late", (await (await waiting).Reply!.ToEndAsync()).Text);
        Assert.Equal(1, fixture.Starts);
    }

    [Fact]
    public async Task Lines_on_stderr_are_logged_cut_and_kept()
    {
        await using var fixture = StdioFixture.Scripted("legacy");
        var session = await fixture.OpenAsync();
        string[] lines = ["starting \u001b[31mup\u001b[0m", new string('y', 10_000), .. Enumerable.Range(0, 60).Select(i => $"line {i}")];

        await session.ToolAsync("stderr", new { lines });
        await fixture.DisposeAsync();

        Assert.Contains("Upstream scripted writes: starting  [31mup [0m", fixture.Logs.Lines);
        Assert.Contains("Upstream scripted writes: " + new string('y', 4096), fixture.Logs.Lines);
        Assert.Equal(Enumerable.Range(10, 50).Select(i => $"line {i}"), fixture.Upstream.ErrorTail);
    }

    [Fact]
    public async Task A_flood_on_stderr_is_logged_only_in_part()
    {
        var clock = new TestClock();
        await using var fixture = StdioFixture.Scripted("legacy", clock);
        var session = await fixture.OpenAsync();

        await session.ToolAsync("stderr", new { lines = Enumerable.Range(0, 5000).Select(i => $"line {i}") });
        await fixture.DisposeAsync();

        Assert.Equal(200, fixture.Logs.Lines.Count(line => line.StartsWith("Upstream scripted writes", StringComparison.Ordinal)));
        Assert.Equal("line 4999", fixture.Upstream.ErrorTail[^1]);
    }

    [Fact]
    public async Task Configured_secrets_do_not_reach_the_log()
    {
        await using var fixture = StdioFixture.Scripted("legacy", new TestClock(), variables: new() { ["API_KEY"] = "sk-12345678" });
        var session = await fixture.OpenAsync();

        var error = (await session.SendToolAsync("secret", new { name = "API_KEY" })).Error!;

        Assert.EndsWith("my secret is ***", error.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain(fixture.Logs.Lines, line => line.Contains("sk-12345678", StringComparison.Ordinal));
    }

    /// <summary>Something that a process can wait for without a clock.</summary>
    private sealed class Fifo : IDisposable
    {
        private readonly string _directory = Directory.CreateTempSubdirectory().FullName;

        public Fifo() => System.Diagnostics.Process.Start("mkfifo", Path).WaitForExit();

        public string Path => $"{_directory}/fifo";

        public Task ReleaseAsync() => File.WriteAllBytesAsync(Path, Encoding.ASCII.GetBytes("go"));

        public void Dispose() => Directory.Delete(_directory, recursive: true);
    }
}
