using NativeGateway.Model;

namespace NativeGateway.Storage;

/// <summary>
/// Who is signed in, and who failed to sign in, in the database of the registry, whose store makes the schema and keeps the users; so every replica
/// knows every session and every lock-out. Faults of the database surface as <see cref="StoreUnavailableException"/>.
/// </summary>
internal sealed class SessionStore(IStoreDatabase database, SecretBox secrets)
{
    private readonly SessionSql _sql = new(secrets);

    /// <summary>Keeps a session, with its entry in the audit log, and ends the user's oldest beyond <paramref name="most"/>.</summary>
    /// <returns>False, and nothing is kept, when the user or the organization is gone.</returns>
    public async Task<bool> BeginAsync(UserSession session, int most, AuditEntry entry, CancellationToken cancellationToken)
    {
        try
        {
            await database.CommitAsync(transaction => _sql.BeginAsync(transaction, session, most, entry, cancellationToken), cancellationToken);
            return true;
        }
        catch (StoreUnavailableException e) when (database.ConflictIn(e) == StoreConflict.UnknownParent)
        {
            return false;
        }
    }

    /// <summary>Null when there is none, or none any more. What has expired may still be found.</summary>
    public Task<UserSession?> FindAsync(byte[] tokenHash, CancellationToken cancellationToken) =>
        database.ReadAsync(transaction => SessionSql.FindAsync(transaction, tokenHash, cancellationToken), cancellationToken);

    /// <summary>Notes that a session is in use.</summary>
    public Task TouchAsync(Guid id, DateTimeOffset now, CancellationToken cancellationToken) =>
        database.CommitAsync(transaction => SessionSql.TouchAsync(transaction, id, now, cancellationToken), cancellationToken);

    /// <summary>Lets a session act in another organization, with the entry in the audit log. Nothing happens when the session has ended.</summary>
    public Task SwitchAsync(Guid id, Guid organizationId, AuditEntry entry, CancellationToken cancellationToken) =>
        database.CommitAsync(transaction => _sql.SwitchAsync(transaction, id, organizationId, entry, cancellationToken), cancellationToken);

    /// <summary>Ends a session, with the entry in the audit log. Nothing happens when it has ended already.</summary>
    public Task EndAsync(Guid id, AuditEntry entry, CancellationToken cancellationToken) =>
        database.CommitAsync(transaction => _sql.EndAsync(transaction, id, entry, cancellationToken), cancellationToken);

    /// <summary>
    /// Counts an attempt before it is made, so that attempts at once cannot outrun the count. Attempts are forgotten when none came for the length of
    /// the window; those beyond the limit neither count nor prolong.
    /// </summary>
    /// <param name="subject">What is counted: a digest of an account, or an address.</param>
    public async Task<SignInAttempts> CountAttemptAsync(
        string subject, int limit, DateTimeOffset now, TimeSpan window, CancellationToken cancellationToken)
    {
        var attempts = default(SignInAttempts);
        await database.CommitAsync(
            async transaction => attempts = await SessionSql.CountAttemptAsync(transaction, subject, limit, now, window, cancellationToken), cancellationToken);
        return attempts;
    }

    /// <summary>Takes one attempt back, which was not made or was right.</summary>
    public Task UncountAttemptAsync(string subject, CancellationToken cancellationToken) =>
        database.CommitAsync(transaction => SessionSql.UncountAttemptAsync(transaction, subject, cancellationToken), cancellationToken);

    public Task ForgetAttemptsAsync(string subject, CancellationToken cancellationToken) =>
        database.CommitAsync(transaction => SessionSql.ForgetAttemptsAsync(transaction, subject, cancellationToken), cancellationToken);

    /// <summary>Removes sessions that began or were last seen before these times, and attempts that are over.</summary>
    public Task RemoveExpiredAsync(DateTimeOffset begunBefore, DateTimeOffset seenBefore, DateTimeOffset now, CancellationToken cancellationToken) =>
        database.CommitAsync(transaction => SessionSql.RemoveExpiredAsync(transaction, begunBefore, seenBefore, now, cancellationToken), cancellationToken);
}

/// <summary>A browser, or another client, in which a user is signed in.</summary>
/// <param name="TokenHash">SHA-256 of the token that the client has; the token itself is never stored.</param>
/// <param name="OrganizationId">The one that it acts in.</param>
internal sealed record UserSession(Guid Id, byte[] TokenHash, Guid UserId, Guid OrganizationId, DateTimeOffset CreatedAt, DateTimeOffset SeenAt);

/// <summary>What was counted, this attempt included.</summary>
/// <param name="Until">When it is forgotten.</param>
internal readonly record struct SignInAttempts(long Count, DateTimeOffset Until);
