using NativeGateway.Model;

namespace NativeGateway.Storage;

/// <summary>The statements of quotas, which both databases understand alike.</summary>
internal static class QuotaSql
{
    /// <summary>What was taken so far; nothing, when the row is of an earlier period.</summary>
    private const string Before = "CASE WHEN quota_uses.period < excluded.period THEN 0 ELSE quota_uses.taken END";

    private const string Granted = $"CASE WHEN {Before} >= @cap THEN 0 WHEN {Before} + @amount > @cap THEN @cap - ({Before}) ELSE @amount END";

    /// <summary>All expressions see the row as it was before.</summary>
    private const string Take = $"""
        INSERT INTO quota_uses (organization_id, quota, period, taken, granted) VALUES (@organization_id, @quota, @period, @first, @first)
        ON CONFLICT (organization_id, quota) DO UPDATE SET
            taken = ({Before}) + ({Granted}),
            granted = {Granted},
            period = CASE WHEN quota_uses.period < excluded.period THEN excluded.period ELSE quota_uses.period END
        RETURNING granted, taken
        """;

    private const string Settle = """
        UPDATE quota_uses SET taken = CASE WHEN taken > @amount THEN taken - @amount ELSE 0 END
        WHERE organization_id = @organization_id AND quota = @quota AND period = @period
        """;

    public static async Task<QuotaGrant> TakeAsync(StoreTransaction transaction, QuotaClaim claim, CancellationToken cancellationToken)
    {
        var rows = await transaction.QueryAsync(
            Take,
            [.. Row(claim), new("amount", claim.Amount), new("cap", claim.Cap), new("first", Math.Min(claim.Amount, claim.Cap))],
            row => new QuotaGrant(row.GetInt64(0), row.GetInt64(1)),
            cancellationToken);
        return rows[0];
    }

    public static Task SettleAsync(StoreTransaction transaction, QuotaClaim claim, CancellationToken cancellationToken) =>
        transaction.ExecuteAsync(Settle, [.. Row(claim), new("amount", claim.Amount)], cancellationToken);

    private static Column[] Row(QuotaClaim claim) =>
        [new("organization_id", claim.OrganizationId), new("quota", claim.Kind.Name()), new("period", claim.Period)];
}
