using Microsoft.Extensions.Logging;
using NativeGateway.Model;
using NativeGateway.Storage;
using NativeGateway.Telemetry;

namespace NativeGateway.ControlPlane.Usage;

/// <summary>Has the store remove what is older than its retention, at the start and every hour. Of several replicas one at a time does it.</summary>
internal sealed class UsageHousekeeping(IUsageStore store, SnapshotHolder snapshots, TimeProvider time, ILogger<UsageHousekeeping> logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromHours(1);
    private static readonly TimeSpan RetryPause = TimeSpan.FromMinutes(1);

    public async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            await Task.Delay(await TryMaintainAsync(stopping) ? Pause : RetryPause, time, stopping);
        }
    }

    private async Task<bool> TryMaintainAsync(CancellationToken stopping)
    {
        try
        {
            await store.MaintainAsync(snapshots.Current.Settings.Usage.Retention, time.GetUtcNow(), stopping);
            return true;
        }
        catch (StoreUnavailableException exception)
        {
            logger.UsageNotRemoved(RetryPause, exception.Message);
            return false;
        }
    }
}
