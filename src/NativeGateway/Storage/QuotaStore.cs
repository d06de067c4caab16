using NativeGateway.Model;

namespace NativeGateway.Storage;

/// <summary>
/// How much of each quota is used up in its current period, over all processes. Each method is one statement that decides by itself, so
/// that no process has to look before it takes. Faults of the database surface as <see cref="StoreUnavailableException"/>.
/// </summary>
internal sealed class QuotaStore(IStoreDatabase database)
{
    /// <summary>Gives out as much of what is asked for as there is left. A claim on a period before the stored one is one on the stored one.</summary>
    public async Task<QuotaGrant> TakeAsync(QuotaClaim claim, CancellationToken cancellationToken)
    {
        var grant = default(QuotaGrant);
        await database.CommitAsync(async transaction => grant = await QuotaSql.TakeAsync(transaction, claim, cancellationToken), cancellationToken);
        return grant;
    }

    /// <summary>Takes back what was given out in a period and not used; a negative amount was used without having been given out.</summary>
    public Task SettleAsync(QuotaClaim claim, CancellationToken cancellationToken) =>
        database.CommitAsync(transaction => QuotaSql.SettleAsync(transaction, claim, cancellationToken), cancellationToken);
}
