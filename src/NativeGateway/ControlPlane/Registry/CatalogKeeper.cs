using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using NativeGateway.Model;
using NativeGateway.Storage;
using NativeGateway.Telemetry;

namespace NativeGateway.ControlPlane.Registry;

/// <summary>
/// Keeps the last list of every upstream in the database, so that a restarted gateway can answer while an upstream is down. Of several
/// fetched while the database is slow or down only the newest per upstream is written.
/// </summary>
internal sealed class CatalogKeeper(IRegistryStore store, TimeProvider time, ILogger<CatalogKeeper> logger)
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<Guid, StoredCatalog> _waiting = new();
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public Task<IReadOnlyList<StoredCatalog>> LoadAsync(CancellationToken cancellationToken) => store.LoadCatalogsAsync(cancellationToken);

    /// <summary>Takes a catalog over; returns at once. Any thread.</summary>
    public void Keep(StoredCatalog catalog)
    {
        _waiting[catalog.UpstreamId] = catalog;
        _signal.Writer.TryWrite(true);
    }

    /// <summary>Writes until stopped, then what still waits, once.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            while (await _signal.Reader.WaitToReadAsync(stopping))
            {
                _signal.Reader.TryRead(out _);
                if (!await TryWriteAllAsync(stopping))
                {
                    await Task.Delay(RetryPause, time, stopping);
                    _signal.Writer.TryWrite(true);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            await TryWriteAllAsync(CancellationToken.None);
        }
    }

    private async Task<bool> TryWriteAllAsync(CancellationToken cancellationToken)
    {
        foreach (var id in _waiting.Keys)
        {
            if (!_waiting.TryRemove(id, out var catalog))
            {
                continue;
            }

            try
            {
                await store.SaveCatalogAsync(catalog, cancellationToken);
            }
            catch (Exception exception) when (exception is StoreUnavailableException or OperationCanceledException)
            {
                // Unless a newer one came meanwhile.
                _waiting.TryAdd(id, catalog);
                if (exception is OperationCanceledException)
                {
                    throw;
                }

                logger.CatalogNotKept(id, exception.Message);
                return false;
            }
        }

        return true;
    }
}
