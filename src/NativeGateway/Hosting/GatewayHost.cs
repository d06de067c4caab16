using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.Hosting.Configuration;
using NativeGateway.Model;
using NativeGateway.Storage;
using NativeGateway.Telemetry;

namespace NativeGateway.Hosting;

/// <summary>
/// The wiring diagram of <c>serve</c>: builds every part with <c>new</c>, in order, runs until a signal, drains, and stops in reverse.
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
        using var log = new ConsoleLogProvider(context.Logs, options.LogFormat, context.Time);
        using var loggers = ConsoleLogProvider.CreateFactory(log, options.LogLevel);
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
        await using var store = options.Store.Open(key);
        await MigrateAsync(store, signals.Stop);
        var administrator = await new RegistryWriter(store, context.Time).InitializeAsync(signals.Stop);
        if (administrator is not null)
        {
            FirstSteps.PrintKey(context.Out, administrator);
        }

        var snapshots = new SnapshotHolder(SnapshotBuilder.Build(RegistryConfig.Empty, [], [], GatewaySettings.Default, false, [])!);
        var openness = new OpennessRule(options.NoAuth, options.IsLoopbackOnly);
        using var loader = new RegistryLoader(
            store, snapshots, openness, options.File?.Registry ?? FileConfig.Empty, loggers.CreateLogger<RegistryLoader>());
        if (await loader.ReloadAsync(signals.Stop) is { Count: > 0 } faults)
        {
            return context.FailConfiguration([.. faults.Select(fault => new ConfigFault("", fault))]);
        }

        var feed = new ChangeFeed(store, loader, context.Time, loggers.CreateLogger<ChangeFeed>());
        var keeper = new CatalogKeeper(store, context.Time, loggers.CreateLogger<CatalogKeeper>());
        DataPlaneParts? parts = null;
        var setup = new DataPlaneSetup(key, options.Stateless, await keeper.LoadAsync(signals.Stop), () => Report(feed, parts));
        parts = new DataPlaneParts(snapshots, setup, context.Time, loggers);
        await using var partsEnd = parts;
        parts.Refresher.Unsaved += keeper.Keep;
        parts.Metrics.AddGauge("mcp_gateway_database_reachable", () => feed.Health.Reachable ? 1 : 0);
        parts.Metrics.AddGauge("mcp_gateway_registry_revision", () => feed.Health.LoadedRevision);
        parts.Metrics.AddGauge("mcp_gateway_log_entries_dropped_total", () => log.Dropped);

        await using var web = KestrelSetup.Build(
            options, certificates, () => snapshots.Current.Settings.MaxRequestBytes, loggers, parts.Router.HandleAsync);
        if (!await TryListenAsync(web, administrator))
        {
            return ExitCode.Failed;
        }

        using var background = new CancellationTokenSource();
        var watch = new FileWatch(options.File?.Path, Reloading(loader), context.Time);
        Task[] tasks = [feed.RunAsync(background.Token), keeper.RunAsync(background.Token), watch.RunAsync(background.Token)];
        var isOrderly = await WaitForStopAsync(tasks, signals.Stop);
        await DrainAsync(web, parts, signals.Hurry);
        await background.CancelAsync();
        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return isOrderly ? ExitCode.Done : ExitCode.Failed;
    }

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

    private async Task<bool> TryListenAsync(WebApplication web, IssuedKey? administrator)
    {
        try
        {
            await web.StartAsync(CancellationToken.None);
        }
        catch (IOException)
        {
            // Kestrel names the first address that fails; the operator wants them all.
            foreach (var address in options.Listen)
            {
                if (ListenProbe.Try(address) is { } problem)
                {
                    context.Fail($"cannot listen on {address}: {problem}");
                }
            }

            return false;
        }

        var addresses = KestrelSetup.BoundAddresses(web);
        foreach (var address in addresses)
        {
            context.Out.WriteLine($"listening on {address}");
            _logger.Listening(address);
        }

        if (administrator is not null)
        {
            FirstSteps.PrintSnippets(context.Out, administrator, addresses[0]);
        }

        await context.Out.FlushAsync();
        return true;
    }

    /// <summary>True for a stop that was asked for, false when a part of the gateway broke.</summary>
    private async Task<bool> WaitForStopAsync(Task[] background, CancellationToken stop)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = stop.Register(asked.SetResult);
        var ended = await Task.WhenAny([asked.Task, .. background]);
        if (ended == asked.Task)
        {
            return true;
        }

        _logger.BackgroundTaskFailed(ended.Exception, Array.IndexOf(background, ended));
        return false;
    }

    private async Task DrainAsync(WebApplication web, DataPlaneParts parts, CancellationToken hurry)
    {
        _draining = true;
        _logger.Draining(options.ShutdownTimeout.TotalSeconds);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(hurry);
        using var timer = context.Time.CreateTimer(_ => patience.Cancel(), null, options.ShutdownTimeout, Timeout.InfiniteTimeSpan);
        var stopping = web.StopAsync(patience.Token);
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
