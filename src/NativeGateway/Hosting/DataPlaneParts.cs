using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using NativeGateway.DataPlane.Catalog;
using NativeGateway.DataPlane.Downstream;
using NativeGateway.DataPlane.Policy;
using NativeGateway.DataPlane.Proxy;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Storage;
using NativeGateway.Telemetry;

namespace NativeGateway.Hosting;

/// <summary>What the data plane is given besides its configuration.</summary>
/// <param name="Key">What clients carry for the gateway (session ids, request states, cursors) is sealed with keys derived from it.</param>
/// <param name="IsStateless">Clients get no sessions.</param>
/// <param name="Stored">Catalogs kept from an earlier run, so that lists are there before the upstreams are.</param>
/// <param name="Quotas">Where shares of quotas come from.</param>
/// <param name="Usage">Takes an event for every finished request, or refuses it at once.</param>
/// <param name="Region">Where this gateway is; null when nobody says. Endpoints of the same region come first.</param>
internal sealed record DataPlaneSetup(
    EncryptionKey Key,
    bool IsStateless,
    IReadOnlyList<StoredCatalog> Stored,
    IQuotaSource Quotas,
    ChannelWriter<UsageEvent> Usage,
    Func<HealthReport> Health,
    string? Region = null)
{
    /// <summary>The token buckets that this process shares with others; null when it shares none.</summary>
    public SharedBuckets? Buckets { get; init; }

    /// <summary>Told of every request that is refused because of who asked for what. Never waits.</summary>
    public Action<DeniedRequest> Denied { get; init; } = static _ => { };

    /// <summary>Null when nothing is traced.</summary>
    public Tracer? Tracer { get; init; }
}

/// <summary>The wiring diagram of the data plane: every part built with <c>new</c>, in order, and stopped in reverse.</summary>
internal sealed class DataPlaneParts : IUpstreamEvents, IAsyncDisposable
{
    private readonly SnapshotHolder _snapshots;
    private readonly TimeProvider _time;
    private readonly SubscriptionHub _subscriptions = new();
    private readonly SessionTable _sessions;
    private readonly ResourceSubscriptions _resources;
    private readonly HttpUpstreamClients _clients = new();
    private readonly OrphanGuard _orphans;
    private readonly LegacySseFront _sse;
    private readonly SuspendedCalls _suspended;
    private readonly PageVisits _visits;
    private readonly ErrorResponder _responder;
    private readonly QuotaGate _quotas;

    public DataPlaneParts(SnapshotHolder snapshots, DataPlaneSetup setup, TimeProvider time, ILoggerFactory loggers)
    {
        _snapshots = snapshots;
        _time = time;
        var info = GatewayInfo();
        var logger = loggers.CreateLogger("NativeGateway");
        _orphans = new OrphanGuard(logger);
        var slots = new ProcessSlots(() => snapshots.Current.Settings.MaxProcesses);
        Upstreams = new UpstreamTable(upstream => Connect(upstream, slots, setup.Region, time, logger), time);
        Catalogs = new CatalogTable(setup.Stored, logger);
        Refresher = new CatalogRefresher(
            id => Upstreams.Find(id)?.Connection, Catalogs, new CatalogRefreshOptions { ClientInfo = info }, time, logger);
        var ids = setup.IsStateless ? null : new SessionIds(new StateSeal(setup.Key.Derive("session ids")), time);
        _sessions = new SessionTable(ids, time, _subscriptions.Add, session => _resources!.Release(_subscriptions.Remove(session)));
        _suspended = new SuspendedCalls(time, logger);
        _visits = new PageVisits(time);
        _responder = new ErrorResponder(logger, setup.Denied);
        var lists = new ListMethods(Catalogs, Refresher, new CatalogLists(setup.Key.Derive("cursors")), info, Metrics);
        Verifier = new SecretVerifier();
        Authenticator = new Authenticator(time, Verifier);
        Limiter = new RateLimiter(time, setup.Buckets);
        _quotas = new QuotaGate(setup.Quotas, time);
        var logLevels = new LogLevels(Upstreams, Catalogs, _sessions, time);
        var tasks = new TaskIds(new StateSeal(setup.Key.Derive("task ids")));
        var forwarder = NewForwarder(setup.Key, tasks, logLevels, info, time);
        _resources = new ResourceSubscriptions(_subscriptions, Upstreams, forwarder, time);
        Proxy = new McpProxy(
            snapshots,
            Authenticator,
            new RevisionGate(_sessions),
            new Resolver(Catalogs, Refresher, tasks),
            Limiter,
            _quotas,
            new LocalMethods(
                new Handshake(Catalogs, Refresher, _sessions, info),
                lists,
                new ListenMethod(_subscriptions, new ListenResources(Catalogs, Refresher, _resources, time)),
                logLevels),
            _resources,
            forwarder,
            _responder,
            Metrics,
            setup.Usage,
            setup.Tracer,
            time);
        TrustedProxies = new TrustedProxies(snapshots);
        _sse = new LegacySseFront(Proxy, _sessions, _responder, TrustedProxies, ConnectionLimit.OfLegacyStreams, logger);
        Router = new HttpRouter(
            new StreamableHttpFront(Proxy, _sessions, _responder, TrustedProxies),
            setup.IsStateless ? null : _sse,
            new OperationsFront(Metrics, setup.Health));
        Catalogs.Changed += (workspaceId, kinds) => Announce(kinds, notification => _subscriptions.AggregateChanged(workspaceId, notification));
        Refresher.Changed += (upstreamId, kinds) => Announce(kinds, notification => _subscriptions.UpstreamChanged(upstreamId, notification));
        Refresher.CompletenessChanged += TellCompleteness;
        snapshots.Changed += Apply;
        Apply(snapshots.Current);
        AddGauges(slots);
    }

    public UpstreamTable Upstreams { get; }

    /// <summary>Its <see cref="CatalogRefresher.Unsaved"/> catalogs are for the control plane to keep.</summary>
    public CatalogRefresher Refresher { get; }

    public CatalogTable Catalogs { get; }

    /// <summary>For the control plane, which has to take them.</summary>
    public HealthEvents HealthEvents { get; } = new();

    public SecretVerifier Verifier { get; }

    public Authenticator Authenticator { get; }

    public RateLimiter Limiter { get; }

    public TrustedProxies TrustedProxies { get; }

    public McpProxy Proxy { get; }

    public HttpRouter Router { get; }

    public Metrics Metrics { get; } = new();

    /// <summary>Enabled upstreams, and those of them whose lists are missing or old.</summary>
    public (int All, int Unavailable) CountUpstreams()
    {
        var all = _snapshots.Current.Workspaces.Values.SelectMany(workspace => workspace.Upstreams).ToArray();
        return (all.Length, all.Count(upstream => !IsAvailable(upstream)));
    }

    public void ListChanged(Guid upstreamId, McpMethod notification) => Refresher.Invalidate(upstreamId);

    public void ResourceUpdated(Guid upstreamId, ReadOnlyMemory<byte> message)
    {
        if (RpcReader.Read(message.Span, out var head) == RpcFault.None && JsonText.GetString(head.Uri.Of(message.Span)) is { } uri)
        {
            _subscriptions.ResourceUpdated(upstreamId, uri);
        }
    }

    /// <param name="credential">See <see cref="StdioFront"/>.</param>
    public StdioFront NewStdioFront(LineChannel client, ReadOnlyMemory<byte> credential) => new(Proxy, _sessions, _responder, client, credential);

    public void ElicitationCompleted(Guid upstreamId, ReadOnlyMemory<byte> message) => _visits.Complete(upstreamId, message, null);

    public void HealthChanged(VerdictChanged change)
    {
        HealthEvents.Write(change);

        // Lists are to say what is missing, and to have again what is back, without waiting for the next reading.
        var hasGap = Catalogs.OfferOf(change.UpstreamId).Status.Gap != CatalogGap.None;
        if (hasGap != (change.Whole == HealthVerdict.Down))
        {
            Refresher.Recheck(change.UpstreamId);
        }
    }

    /// <summary>Ends every long stream, so that draining does not wait for streams that never end by themselves. Calls go on.</summary>
    public void CloseStreams()
    {
        _subscriptions.Close();
        _sse.Close();
    }

    public async ValueTask DisposeAsync()
    {
        _snapshots.Changed -= Apply;
        _sse.Close();
        _sessions.Dispose();
        _sse.Dispose();
        await _quotas.DisposeAsync().ConfigureAwait(false);
        await _suspended.DisposeAsync().ConfigureAwait(false);
        await Refresher.DisposeAsync().ConfigureAwait(false);
        await Upstreams.DisposeAsync().ConfigureAwait(false);
        await _orphans.DisposeAsync().ConfigureAwait(false);
        Verifier.Dispose();
        _clients.Dispose();
    }

    private void Apply(Snapshot snapshot)
    {
        Upstreams.Apply(snapshot);
        Catalogs.Apply(snapshot);
        Refresher.Apply(snapshot);
    }

    private void TellCompleteness(Guid upstreamId, bool areComplete)
    {
        if (Upstreams.HealthOf(upstreamId) is { } health)
        {
            HealthEvents.Write(new ListsChanged(upstreamId, health.Server, _time.GetUtcNow(), areComplete));
        }
    }

    private IUpstreamConnection Connect(Upstream upstream, ProcessSlots slots, string? region, TimeProvider time, ILogger logger)
    {
        if (upstream.Config.Transport == UpstreamTransport.Stdio)
        {
            return new StdioUpstream(upstream.Config, slots, _orphans, this, logger, time);
        }

        var isFree = upstream.Config.Trusted || _snapshots.Current.Settings.AllowPrivateUpstreams;
        var client = isFree ? _clients.Trusted : _clients.Guarded;
        return upstream.Config.Transport == UpstreamTransport.Sse
            ? new SseUpstream(upstream.Config, this, client, time, logger, region)
            : new HttpUpstream(upstream.Config, this, client, time, logger, region);
    }

    private static void Announce(CatalogKinds kinds, Action<McpMethod> announce)
    {
        if ((kinds & CatalogKinds.Tools) != 0)
        {
            announce(McpMethod.NotifyToolsListChanged);
        }

        if ((kinds & CatalogKinds.Prompts) != 0)
        {
            announce(McpMethod.NotifyPromptsListChanged);
        }

        if ((kinds & (CatalogKinds.Resources | CatalogKinds.ResourceTemplates)) != 0)
        {
            announce(McpMethod.NotifyResourcesListChanged);
        }
    }

    private Forwarder NewForwarder(EncryptionKey key, TaskIds tasks, LogLevels logLevels, ReadOnlyMemory<byte> info, TimeProvider time)
    {
        var states = new RequestStates(new StateSeal(key.Derive("request states")), time);
        var writer = new ReplyWriter(states, _visits, tasks, time, info);
        var suspending = new SuspendingRelay(writer, _suspended, states, logLevels, time);
        return new Forwarder(
            Upstreams, new RevisionBridge(info), new ReplyRelay(writer, suspending, _visits, time), suspending, new ClientInput(time), states, _visits, logLevels, time);
    }

    private void AddGauges(ProcessSlots slots)
    {
        Metrics.AddGauge("mcp_gateway_sessions", () => _sessions.Count);
        Metrics.AddGauge("mcp_gateway_sse_connections", () => _sse.Connections);
        Metrics.AddGauge("mcp_gateway_replay_bytes", () => _sessions.Replays.Taken);
        Metrics.AddGauge("mcp_gateway_replay_events_dropped_total", () => _sessions.Replays.Dropped);
        Metrics.AddGauge("mcp_gateway_calls_suspended", () => _suspended.Count);
        Metrics.AddGauge("mcp_gateway_requests_running", () => Proxy.Running);
        Metrics.AddGauge(
            "mcp_gateway_quota_overruns_total", () => [Overruns(QuotaKind.DailyCalls), Overruns(QuotaKind.MonthlyCalls), Overruns(QuotaKind.MonthlySpend)]);
        Metrics.AddGauge("mcp_gateway_processes", () => slots.Taken);
        Metrics.AddGauge("mcp_gateway_stream_messages_dropped_total", () => _subscriptions.Dropped);
        HealthGauges.AddTo(Metrics, _snapshots, Upstreams);
        Metrics.AddGauge("mcp_gateway_health_events_dropped_total", () => HealthEvents.Dropped);
    }

    private Metrics.Sample Overruns(QuotaKind kind) => new($"quota=\"{kind.Name()}\"", _quotas.OverrunsOf(kind));

    private bool IsAvailable(Upstream upstream) => Catalogs.OfferOf(upstream.Id).Status.Gap == CatalogGap.None;

    private static ReadOnlyMemory<byte> GatewayInfo()
    {
        var version = typeof(DataPlaneParts).Assembly.GetName().Version!.ToString(3);
        return Encoding.UTF8.GetBytes($"{{\"name\":\"NativeGateway\",\"version\":\"{version}\"}}");
    }
}
