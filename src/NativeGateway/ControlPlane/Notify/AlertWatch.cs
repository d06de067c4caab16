using Microsoft.Extensions.Logging;
using NativeGateway.Model;
using NativeGateway.Storage;
using NativeGateway.Telemetry;

namespace NativeGateway.ControlPlane.Notify;

/// <summary>
/// Turns verdicts into alerts. What gets worse is told at once; what gets better, once it has stayed so for <see cref="Settling"/>, so that a server
/// which comes and goes is told of once and not at every turn. While the database is away the newest state of each server waits.
/// </summary>
internal sealed class AlertWatch(OutboxStore store, SnapshotHolder snapshots, TimeProvider time, ILogger<AlertWatch> logger)
{
    public static readonly TimeSpan Settling = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<Guid, Watched> _servers = [];
    private bool _isDown;

    /// <summary>Any thread; never waits.</summary>
    public void Note(VerdictChanged change)
    {
        if (KindOf(change.Whole) is not { } kind)
        {
            return;
        }

        lock (_gate)
        {
            if (!_servers.TryGetValue(change.UpstreamId, out var server))
            {
                _servers[change.UpstreamId] = server = new Watched(change.UpstreamId, change.Server);
            }

            if (kind == server.Told)
            {
                server.Pending = null;
            }
            else if (server.Pending?.Kind != kind)
            {
                var isWorse = kind > (server.Told ?? AlertKind.ServerRecovered);
                server.Pending = new Pending(kind, change.At, change.Reason, isWorse ? change.At : change.At + Settling);
            }
        }
    }

    /// <summary>Until stopped.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        using var ticks = new PeriodicTimer(Tick, time);
        try
        {
            while (await ticks.WaitForNextTickAsync(stopping))
            {
                await TellDueAsync(stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The end of the gateway.
        }
    }

    /// <summary>Tells what is due at this moment. One caller at a time.</summary>
    public async Task TellDueAsync(CancellationToken stopping)
    {
        var now = time.GetUtcNow();
        Watched[] due;
        lock (_gate)
        {
            due = [.. _servers.Values.Where(server => server.Pending?.Due <= now)];
        }

        if (due.Length == 0)
        {
            return;
        }

        var owners = Owners();
        Forget(owners);
        foreach (var server in due)
        {
            if (owners.TryGetValue(server.Id, out var owner) && !await TryTellAsync(server, owner, stopping))
            {
                return;
            }
        }
    }

    /// <summary>Where each enabled server lives.</summary>
    private Dictionary<Guid, Workspace> Owners()
    {
        var owners = new Dictionary<Guid, Workspace>();
        foreach (var workspace in snapshots.Current.Workspaces.Values)
        {
            foreach (var upstream in workspace.Upstreams)
            {
                owners[upstream.Id] = workspace;
            }
        }

        return owners;
    }

    /// <summary>Servers that are gone or disabled: nobody wants to hear of them.</summary>
    private void Forget(Dictionary<Guid, Workspace> present)
    {
        lock (_gate)
        {
            foreach (var gone in _servers.Values.Where(server => !present.ContainsKey(server.Id)).ToArray())
            {
                _servers.Remove(gone.Id);
            }
        }
    }

    private async Task<bool> TryTellAsync(Watched server, Workspace owner, CancellationToken stopping)
    {
        if (server.Pending is not { } pending)
        {
            return true;
        }

        try
        {
            var alert = new Alert(owner.OrganizationId, pending.Kind, pending.At, owner.Id, server.Id, server.Key, pending.Reason);
            if (await store.RaiseAsync(alert, stopping))
            {
                logger.AlertRaised(pending.Kind.Label(), server.Key);
            }
        }
        catch (StoreUnavailableException exception)
        {
            if (!_isDown)
            {
                _isDown = true;
                logger.OutboxUnavailable(exception.Message);
            }

            return false;
        }

        _isDown = false;
        lock (_gate)
        {
            server.Told = pending.Kind;
            server.Pending = server.Pending == pending ? null : server.Pending;
        }

        return true;
    }

    /// <summary>Null while neither good nor bad is known.</summary>
    private static AlertKind? KindOf(HealthVerdict verdict) => verdict switch
    {
        HealthVerdict.Healthy => AlertKind.ServerRecovered,
        HealthVerdict.Degraded => AlertKind.ServerDegraded,
        HealthVerdict.NeedsSignIn => AlertKind.ServerNeedsSignIn,
        HealthVerdict.Down => AlertKind.ServerDown,
        _ => null,
    };

    private sealed record Pending(AlertKind Kind, DateTimeOffset At, string? Reason, DateTimeOffset Due);

    private sealed class Watched(Guid id, string key)
    {
        public Guid Id => id;

        public string Key => key;

        /// <summary>What this process told last; null for nothing yet. What others told, the store knows.</summary>
        public AlertKind? Told { get; set; }

        public Pending? Pending { get; set; }
    }
}
