using System.Buffers;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using NativeGateway.ControlPlane.Usage;
using NativeGateway.Model;
using NativeGateway.Shared;
using NativeGateway.Telemetry;
using NativeGateway.Tests.Shared;

namespace NativeGateway.Tests.ControlPlane.Usage;

public sealed class UsageRecorderTests : IAsyncDisposable
{
    private static readonly TimeSpan FlushInterval = UsageSettings.Default.FlushInterval;

    private readonly Channel<UsageEvent> _channel = Channel.CreateUnbounded<UsageEvent>();
    private readonly MemoryUsageStore _store = new();
    private readonly TestClock _clock = new();
    private readonly Metrics _metrics = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public UsageRecorderTests() => _running = Recorder().RunAsync(_stop.Token);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    [Fact]
    public async Task What_happened_is_written_with_the_next_flush()
    {
        await RecordAsync(3);

        await FlushAsync();

        Assert.Equal(3, _store.Rows.Calls());
    }

    [Fact]
    public async Task Nothing_is_written_while_nothing_happens()
    {
        _clock.Advance(FlushInterval * 10);

        await StopAsync();

        Assert.Empty(_store.Tried);
    }

    [Fact]
    public async Task While_the_database_is_down_usage_waits_and_is_written_once()
    {
        _store.IsDown = true;
        await RecordAsync(2);
        await FlushAsync();
        await RecordAsync(5);
        await FlushAsync();
        Assert.Empty(_store.Rows);

        _store.IsDown = false;
        await FlushAsync();
        await StopAsync();

        Assert.Equal(7, _store.Rows.Calls());
    }

    [Fact]
    public async Task A_batch_whose_answer_was_lost_is_repeated_unchanged_and_counts_once()
    {
        _store.LosesAnswer = true;
        await RecordAsync(2);
        await FlushAsync();

        await RecordAsync(1);
        await FlushAsync();
        await StopAsync();

        Assert.Equal(3, _store.Rows.Calls());
        Assert.Same(_store.Tried[0], _store.Tried[1]);
        Assert.Equal(_store.Tried[0].Number + 1, _store.Tried[2].Number);
    }

    [Fact]
    public async Task What_is_in_the_channel_at_the_end_is_written()
    {
        await StopAsync();
        _channel.Writer.TryWrite(UsageSamples.Call());

        await Recorder().RunAsync(_stop.Token).WaitAsync(TestTime.Limit);

        Assert.Equal(1, _store.Rows.Calls());
    }

    [Fact]
    public async Task A_database_that_is_down_at_the_end_does_not_hold_the_end_up()
    {
        _store.IsDown = true;
        await RecordAsync(1);

        await StopAsync();

        Assert.Single(_store.Tried);
    }

    [Fact]
    public void What_is_dropped_is_counted()
    {
        _metrics.RecordUsageDropped(3);
        var text = new ArrayBufferWriter<byte>();
        _metrics.WriteTo(text);

        Assert.Contains("mcp_gateway_usage_dropped_total 3\n", Encoding.UTF8.GetString(text.WrittenSpan), StringComparison.Ordinal);
    }

    private UsageRecorder Recorder()
    {
        var snapshot = SnapshotBuilder.Build(RegistryConfig.Empty, [], [], GatewaySettings.Default, false, [])!;
        return new UsageRecorder(_channel.Reader, _store, new SnapshotHolder(snapshot), _metrics, _clock, NullLogger<UsageRecorder>.Instance);
    }

    /// <summary>Reports calls and waits until the recorder has taken them over.</summary>
    private async Task RecordAsync(int calls)
    {
        for (var i = 0; i < calls; i++)
        {
            _channel.Writer.TryWrite(UsageSamples.Call());
        }

        await UntilAsync(() => _clock.HasTimerWithin(TimeSpan.FromMilliseconds(100)));
        _clock.Advance(TimeSpan.FromMilliseconds(100));
        await UntilAsync(() => _channel.Reader.Count == 0);
    }

    private async Task FlushAsync()
    {
        var tried = _store.Next;
        await UntilAsync(() => _clock.HasTimerWithin(FlushInterval));
        _clock.Advance(FlushInterval);
        await tried.WaitAsync(TestTime.Limit);
    }

    private async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(TestTime.Limit);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        var started = System.Diagnostics.Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(started.Elapsed < TestTime.Limit, "It does not happen.");
            await Task.Yield();
        }
    }
}
