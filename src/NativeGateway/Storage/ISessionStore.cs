using NativeGateway.Model;

namespace NativeGateway.Storage;

/// <summary>
/// Who is signed in, and who failed to sign in. Two implementations, in the database of the registry, whose store makes the schema and keeps the
/// users; so every replica knows every session and every lock-out. Faults of the database surface as <see cref="StoreUnavailableException"/>.
/// </summary>
internal interface ISessionStore
{
    /// <summary>Keeps a session, with its entry in the audit log, and ends the user's oldest beyond <paramref name="most"/>.</summary>
    /// <returns>False, and nothing is kept, when the user or the organization is gone.</returns>
    Task<bool> BeginAsync(UserSession session, int most, AuditEntry entry, CancellationToken cancellationToken);

    /// <summary>Null when there is none, or none any more. What has expired may still be found.</summary>
    Task<UserSession?> FindAsync(byte[] tokenHash, CancellationToken cancellationToken);

    /// <summary>Notes that a session is in use.</summary>
    Task TouchAsync(Guid id, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Lets a session act in another organization, with the entry in the audit log. Nothing happens when the session has ended.</summary>
    Task SwitchAsync(Guid id, Guid organizationId, AuditEntry entry, CancellationToken cancellationToken);

    /// <summary>Ends a session, with the entry in the audit log. Nothing happens when it has ended already.</summary>
    Task EndAsync(Guid id, AuditEntry entry, CancellationToken cancellationToken);

    /// <summary>
    /// Counts an attempt before it is made, so that attempts at once cannot outrun the count. Attempts are forgotten when none came for the length of
    /// the window; those beyond the limit neither count nor prolong.
    /// </summary>
    /// <param name="subject">What is counted: a digest of an account, or an address.</param>
    Task<SignInAttempts> CountAttemptAsync(string subject, int limit, DateTimeOffset now, TimeSpan window, CancellationToken cancellationToken);

    /// <summary>Takes one attempt back, which was not made or was right.</summary>
    Task UncountAttemptAsync(string subject, CancellationToken cancellationToken);

    Task ForgetAttemptsAsync(string subject, CancellationToken cancellationToken);

    /// <summary>Removes sessions that began or were last seen before these times, and attempts that are over.</summary>
    Task RemoveExpiredAsync(DateTimeOffset begunBefore, DateTimeOffset seenBefore, DateTimeOffset now, CancellationToken cancellationToken);
}

/// <summary>A browser, or another client, in which a user is signed in.</summary>
/// <param name="TokenHash">SHA-256 of the token that the client has; the token itself is never stored.</param>
/// <param name="OrganizationId">The one that it acts in.</param>
internal sealed record UserSession(Guid Id, byte[] TokenHash, Guid UserId, Guid OrganizationId, DateTimeOffset CreatedAt, DateTimeOffset SeenAt);

/// <summary>What was counted, this attempt included.</summary>
/// <param name="Until">When it is forgotten.</param>
internal readonly record struct SignInAttempts(long Count, DateTimeOffset Until);
