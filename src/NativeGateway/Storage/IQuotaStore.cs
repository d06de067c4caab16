using NativeGateway.Model;

namespace NativeGateway.Storage;

/// <summary>
/// How much of each quota is used up in its current period, over all processes. Each method is one statement that decides by itself, so
/// that no process has to look before it takes. Faults of the database surface as <see cref="StoreUnavailableException"/>.
/// </summary>
internal interface IQuotaStore
{
    /// <summary>Gives out as much of what is asked for as there is left. A claim on a period before the stored one is one on the stored one.</summary>
    Task<QuotaGrant> TakeAsync(QuotaClaim claim, CancellationToken cancellationToken);

    /// <summary>Takes back what was given out in a period and not used; a negative amount was used without having been given out.</summary>
    Task SettleAsync(QuotaClaim claim, CancellationToken cancellationToken);
}
