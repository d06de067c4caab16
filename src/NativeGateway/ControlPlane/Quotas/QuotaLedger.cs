using Microsoft.Extensions.Logging;
using NativeGateway.DataPlane.Policy;
using NativeGateway.Model;
using NativeGateway.Storage;
using NativeGateway.Telemetry;

namespace NativeGateway.ControlPlane.Quotas;

/// <summary>The database that all processes share, as the data plane knows it: one that can be away, which is told once. Any thread.</summary>
internal sealed class QuotaLedger(QuotaStore store, ILogger<QuotaLedger> logger) : IQuotaSource
{
    private int _isLost;

    public async Task<QuotaGrant?> TakeAsync(QuotaClaim claim, CancellationToken cancellationToken)
    {
        try
        {
            var grant = await store.TakeAsync(claim, cancellationToken);
            if (Interlocked.Exchange(ref _isLost, 0) != 0)
            {
                logger.QuotasBack();
            }

            return grant;
        }
        catch (StoreUnavailableException exception)
        {
            if (Interlocked.Exchange(ref _isLost, 1) == 0)
            {
                logger.QuotasLost(exception.Message);
            }

            return null;
        }
    }

    public async Task SettleAsync(QuotaClaim claim, CancellationToken cancellationToken)
    {
        try
        {
            await store.SettleAsync(claim, cancellationToken);
        }
        catch (StoreUnavailableException exception)
        {
            logger.QuotaNotSettled(claim.OrganizationId, claim.Kind, claim.Amount, exception.Message);
        }
    }
}
