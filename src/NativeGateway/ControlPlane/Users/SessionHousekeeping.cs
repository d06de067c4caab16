using Microsoft.Extensions.Logging;
using NativeGateway.Storage;
using NativeGateway.Telemetry;

namespace NativeGateway.ControlPlane.Users;

/// <summary>Removes sessions that are over and forgotten attempts, at the start and every few minutes. Neither counts for anything before that.</summary>
internal sealed class SessionHousekeeping(SessionStore store, TimeProvider time, ILogger<SessionHousekeeping> logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(10);

    public async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            var now = time.GetUtcNow();
            try
            {
                await store.RemoveExpiredAsync(now - SessionRules.Lifetime, now - SessionRules.Idle, now, stopping);
            }
            catch (StoreUnavailableException exception)
            {
                logger.SessionsNotForgotten(exception.Message);
            }

            await Task.Delay(Pause, time, stopping);
        }
    }
}
