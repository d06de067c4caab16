using Microsoft.Extensions.Logging;
using NativeGateway.Model;
using NativeGateway.Storage;
using NativeGateway.Telemetry;

namespace NativeGateway.ControlPlane.Audit;

/// <summary>Has the audit log forget what is older than its retention, at the start and every hour.</summary>
internal sealed class AuditHousekeeping(IAuditStore store, SnapshotHolder snapshots, TimeProvider time, ILogger<AuditHousekeeping> logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromHours(1);

    public async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            await ForgetAsync(stopping);
            await Task.Delay(Pause, time, stopping);
        }
    }

    private async Task ForgetAsync(CancellationToken stopping)
    {
        try
        {
            AuditTrim trim;
            do
            {
                trim = await store.ForgetAsync(time.GetUtcNow() - snapshots.Current.Settings.AuditRetention, stopping);
            }
            while (trim.Removed > 0);
            if (trim.Fault is { } fault)
            {
                logger.AuditBroken(fault.Sequence, fault.What);
            }
        }
        catch (StoreUnavailableException exception)
        {
            logger.AuditNotForgotten(exception.Message);
        }
    }
}
