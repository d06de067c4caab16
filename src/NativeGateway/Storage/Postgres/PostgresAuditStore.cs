using NativeGateway.Model;

namespace NativeGateway.Storage.Postgres;

/// <summary>The audit log in Postgres.</summary>
internal sealed class PostgresAuditStore(PostgresDatabase database, SecretBox secrets) : IAuditStore
{
    private readonly AuditSql _sql = new(secrets);

    public Task AppendAsync(IReadOnlyList<AuditEntry> entries, CancellationToken cancellationToken) =>
        database.CommitAsync(transaction => _sql.AppendAsync(transaction, entries, cancellationToken), cancellationToken);

    public Task<IReadOnlyList<AuditRecord>> ListAsync(AuditQuery query, int most, CancellationToken cancellationToken) =>
        database.ReadAsync(transaction => AuditSql.ListAsync(transaction, query, most, cancellationToken), cancellationToken);

    public Task<AuditVerdict> VerifyAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(transaction => _sql.VerifyAsync(transaction, cancellationToken), cancellationToken);

    public async Task<AuditTrim> ForgetAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        AuditTrim trim = default;
        await database.CommitAsync(async transaction => trim = await _sql.ForgetAsync(transaction, before, cancellationToken), cancellationToken);
        return trim;
    }
}
