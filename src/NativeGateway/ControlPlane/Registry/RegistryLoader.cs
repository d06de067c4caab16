using Microsoft.Extensions.Logging;
using NativeGateway.Model;
using NativeGateway.Storage;
using NativeGateway.Telemetry;

namespace NativeGateway.ControlPlane.Registry;

/// <summary>What the operator decided at start about requests without a key.</summary>
/// <param name="RequiresKey">Beats what file and database say; null leaves it to them.</param>
/// <param name="MayBeOpen">Every listener is on loopback, so a setting may switch authentication off.</param>
internal readonly record struct OpennessRule(bool? RequiresKey, bool MayBeOpen);

/// <summary>
/// Makes the running snapshot out of what the database holds and what the file adds. A new state with faults is refused whole: what runs is
/// kept, and every fault is reported. Any thread; one load at a time.
/// </summary>
internal sealed class RegistryLoader(RegistryReader reader, SnapshotHolder snapshots, OpennessRule openness, FileConfig file, ILogger<RegistryLoader> logger)
    : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private volatile FileConfig _file = file;
    private RegistryConfig _registry = RegistryConfig.Empty;
    private long _loadedRevision = -1;
    private long _seenRevision = -1;

    /// <summary>The revision in use; -1 before the first load.</summary>
    public long LoadedRevision => Interlocked.Read(ref _loadedRevision);

    /// <summary>The newest revision that was looked at, usable or not; what changes are waited for from.</summary>
    public long SeenRevision => Interlocked.Read(ref _seenRevision);

    /// <summary>The state of the file that is in use.</summary>
    public FileConfig File => _file;

    public void Dispose() => _turn.Dispose();

    /// <summary>Loads the database's present state. Every reason why it is not in use now, or none.</summary>
    /// <exception cref="StoreUnavailableException">What runs is kept.</exception>
    public async Task<IReadOnlyList<string>> ReloadAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            return await LoadAsync(cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Loads what was stored since the last load, if anything was; afterwards this process works by it.</summary>
    /// <exception cref="StoreUnavailableException">What runs is kept.</exception>
    public async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            // Asked in turn: who made a change and who heard of it come at the same time, and one of them is enough.
            if (await reader.GetRevisionAsync(cancellationToken) != SeenRevision)
            {
                await LoadAsync(cancellationToken);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Puts another state of the file into use, over what was last loaded from the database; works while that is down.</summary>
    public async Task<IReadOnlyList<string>> UseFileAsync(FileConfig next, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            return Use(_registry, next);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<List<string>> LoadAsync(CancellationToken cancellationToken)
    {
        var registry = await reader.LoadAsync(cancellationToken);
        var faults = Use(registry, _file);
        foreach (var fault in faults)
        {
            logger.RegistryFault(registry.Revision, fault);
        }

        Interlocked.Exchange(ref _seenRevision, registry.Revision);
        return faults;
    }

    private List<string> Use(RegistryConfig registry, FileConfig next)
    {
        var settings = StoredSettings.Effective(registry, next);
        settings = settings with { AuthRequired = openness.RequiresKey ?? settings.AuthRequired };
        var found = new List<string>();
        if (!settings.AuthRequired && !openness.MayBeOpen)
        {
            found.Add("auth.required: is false, but a listener can be reached from other machines; listen on loopback only, or require keys.");
        }

        var snapshot = SnapshotBuilder.Build(registry, next.Upstreams, next.Keys, settings, !settings.AuthRequired, found);
        var faults = found.FindAll(fault => !SnapshotBuilder.IsWarning(fault));
        foreach (var warning in found.Where(SnapshotBuilder.IsWarning))
        {
            logger.RegistryWarning(registry.Revision, warning[SnapshotBuilder.WarningPrefix.Length..]);
        }

        if (snapshot is null || faults.Count > 0)
        {
            return faults;
        }

        (_registry, _file) = (registry, next);
        snapshots.Swap(snapshot);
        Interlocked.Exchange(ref _loadedRevision, registry.Revision);
        logger.RegistryLoaded(registry.Revision, snapshot.Workspaces.Values.Sum(workspace => workspace.Upstreams.Count), snapshot.Callers.Count);
        return faults;
    }
}
