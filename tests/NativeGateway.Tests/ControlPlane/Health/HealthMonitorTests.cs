using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using NativeGateway.ControlPlane.Health;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Tests.DataPlane.Upstream;
using NativeGateway.Tests.Shared;

namespace NativeGateway.Tests.ControlPlane.Health;

public sealed class HealthMonitorTests : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly TestClock _clock = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Probed> _connections = [];
    private UpstreamTable? _table;
    private HealthMonitor? _monitor;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _table!.DisposeAsync();
        _stop.Dispose();
    }

    [Fact]
    public async Task An_idle_endpoint_is_asked_after_about_its_interval()
    {
        Start(TimeSpan.FromSeconds(60));

        var asked = await AskedAsync(_connections[0]);

        Assert.True(asked >= TimeSpan.FromSeconds(48), $"after {asked}");
    }

    [Fact]
    public async Task A_call_puts_the_question_off()
    {
        Start(TimeSpan.FromSeconds(60));
        _clock.Advance(TimeSpan.FromSeconds(40));
        _connections[0].Health.Endpoints[0].Answered();

        var asked = await AskedAsync(_connections[0]);

        Assert.True(asked >= TimeSpan.FromSeconds(88), $"after {asked}");
    }

    [Fact]
    public async Task A_call_under_way_is_enough()
    {
        Start(TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(60));
        var call = _connections[0].Health.Endpoints[0].Enter(isHandshake: false);

        await AskedAsync(_connections[1]);
        Assert.Equal(0, _connections[0].Asked.Reader.Count);

        call.Leave();
        await AskedAsync(_connections[0]);
    }

    [Fact]
    public async Task One_that_is_down_is_asked_about_every_second()
    {
        Start(TimeSpan.FromSeconds(60));
        _connections[0].Health.Endpoints[0].Unreachable("no", isOpen: true);

        var asked = await AskedAsync(_connections[0]);

        Assert.InRange(asked, TimeSpan.FromSeconds(0.8), TimeSpan.FromSeconds(3));
    }

    [Fact]
    public async Task One_bad_sign_is_followed_up_soon()
    {
        Start(TimeSpan.FromSeconds(60));
        _connections[0].Health.Endpoints[0].Answered();
        _connections[0].Health.Endpoints[0].Failed("500");

        var asked = await AskedAsync(_connections[0]);

        Assert.InRange(asked, TimeSpan.FromSeconds(0.8), TimeSpan.FromSeconds(3));
        Assert.Equal(HealthVerdict.Healthy, _connections[0].Health.Verdict);
    }

    [Fact]
    public async Task Who_wants_no_checks_is_never_asked()
    {
        Start(null, TimeSpan.FromSeconds(60));

        await AskedAsync(_connections[1]);
        await AskedAsync(_connections[1]);

        Assert.Equal(0, _connections[0].Asked.Reader.Count);
    }

    [Fact]
    public async Task One_that_does_not_answer_is_a_failure_and_is_asked_again()
    {
        Start(TimeSpan.FromSeconds(60));
        _connections[0].Hangs = true;

        await AskedAsync(_connections[0]);
        await AskedAsync(_connections[0]);

        Assert.Equal(HealthVerdict.Degraded, _connections[0].Health.Verdict);
        Assert.True(_monitor!.Probes.Failed >= 1);
    }

    [Fact]
    public async Task One_that_cannot_be_asked_is_not_tried_all_the_time()
    {
        Start(TimeSpan.FromSeconds(60));
        _connections[0].SaysNothing = true;
        var first = await AskedAsync(_connections[0]);

        var second = await AskedAsync(_connections[0]);

        Assert.True(second - first >= TimeSpan.FromSeconds(48), $"after {second - first}");
    }

    [Fact]
    public async Task Many_that_hang_do_not_keep_others_from_being_asked()
    {
        Start([.. Enumerable.Repeat<TimeSpan?>(TimeSpan.FromSeconds(60), 40)]);
        foreach (var connection in _connections.Take(39))
        {
            connection.Hangs = true;
        }

        await AskedAsync(_connections[39]);
    }

    private void Start(params TimeSpan?[] intervals)
    {
        var upstreams = intervals.Select((interval, number) => HealthSamples.Alike(1) with
        {
            Key = $"up-{number}", Source = ConfigSource.File, HealthInterval = interval,
        }).ToArray();
        var faults = new List<string>();
        var snapshot = SnapshotBuilder.Build(RegistryConfig.Empty, upstreams, [], GatewaySettings.Default, true, faults)!;
        _table = new UpstreamTable(
            upstream =>
            {
                var connection = new Probed(upstream.Config, _clock);
                _connections.Add(connection);
                return connection;
            },
            _clock);
        _table.Apply(snapshot);
        _connections.Sort((one, other) => one.Number.CompareTo(other.Number));
        _monitor = new HealthMonitor(_table, new SnapshotHolder(snapshot), _clock, NullLogger<HealthMonitor>.Instance);
        Assert.Equal(0, _monitor.AskDue(_stop.Token));
    }

    /// <summary>Lets time pass until the connection is asked; how long after the beginning that was, at the earliest.</summary>
    private async Task<TimeSpan> AskedAsync(Probed connection)
    {
        var patience = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            if (connection.Asked.Reader.TryRead(out var at))
            {
                return at - TestStart;
            }

            Assert.True(patience.Elapsed < Limit, "It was not asked.");
            _clock.Advance(TimeSpan.FromMilliseconds(500));
            if (_monitor!.AskDue(_stop.Token) > 0)
            {
                await Task.WhenAny(_connections.Select(one => one.Asked.Reader.WaitToReadAsync().AsTask())).WaitAsync(Limit);
            }
        }
    }

    private static DateTimeOffset TestStart { get; } = new TestClock().GetUtcNow();

    /// <summary>A connection that can only be asked how it is.</summary>
    private sealed class Probed(UpstreamConfig config, TimeProvider time) : IUpstreamConnection
    {
        public int Number { get; } = int.Parse(config.Key.AsSpan(3), System.Globalization.CultureInfo.InvariantCulture);

        public bool Hangs { get; set; }

        public bool SaysNothing { get; set; }

        public Channel<DateTimeOffset> Asked { get; } = Channel.CreateUnbounded<DateTimeOffset>();

        public UpstreamHealth Health { get; } = new(config, new HealthSamples(), time);

        public ValueTask<UpstreamOpening> OpenAsync(UpstreamClient client, CancellationToken cancellationToken) => throw new NotSupportedException();

        public async ValueTask<ProbeOutcome> ProbeAsync(int endpoint, CancellationToken cancellationToken)
        {
            Asked.Writer.TryWrite(time.GetUtcNow());
            if (Hangs)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            }

            if (SaysNothing)
            {
                return ProbeOutcome.NotAsked;
            }

            Health.Endpoints[endpoint].Answered();
            return ProbeOutcome.Answered;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
