using NativeGateway.Model;

namespace NativeGateway.Storage.Sqlite;

/// <summary>Quotas beside the registry, in its database.</summary>
internal sealed class SqliteQuotaStore(SqliteDatabase database) : IQuotaStore
{
    public async Task<QuotaGrant> TakeAsync(QuotaClaim claim, CancellationToken cancellationToken)
    {
        var grant = default(QuotaGrant);
        await database.CommitAsync(async transaction => grant = await QuotaSql.TakeAsync(transaction, claim, cancellationToken), cancellationToken);
        return grant;
    }

    public Task SettleAsync(QuotaClaim claim, CancellationToken cancellationToken) =>
        database.CommitAsync(transaction => QuotaSql.SettleAsync(transaction, claim, cancellationToken), cancellationToken);
}
