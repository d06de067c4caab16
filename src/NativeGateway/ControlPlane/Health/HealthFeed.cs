using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using NativeGateway.ControlPlane.Notify;
using NativeGateway.Model;
using NativeGateway.Telemetry;

namespace NativeGateway.ControlPlane.Health;

/// <summary>Takes what happens to the health of servers off the data plane's hands and tells operators, in the order in which it happened.</summary>
internal sealed class HealthFeed(ChannelReader<HealthEvent> events, AlertWatch alerts, ILogger<HealthFeed> logger)
{
    /// <summary>Until stopped.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            await foreach (var happened in events.ReadAllAsync(stopping))
            {
                Tell(happened);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The end of the gateway.
        }
    }

    private void Tell(HealthEvent happened)
    {
        switch (happened)
        {
            case VerdictChanged change:
                var isBad = change.After is HealthVerdict.Down or HealthVerdict.Degraded or HealthVerdict.NeedsSignIn;
                logger.VerdictChanged(
                    isBad ? LogLevel.Warning : LogLevel.Information, change.Server, change.Endpoint, change.Before, change.After, change.Whole, change.Reason);
                alerts.Note(change);
                break;
            case ListsChanged lists when lists.AreComplete:
                logger.ListsComplete(lists.Server);
                break;
            case ListsChanged lists:
                logger.ListsIncomplete(lists.Server);
                break;
            default:
                break;
        }
    }
}
