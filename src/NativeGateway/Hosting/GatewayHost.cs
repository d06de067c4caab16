using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using NativeGateway.ControlPlane.Admin;
using NativeGateway.ControlPlane.Audit;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.ControlPlane.Health;
using NativeGateway.ControlPlane.Notify;
using NativeGateway.ControlPlane.Quotas;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.ControlPlane.Usage;
using NativeGateway.ControlPlane.Users;
using NativeGateway.DataPlane.Policy;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Storage;
using NativeGateway.Telemetry;
using NativeGateway.Telemetry.Otlp;

namespace NativeGateway.Hosting;

/// <summary>
/// The wiring diagram of <c>serve</c> and <c>stdio</c>: builds every part with <c>new</c>, in order, runs until a signal or until the only client
/// leaves, drains, and stops in reverse.
/// </summary>
internal sealed class GatewayHost(GatewayOptions options, CliContext context, ConsoleLogProvider log, ILoggerFactory loggers)
{
    private static readonly TimeSpan DatabasePatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan DatabasePause = TimeSpan.FromSeconds(1);

    private readonly ILogger _logger = loggers.CreateLogger<GatewayHost>();
    private volatile bool _draining;

    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(
        GatewayOptions options, IReadOnlyList<ConfigFault> warnings, CliContext context, CancellationToken cancellationToken)
    {
        using var log = new ConsoleLogProvider(context.Logs, options.Logging.Format, context.Time);
        using var loggers = ConsoleLogProvider.CreateFactory(log, options.Logging.Level);
        var host = new GatewayHost(options, context, log, loggers);
        foreach (var warning in warnings)
        {
            host._logger.ConfigurationWarning(warning.ToString());
        }

        try
        {
            var exit = await host.RunAsync(cancellationToken);
            if (host._draining)
            {
                host._logger.Stopped();
            }

            return exit;
        }
        catch (Exception exception) when (exception is StoreConfigurationException or CertificateException)
        {
            return context.Fail(exception.Message, ExitCode.Configuration);
        }
        catch (StoreUnavailableException exception)
        {
            return context.Fail(exception.Message);
        }
    }

    private async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        using var signals = new StopSignals(context.Time, cancellationToken);
        var certificates = options.Tls is { } files ? new CertificateFiles(files, context.Time, loggers.CreateLogger<CertificateFiles>()) : null;

        var key = options.Store.LoadKey();
        await using var stores = options.Store.Open(key);
        var store = stores.Registry;
        await MigrateAsync(store, signals.Stop);
        var snapshots = new SnapshotHolder(SnapshotBuilder.Build(RegistryConfig.Empty, [], [], GatewaySettings.Default, false, [])!);
        var openness = new OpennessRule(options.RequiresKey, options.IsLoopbackOnly);
        var reader = new RegistryReader(store);
        using var loader = new RegistryLoader(
            reader, snapshots, openness, options.File?.Registry ?? FileConfig.Empty, loggers.CreateLogger<RegistryLoader>());
        var registry = new RegistryWriter(store, reader, context.Time, () => loader.File);
        var administrator = await TryInitializeAsync(registry, signals.Stop);
        if (await loader.ReloadAsync(signals.Stop) is { Count: > 0 } faults)
        {
            return context.FailConfiguration([.. faults.Select(fault => new ConfigFault("", fault))]);
        }

        var feed = new ChangeFeed(store, loader, context.Time, loggers.CreateLogger<ChangeFeed>());
        var keeper = new CatalogKeeper(store, context.Time, loggers.CreateLogger<CatalogKeeper>());
        var usage = NewUsageChannel();
        var ledger = new QuotaLedger(stores.Quotas, loggers.CreateLogger<QuotaLedger>());
        var buckets = stores.Buckets is { } shared
            ? new SharedBuckets(new BucketLedger(shared, context.Time, loggers.CreateLogger<BucketLedger>()), context.Time)
            : null;
        await (buckets?.JoinAsync(signals.Stop) ?? Task.CompletedTask);
        DataPlaneParts? parts = null;
        var refusals = new RefusalLedger(context.Time);
        var tracer = options.Otlp is { Traces: not null } otlp ? new Tracer(otlp.Sampler, otlp.MaxQueuedSpans) : null;
        var setup = new DataPlaneSetup(key, options.Stateless, await keeper.LoadAsync(signals.Stop), ledger, usage.Writer, () => Report(feed, parts), options.Region)
        {
            Denied = refusals.Note,
            Tracer = tracer,
            Buckets = buckets,
        };
        parts = new DataPlaneParts(snapshots, setup, context.Time, loggers);
        await using var partsEnd = parts;
        parts.Refresher.Unsaved += keeper.Keep;
        parts.Metrics.AddGauge("mcp_gateway_database_reachable", () => feed.Health.Reachable ? 1 : 0);
        parts.Metrics.AddGauge("mcp_gateway_registry_revision", () => feed.Health.LoadedRevision);
        parts.Metrics.AddGauge("mcp_gateway_log_entries_dropped_total", () => log.Dropped);

        var monitor = new HealthMonitor(parts.Upstreams, snapshots, context.Time, loggers.CreateLogger<HealthMonitor>());
        var alerts = new AlertWatch(stores.Outbox, snapshots, context.Time, loggers.CreateLogger<AlertWatch>());
        var health = new HealthFeed(parts.HealthEvents.Reader, alerts, loggers.CreateLogger<HealthFeed>());
        parts.Metrics.AddGauge(
            "mcp_gateway_health_probes_total",
            () => [new("outcome=\"answered\"", monitor.Probes.Answered), new("outcome=\"failed\"", monitor.Probes.Failed)]);

        var live = new LiveServers(snapshots, parts.Upstreams, parts.Catalogs, parts.Refresher);
        var usageApi = new UsageApi(stores.Usage, () => snapshots.Current.Settings.Usage.Retention, context.Time);
        var recorder = new UsageRecorder(usage.Reader, stores.Usage, snapshots, parts.Metrics, context.Time, loggers.CreateLogger<UsageRecorder>());
        var requests = new RequestsApi(recorder, stores.Usage, registry);
        var signIn = new SignInParts(new SignIn(registry, stores.Sessions, stores.Audit, parts.Verifier, snapshots, context.Time), stores.Sessions);
        using var routes = new AdminRoutes(registry, live, signIn, usageApi, requests, new AuditApi(stores.Audit), stores.Outbox, context.Time);
        var sessions = new SessionDoor(registry, stores.Sessions, context.Time);
        var administration = new AdminApi(
            routes, loader, snapshots, parts.Authenticator, sessions, parts.Limiter, parts.TrustedProxies, refusals.Note, loggers.CreateLogger<AdminApi>());
        await using IClientDoor door = options.Stdio is { } stdio
            ? new StdioDoor(stdio, parts, context)
            : new HttpDoor(options, context, certificates, snapshots, parts, administration, administrator, LeanDoor.TryCreate(options, parts, _logger), loggers);
        if (!await door.TryOpenAsync())
        {
            return ExitCode.Failed;
        }

        using var background = new CancellationTokenSource();
        var watch = new FileWatch(options.File?.Path, Reloading(loader), context.Time);
        var housekeeping = new UsageHousekeeping(stores.Usage, snapshots, context.Time, loggers.CreateLogger<UsageHousekeeping>());
        var refusalWriter = new RefusalWriter(refusals, stores.Audit, context.Time, loggers.CreateLogger<RefusalWriter>());
        var auditHousekeeping = new AuditHousekeeping(stores.Audit, snapshots, context.Time, loggers.CreateLogger<AuditHousekeeping>());
        using var webhookClients = new HttpUpstreamClients();
        var dispatcher = new WebhookDispatcher(
            stores.Outbox, registry, new WebhookSender(webhookClients, snapshots, context.Time), new MailSender(snapshots, context.Time), context.Time, loggers.CreateLogger<WebhookDispatcher>());
        Task[] tasks =
        [
            feed.RunAsync(background.Token), keeper.RunAsync(background.Token), watch.RunAsync(background.Token),
            recorder.RunAsync(background.Token), housekeeping.RunAsync(background.Token),
            monitor.RunAsync(background.Token), health.RunAsync(background.Token),
            refusalWriter.RunAsync(background.Token), auditHousekeeping.RunAsync(background.Token),
            new SessionHousekeeping(stores.Sessions, context.Time, loggers.CreateLogger<SessionHousekeeping>()).RunAsync(background.Token),
            alerts.RunAsync(background.Token), dispatcher.RunAsync(background.Token),
            .. Exporting(parts.Metrics, tracer, background.Token),
            .. buckets is null ? (Task[])[] : [buckets.RunAsync(background.Token)],
        ];
        var isOrderly = await WaitForStopAsync(door, tasks, signals.Stop);

        // Of a gateway that ends by itself, the first signal wants what of another one the second wants.
        await DrainAsync(door, parts, door.Ended.IsCompleted ? signals.Stop : signals.Hurry);
        await background.CancelAsync();
        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return isOrderly ? ExitCode.Done : ExitCode.Failed;
    }

    /// <summary>Nothing, unless the environment asks for it.</summary>
    private Task[] Exporting(Metrics metrics, Tracer? tracer, CancellationToken stopping)
    {
        if (options.Otlp is not { } otlp)
        {
            return [];
        }

        if (tracer is not null)
        {
            metrics.AddGauge("mcp_gateway_spans_dropped_total", () => tracer.Dropped);
        }

        return [new OtlpExporter(otlp, metrics, tracer, context.Time, loggers.CreateLogger<OtlpExporter>()).RunAsync(stopping)];
    }

    /// <summary>Between the data plane, which never waits, and accounting. As much as the fastest gateway finishes while accounting is away for a second.</summary>
    private static Channel<UsageEvent> NewUsageChannel() =>
        Channel.CreateBounded<UsageEvent>(new BoundedChannelOptions(65_536));

    /// <summary>A database server may start at the same time as the gateway; a file is there or not.</summary>
    private async Task MigrateAsync(IRegistryStore store, CancellationToken cancellationToken)
    {
        var started = context.Time.GetTimestamp();
        while (true)
        {
            try
            {
                await store.MigrateAsync(cancellationToken);
                return;
            }
            catch (StoreUnavailableException exception)
                when (options.Store.SqlitePath is null && context.Time.GetElapsedTime(started) < DatabasePatience)
            {
                _logger.DatabaseAwaited(exception.Message);
                await Task.Delay(DatabasePause, context.Time, cancellationToken);
            }
        }
    }

    /// <summary>
    /// What a first start makes and shows. Not for <c>stdio</c>: a desktop client keeps what its servers print, and a key that is shown there once
    /// is shown to its log. The first <c>serve</c> on the same database makes up for it.
    /// </summary>
    private async Task<IssuedKey?> TryInitializeAsync(RegistryWriter registry, CancellationToken cancellationToken)
    {
        if (options.Stdio is not null)
        {
            return null;
        }

        var administrator = await registry.InitializeAsync(cancellationToken);
        if (administrator is not null)
        {
            FirstSteps.PrintKey(context.Out, administrator);
        }

        return administrator;
    }

    /// <summary>True for a stop that was asked for, or when the only client has left; false when a part of the gateway broke.</summary>
    private async Task<bool> WaitForStopAsync(IClientDoor door, Task[] background, CancellationToken stop)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = stop.Register(asked.SetResult);
        var ended = await Task.WhenAny([asked.Task, door.Ended, .. background]);
        if (ended == asked.Task || ended == door.Ended)
        {
            return true;
        }

        _logger.BackgroundTaskFailed(ended.Exception, Array.IndexOf(background, ended));
        return false;
    }

    private async Task DrainAsync(IClientDoor door, DataPlaneParts parts, CancellationToken hurry)
    {
        _draining = true;
        _logger.Draining(options.ShutdownTimeout.TotalSeconds);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(hurry);
        using var timer = context.Time.CreateTimer(_ => patience.Cancel(), null, options.ShutdownTimeout, Timeout.InfiniteTimeSpan);
        var stopping = door.CloseAsync(patience.Token);
        // Streams that only a client would end must not keep the others waiting.
        parts.CloseStreams();
        await stopping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (patience.IsCancellationRequested)
        {
            _logger.DrainIncomplete();
        }
    }

    private Func<CancellationToken, Task> Reloading(RegistryLoader loader)
    {
        return options.File is { } file
            ? new ConfigReload(file, context.Environment, loader, loggers.CreateLogger<ConfigReload>()).RunAsync
            : _ => Task.CompletedTask;
    }

    private HealthReport Report(ChangeFeed feed, DataPlaneParts? parts)
    {
        var registry = feed.Health;
        var (all, unavailable) = parts?.CountUpstreams() ?? default;
        return new HealthReport(!_draining, registry.Reachable, registry.Reachable ? null : registry.Since, registry.LoadedRevision, all, unavailable);
    }
}
