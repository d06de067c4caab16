using Microsoft.Extensions.Logging;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Telemetry;

namespace NativeGateway.ControlPlane.Health;

/// <summary>
/// Asks endpoints how they are, but only those that no call asks: idle ones at the interval of their configuration, and ones that are down or
/// unwell more often, so that they are back in use soon. One loop; what is known lies with the endpoints themselves.
/// </summary>
internal sealed class HealthMonitor(UpstreamTable upstreams, SnapshotHolder snapshots, TimeProvider time, ILogger<HealthMonitor> logger)
{
    private const int AtOnce = 16;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Dictionary<EndpointHealth, Watch> _watches = [];
    private int _asking;
    private long _answered;
    private long _failed;

    /// <summary>How many endpoints answered when they were asked, and how many did not.</summary>
    public (long Answered, long Failed) Probes => (Interlocked.Read(ref _answered), Interlocked.Read(ref _failed));

    /// <summary>Until stopped.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        using var ticks = new PeriodicTimer(Tick, time);
        try
        {
            while (await ticks.WaitForNextTickAsync(stopping))
            {
                AskDue(stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The end of the gateway.
        }
    }

    /// <summary>Begins to ask those whose turn it is at this moment; how many these are. One caller at a time.</summary>
    public int AskDue(CancellationToken stopping)
    {
        var present = new HashSet<EndpointHealth>();
        var due = new List<Watch>();
        foreach (var upstream in snapshots.Current.Workspaces.Values.SelectMany(workspace => workspace.Upstreams))
        {
            if (upstream.Config.HealthInterval is not { } interval || upstreams.Find(upstream.Id) is not { } state)
            {
                continue;
            }

            foreach (var endpoint in state.Connection.Health.Endpoints)
            {
                present.Add(endpoint);
                var watch = WatchOf(endpoint, state, upstream.Key);
                if (!watch.IsAsking && watch.IsDue(interval))
                {
                    due.Add(watch);
                }
            }
        }

        foreach (var gone in _watches.Keys.Where(endpoint => !present.Contains(endpoint)).ToArray())
        {
            _watches.Remove(gone);
        }

        // Whoever was not asked for the longest time comes first, so that many hanging ones do not hold up the same others each time.
        var chosen = due.OrderByDescending(watch => watch.Endpoint.Quiet).Take(AtOnce - Volatile.Read(ref _asking)).ToArray();
        foreach (var watch in chosen)
        {
            Interlocked.Increment(ref _asking);
            watch.IsAsking = true;
            _ = AskAsync(watch, stopping);
        }

        return chosen.Length;
    }

    private Watch WatchOf(EndpointHealth endpoint, UpstreamState state, string server)
    {
        if (!_watches.TryGetValue(endpoint, out var watch))
        {
            _watches[endpoint] = watch = new Watch(endpoint, state, server, time);
        }

        return watch;
    }

    private async Task AskAsync(Watch watch, CancellationToken stopping)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        using var lease = watch.State.Enter();
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, stopping);
        try
        {
            Count(await watch.State.Connection.ProbeAsync(watch.Endpoint.Index, either.Token));
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            watch.Endpoint.Failed($"it did not answer a health check within {Patience.TotalSeconds:0} s");
            Count(ProbeOutcome.Failed);
        }
        catch (OperationCanceledException)
        {
            // The end of the gateway.
        }
        catch (Exception fault)
        {
            logger.ProbeFaulted(watch.Server, watch.Endpoint.Index, fault);
        }
        finally
        {
            watch.Asked();
            Interlocked.Decrement(ref _asking);
        }
    }

    private void Count(ProbeOutcome outcome)
    {
        switch (outcome)
        {
            case ProbeOutcome.Answered:
                Interlocked.Increment(ref _answered);
                break;
            case ProbeOutcome.Failed:
                Interlocked.Increment(ref _failed);
                break;
            default:
                break;
        }
    }

    /// <summary>When one endpoint is asked next. Moments are spread by a fifth, so that endpoints which failed together are not asked together.</summary>
    private sealed class Watch(EndpointHealth endpoint, UpstreamState state, string server, TimeProvider time)
    {
        /// <summary>Of an endpoint that is down: its outage may be a restart, for a minute; after that it is less and less likely to end soon.</summary>
        private static readonly TimeSpan WhileDown = TimeSpan.FromSeconds(1), AfterMinute = TimeSpan.FromSeconds(5);

        private static readonly TimeSpan WhileUnwell = TimeSpan.FromSeconds(5), ToConfirm = TimeSpan.FromSeconds(1);

        private double _spread = NewSpread();
        private long _asked = time.GetTimestamp();
        private volatile bool _isAsking;

        public EndpointHealth Endpoint => endpoint;

        public UpstreamState State => state;

        public string Server => server;

        public bool IsAsking
        {
            get => _isAsking;
            set => _isAsking = value;
        }

        /// <summary>Calls that are under way will tell, so nobody else needs to ask.</summary>
        public bool IsDue(TimeSpan interval)
        {
            var wanted = endpoint.Verdict switch
            {
                HealthVerdict.Down => (endpoint.Age < TimeSpan.FromMinutes(1) ? WhileDown : AfterMinute) * Math.Pow(2, Math.Min(endpoint.VainHopes, 6)),
                HealthVerdict.Degraded => WhileUnwell,
                HealthVerdict.Healthy when endpoint.IsDoubtful => ToConfirm,
                _ => interval,
            };
            var wait = (wanted < interval ? wanted : interval) * _spread;
            return endpoint.InFlight == 0 && endpoint.Quiet >= wait && time.GetElapsedTime(_asked) >= wait;
        }

        public void Asked()
        {
            _spread = NewSpread();
            _asked = time.GetTimestamp();
            IsAsking = false;
        }

        private static double NewSpread() => 0.8 + (0.4 * Random.Shared.NextDouble());
    }
}
