using Microsoft.Extensions.Logging;
using NativeGateway.Storage;
using NativeGateway.Telemetry;

namespace NativeGateway.ControlPlane.Registry;

/// <summary>
/// Follows the registry's database: loads every change within a second. While the database is down the gateway serves on with what it has,
/// and this says so. One background task.
/// </summary>
internal sealed class ChangeFeed(IRegistryStore store, RegistryLoader loader, TimeProvider time, ILogger<ChangeFeed> logger)
{
    /// <summary>How long a change may stay unseen when its notification is lost: revocations take effect within a second.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(500);

    private volatile Reach _reach = new(true, time.GetUtcNow(), null);

    private sealed record Reach(bool Reachable, DateTimeOffset Since, string? LastError);

    public RegistryHealth Health
    {
        get
        {
            var reach = _reach;
            return new RegistryHealth(reach.Reachable, reach.Since, reach.LastError, loader.LoadedRevision);
        }
    }

    public async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                if (await store.WaitForChangeAsync(loader.SeenRevision, Patience, stopping))
                {
                    await loader.CatchUpAsync(stopping);
                }

                Reached();
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is StoreUnavailableException or StoreConfigurationException)
            {
                Lost(exception.Message);
                await Task.Delay(RetryPause, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Reached()
    {
        if (!_reach.Reachable)
        {
            _reach = new Reach(true, time.GetUtcNow(), null);
            logger.DatabaseBack();
        }
    }

    private void Lost(string reason)
    {
        if (_reach.Reachable)
        {
            _reach = new Reach(false, time.GetUtcNow(), reason);
            logger.DatabaseLost(reason);
        }
    }
}
