using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Catalog;

/// <summary>How the lists of upstreams are kept up to date.</summary>
internal sealed record CatalogRefreshOptions
{
    /// <summary>The gateway as a client, raw JSON; sent to modern upstreams.</summary>
    public ReadOnlyMemory<byte> ClientInfo { get; init; }

    /// <summary>For one upstream, from opening a session to its last page.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often an upstream is asked that does not announce changes.</summary>
    public TimeSpan Period { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Upstreams that are asked at the same time. Half as many may be ones that failed last time.</summary>
    public int Concurrency { get; init; } = 8;
}

/// <summary>
/// Keeps the <see cref="CatalogTable"/> up to date: asks every upstream once, then when it announces a change, periodically when it does not
/// announce any, and with growing patience after failures. At most one reading of an upstream is under way; whatever is asked for meanwhile
/// becomes one more afterwards. Thread-safe; nothing here makes a caller wait unless it awaits.
/// </summary>
internal sealed class CatalogRefresher : IAsyncDisposable
{
    private readonly ConcurrentDictionary<Guid, RefreshWatch> _watches = new();
    private readonly Func<Guid, IUpstreamConnection?> _connections;
    private readonly CatalogTable _table;
    private readonly CatalogRefreshOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _turns;
    private readonly SemaphoreSlim _retryTurns;
    private readonly CancellationTokenSource _stop = new();

    public CatalogRefresher(
        Func<Guid, IUpstreamConnection?> connections, CatalogTable table, CatalogRefreshOptions options, TimeProvider time, ILogger logger)
    {
        _connections = connections;
        _table = table;
        _options = options;
        _time = time;
        _logger = logger;
        _turns = new SemaphoreSlim(options.Concurrency);
        _retryTurns = new SemaphoreSlim(Math.Max(1, options.Concurrency / 2));
    }

    /// <summary>An upstream's own lists have become different. Raised from a pool thread; handlers return at once.</summary>
    public event Action<Guid, CatalogKinds>? Changed;

    /// <summary>A catalog is complete and differs from the one that was last to be kept. Raised from a pool thread; handlers return at once.</summary>
    public event Action<StoredCatalog>? Unsaved;

    /// <summary>
    /// Lists began to leave something of an upstream out or to show it from memory (false), or stopped to (true). Raised from a pool thread;
    /// handlers return at once.
    /// </summary>
    public event Action<Guid, bool>? CompletenessChanged;

    /// <summary>Takes over a new snapshot, after the table: asks new upstreams, asks again those that are now reached another way, forgets the gone.</summary>
    public void Apply(Snapshot snapshot)
    {
        var present = new HashSet<Guid>();
        foreach (var upstream in snapshot.Workspaces.Values.SelectMany(workspace => workspace.Upstreams))
        {
            present.Add(upstream.Id);
            var watch = WatchOf(upstream.Id);
            if (watch.TakeConfig(upstream.Config) is { } isNew)
            {
                if (!isNew)
                {
                    _table.Set(upstream.Id, _table.OfferOf(upstream.Id) with { Status = UpstreamStatus.Starting });
                }

                Start(watch, andAgain: !isNew);
            }
        }

        foreach (var (id, watch) in _watches)
        {
            if (!present.Contains(id) && _watches.TryRemove(id, out _))
            {
                watch.Forget();
            }
        }
    }

    /// <summary>
    /// The upstream says that something has changed. It is asked at once, or, when it was asked just now, a little later: an upstream that
    /// announces a change whenever it is asked must not keep the gateway asking.
    /// </summary>
    public void Invalidate(Guid upstreamId)
    {
        if (_watches.TryGetValue(upstreamId, out var watch) && watch.IsDueAfterChange())
        {
            Start(watch, andAgain: true);
        }
    }

    /// <summary>There is reason to believe that an upstream can be read now that could not before, or the other way round.</summary>
    public void Recheck(Guid upstreamId)
    {
        if (_watches.TryGetValue(upstreamId, out var watch))
        {
            _ = Start(watch, andAgain: false);
        }
    }

    /// <summary>Asks an upstream now, whatever is planned for it; completes when it has been asked. Joins a reading that is under way.</summary>
    public Task RefreshAsync(Guid upstreamId, CancellationToken cancellationToken) =>
        Start(WatchOf(upstreamId), andAgain: false).WaitAsync(cancellationToken);

    /// <summary>
    /// Waits until every upstream of a workspace has been reached or has failed once, but no longer than the budget. Completes at once when
    /// something is known of all of them, be it that they fail. Take the workspace's catalog from the table afterwards.
    /// </summary>
    public Task EnsureKnownAsync(Workspace workspace, TimeSpan budget, CancellationToken cancellationToken)
    {
        var catalog = _table.For(workspace);
        return catalog.HasUndecided ? WaitForUndecidedAsync(catalog, budget, cancellationToken) : Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var watch in _watches.Values)
        {
            await watch.Forget();
        }

        _stop.Dispose();
        _turns.Dispose();
        _retryTurns.Dispose();
    }

    private async Task WaitForUndecidedAsync(WorkspaceCatalog catalog, TimeSpan budget, CancellationToken cancellationToken)
    {
        var readings = catalog.Parts
            .Where(part => part.Offer.IsUndecided)
            .Select(part => Start(WatchOf(part.Upstream.Id), andAgain: false))
            .ToArray();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(Task.WhenAll(readings), Task.Delay(budget, _time, end.Token));
        await end.CancelAsync();
    }

    private RefreshWatch WatchOf(Guid upstreamId)
    {
        return _watches.TryGetValue(upstreamId, out var known)
            ? known
            : _watches.GetOrAdd(upstreamId, id => new RefreshWatch(id, _time, watch => Start(watch, andAgain: false)));
    }

    /// <param name="andAgain">A reading that is under way may have begun too early to see what this is about.</param>
    private Task Start(RefreshWatch watch, bool andAgain)
    {
        if (_stop.IsCancellationRequested)
        {
            return Task.CompletedTask;
        }

        var task = watch.Begin(andAgain, out var isMine);
        if (isMine)
        {
            // Not on the caller's thread: it may be a connection's reading loop.
            _ = Task.Run(() => RunAsync(watch));
        }

        return task;
    }

    private async Task RunAsync(RefreshWatch watch)
    {
        var outcome = new RefreshOutcome(HasFailed: true);
        try
        {
            outcome = await InTurnAsync(watch);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The gateway stops; nobody needs the lists any more.
        }
        catch (Exception fault)
        {
            Log.CatalogRefreshFaulted(_logger, watch.UpstreamId, fault);
        }
        finally
        {
            watch.End(outcome);
        }
    }

    /// <summary>Upstreams that fail wait among themselves first, so that any number of hanging ones leaves turns for the others.</summary>
    private async Task<RefreshOutcome> InTurnAsync(RefreshWatch watch)
    {
        var isRetry = watch.Failures > 0;
        if (isRetry)
        {
            await _retryTurns.WaitAsync(_stop.Token);
        }

        try
        {
            await _turns.WaitAsync(_stop.Token);
            try
            {
                return await ReadAsync(watch);
            }
            finally
            {
                _turns.Release();
            }
        }
        finally
        {
            if (isRetry)
            {
                _retryTurns.Release();
            }
        }
    }

    private async Task<RefreshOutcome> ReadAsync(RefreshWatch watch)
    {
        var fetch = new CatalogFetch(_options.ClientInfo);
        using var deadline = new CancellationTokenSource(_options.Deadline, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, _stop.Token);
        try
        {
            if (_connections(watch.UpstreamId) is { } connection)
            {
                await fetch.ReadAsync(connection, either.Token);
            }
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            fetch.Error = new GatewayError(ErrorKind.UpstreamTimeout, "The upstream took too long")
            {
                Detail = $"not finished after {_options.Deadline}",
            };
        }

        return watch.IsForgotten ? new RefreshOutcome(HasFailed: false) : TakeOver(watch, fetch);
    }

    private RefreshOutcome TakeOver(RefreshWatch watch, CatalogFetch fetch)
    {
        var before = _table.OfferOf(watch.UpstreamId);
        var offer = RefreshResult.Merge(before, fetch, _time.GetUtcNow());
        _table.Set(watch.UpstreamId, offer);
        var changes = offer.Catalog?.ChangesSince(before.Catalog) ?? CatalogKinds.None;
        RefreshResult.Report(_logger, watch, offer, changes, fetch.Error);
        Tell(watch.UpstreamId, before, offer, changes);
        return new RefreshOutcome(offer.Status.Gap != CatalogGap.None)
        {
            HasChanged = changes != CatalogKinds.None,
            Again = fetch.HasChangedMeanwhile,
            Period = offer.Catalog is { Capabilities.AnnouncesEveryChange: true } ? Timeout.InfiniteTimeSpan : _options.Period,
        };
    }

    private void Tell(Guid upstreamId, UpstreamOffer before, UpstreamOffer offer, CatalogKinds changes)
    {
        try
        {
            var (hadGap, hasGap) = (before.Status.Gap is CatalogGap.Unavailable or CatalogGap.Timeout, offer.Status.Gap != CatalogGap.None);
            if (hadGap != hasGap)
            {
                CompletenessChanged?.Invoke(upstreamId, !hasGap);
            }

            if (changes != CatalogKinds.None)
            {
                Changed?.Invoke(upstreamId, changes);
            }

            // A catalog with gaps is not worth keeping: the one that is kept may be complete.
            var isNew = changes != CatalogKinds.None
                || before.Status.Gap is CatalogGap.Unavailable or CatalogGap.Timeout
                || before.Catalog is null
                || !before.Catalog.HasSamePeer(offer.Catalog!);
            if (offer.Status.Gap == CatalogGap.None && isNew && Unsaved is { } unsaved)
            {
                unsaved(StoredCatalogs.Write(upstreamId, offer.Catalog!));
            }
        }
        catch (Exception fault)
        {
            Log.CatalogHandlerFaulted(_logger, upstreamId, fault);
        }
    }
}
