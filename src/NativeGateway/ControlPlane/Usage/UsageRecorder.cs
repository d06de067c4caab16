using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using NativeGateway.Model;
using NativeGateway.Storage;
using NativeGateway.Telemetry;

namespace NativeGateway.ControlPlane.Usage;

/// <summary>
/// Takes usage from the data plane, remembers the newest requests, sums them up and writes that down in batches. While the database is down the sums grow, within bounds, and are
/// written afterwards. A batch that was tried is kept as it is until the store has it, so that nothing counts twice.
/// </summary>
internal sealed class UsageRecorder(
    ChannelReader<UsageEvent> events, IUsageStore store, SnapshotHolder snapshots, Metrics metrics, TimeProvider time, ILogger<UsageRecorder> logger)
{
    /// <summary>How long events gather before they are summed up together: a wake-up for each would cost the data plane more than the sum.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(100);

    /// <summary>Bounds how long one transaction lasts.</summary>
    private const int MostRowsPerBatch = 2_000;

    private readonly UsageLedger _ledger = new();
    private readonly Lock _gathering = new();
    private readonly RequestLog _log = new();
    private readonly Guid _writer = Guid.NewGuid();
    private UsageBatch? _tried;
    private long _lastNumber;
    private bool _isDown;

    /// <summary>The newest requests, those included that were finished just now.</summary>
    public RequestLog Gathered
    {
        get
        {
            Gather();
            return _log;
        }
    }

    /// <summary>Records until stopped, then takes what is still in the channel and writes everything once.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        var running = Task.WhenAll(GatherAsync(stopping), FlushAsync(stopping));
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (running.IsFaulted)
        {
            await running;
        }

        Gather();
        await TryWriteAllAsync(CancellationToken.None);
    }

    private async Task GatherAsync(CancellationToken stopping)
    {
        while (await events.WaitToReadAsync(stopping))
        {
            await Task.Delay(Gathering, time, stopping);
            Gather();
        }
    }

    private void Gather()
    {
        long refused = 0;
        lock (_gathering)
        {
            while (events.TryRead(out var usage))
            {
                _log.Add(usage);
                refused += _ledger.TryAdd(usage) ? 0 : 1;
            }
        }

        metrics.RecordUsageDropped(refused);
    }

    private async Task FlushAsync(CancellationToken stopping)
    {
        while (true)
        {
            await Task.Delay(snapshots.Current.Settings.Usage.FlushInterval, time, stopping);
            await TryWriteAllAsync(stopping);
        }
    }

    private async Task TryWriteAllAsync(CancellationToken cancellationToken)
    {
        while ((_tried ??= NextBatch()) is { } batch)
        {
            try
            {
                await store.WriteAsync(batch, cancellationToken);
            }
            catch (StoreUnavailableException exception)
            {
                if (!_isDown)
                {
                    _isDown = true;
                    logger.UsageNotWritten(exception.Message);
                }

                return;
            }

            _tried = null;
            if (_isDown)
            {
                _isDown = false;
                logger.UsageWrittenAgain();
            }
        }
    }

    private UsageBatch? NextBatch()
    {
        var (rows, failures) = _ledger.Take(MostRowsPerBatch);
        return rows.Count == 0 && failures.Count == 0 ? null : new UsageBatch(_writer, ++_lastNumber, time.GetUtcNow(), rows, failures);
    }
}
