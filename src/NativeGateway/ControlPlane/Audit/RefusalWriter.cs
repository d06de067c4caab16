using Microsoft.Extensions.Logging;
using NativeGateway.Storage;
using NativeGateway.Telemetry;

namespace NativeGateway.ControlPlane.Audit;

/// <summary>Writes what the <see cref="RefusalLedger"/> has counted into the audit log, every second; while the database is away it is counted on.</summary>
internal sealed class RefusalWriter(RefusalLedger ledger, IAuditStore store, TimeProvider time, ILogger<RefusalWriter> logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(5);

    /// <summary>Until stopped; then what is left, once.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            while (true)
            {
                await Task.Delay(await TryWriteAsync(all: false) ? Pause : RetryPause, time, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            await TryWriteAsync(all: true);
        }
    }

    private async Task<bool> TryWriteAsync(bool all)
    {
        var due = ledger.Take(all);
        if (due.Count == 0)
        {
            return true;
        }

        var written = false;
        try
        {
            // Not to be cancelled: nobody could say then whether it was done. The store has its own time-outs.
            await store.AppendAsync(due, CancellationToken.None);
            written = true;
        }
        catch (StoreUnavailableException exception)
        {
            logger.RefusalsNotWritten(due.Count, exception.Message);
        }
        finally
        {
            ledger.Settle(written);
        }

        return written;
    }
}
