using NativeGateway.Model;

namespace NativeGateway.Storage.Sqlite;

/// <summary>Sessions beside the registry, in its database.</summary>
internal sealed class SqliteSessionStore(SqliteDatabase database, SecretBox secrets) : ISessionStore
{
    private readonly SessionSql _sql = new(secrets);

    public async Task<bool> BeginAsync(UserSession session, int most, AuditEntry entry, CancellationToken cancellationToken)
    {
        try
        {
            await database.CommitAsync(transaction => _sql.BeginAsync(transaction, session, most, entry, cancellationToken), cancellationToken);
            return true;
        }
        catch (StoreUnavailableException e) when (SqliteDatabase.ConflictIn(e) == StoreConflict.UnknownParent)
        {
            return false;
        }
    }

    public Task<UserSession?> FindAsync(byte[] tokenHash, CancellationToken cancellationToken) =>
        database.ReadAsync(transaction => SessionSql.FindAsync(transaction, tokenHash, cancellationToken), cancellationToken);

    public Task TouchAsync(Guid id, DateTimeOffset now, CancellationToken cancellationToken) =>
        database.CommitAsync(transaction => SessionSql.TouchAsync(transaction, id, now, cancellationToken), cancellationToken);

    public Task SwitchAsync(Guid id, Guid organizationId, AuditEntry entry, CancellationToken cancellationToken) =>
        database.CommitAsync(transaction => _sql.SwitchAsync(transaction, id, organizationId, entry, cancellationToken), cancellationToken);

    public Task EndAsync(Guid id, AuditEntry entry, CancellationToken cancellationToken) =>
        database.CommitAsync(transaction => _sql.EndAsync(transaction, id, entry, cancellationToken), cancellationToken);

    public async Task<SignInAttempts> CountAttemptAsync(
        string subject, int limit, DateTimeOffset now, TimeSpan window, CancellationToken cancellationToken)
    {
        var attempts = default(SignInAttempts);
        await database.CommitAsync(
            async transaction => attempts = await SessionSql.CountAttemptAsync(transaction, subject, limit, now, window, cancellationToken), cancellationToken);
        return attempts;
    }

    public Task UncountAttemptAsync(string subject, CancellationToken cancellationToken) =>
        database.CommitAsync(transaction => SessionSql.UncountAttemptAsync(transaction, subject, cancellationToken), cancellationToken);

    public Task ForgetAttemptsAsync(string subject, CancellationToken cancellationToken) =>
        database.CommitAsync(transaction => SessionSql.ForgetAttemptsAsync(transaction, subject, cancellationToken), cancellationToken);

    public Task RemoveExpiredAsync(DateTimeOffset begunBefore, DateTimeOffset seenBefore, DateTimeOffset now, CancellationToken cancellationToken) =>
        database.CommitAsync(transaction => SessionSql.RemoveExpiredAsync(transaction, begunBefore, seenBefore, now, cancellationToken), cancellationToken);
}
