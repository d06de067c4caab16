using NativeGateway.Model;

namespace NativeGateway.DataPlane.Policy;

/// <summary>Where processes get their shares of quotas from.</summary>
internal interface IQuotaSource
{
    /// <summary>Null when nobody can be asked now.</summary>
    Task<QuotaGrant?> TakeAsync(QuotaClaim claim, CancellationToken cancellationToken);

    /// <summary>Gives back what was not used; a negative amount was used beyond what was given. Where nobody can be told, it stays used.</summary>
    Task SettleAsync(QuotaClaim claim, CancellationToken cancellationToken);
}
