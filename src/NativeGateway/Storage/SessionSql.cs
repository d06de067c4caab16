using System.Data.Common;
using NativeGateway.Model;

namespace NativeGateway.Storage;

/// <summary>The statements about sessions, which both databases understand alike; each runs inside a transaction that its store has begun.</summary>
internal sealed class SessionSql(SecretBox secrets)
{
    private const string Columns = "id, token_hash, user_id, organization_id, created_at, seen_at";

    /// <summary>Both databases know LIMIT with OFFSET, and only one of them OFFSET alone.</summary>
    private const string EndOldest = """
        DELETE FROM user_sessions WHERE id IN
            (SELECT id FROM user_sessions WHERE user_id = @user_id ORDER BY seen_at DESC, id DESC LIMIT 1000000 OFFSET @most)
        """;

    private const string Count = """
        INSERT INTO sign_in_attempts (subject, attempts, until_at) VALUES (@subject, 1, @until)
        ON CONFLICT (subject) DO UPDATE SET
            attempts = CASE WHEN sign_in_attempts.until_at <= @now THEN 1 ELSE sign_in_attempts.attempts + 1 END,
            until_at = CASE WHEN sign_in_attempts.until_at <= @now OR sign_in_attempts.attempts < @limit THEN @until ELSE sign_in_attempts.until_at END
        RETURNING attempts, until_at
        """;

    private readonly AuditSql _audit = new(secrets);

    public async Task BeginAsync(StoreTransaction transaction, UserSession session, int most, AuditEntry entry, CancellationToken cancellationToken)
    {
        Column[] row =
        [
            new("id", session.Id),
            new("token_hash", session.TokenHash),
            new("user_id", session.UserId),
            new("organization_id", session.OrganizationId),
            new("created_at", session.CreatedAt.ToUnixTimeMilliseconds()),
            new("seen_at", session.SeenAt.ToUnixTimeMilliseconds()),
        ];
        await transaction.ExecuteAsync(RegistrySql.Insert("user_sessions", row), row, cancellationToken);
        await transaction.ExecuteAsync(EndOldest, [new("user_id", session.UserId), new("most", most)], cancellationToken);
        await _audit.AppendAsync(transaction, [entry], cancellationToken);
    }

    public static async Task<UserSession?> FindAsync(StoreTransaction transaction, byte[] tokenHash, CancellationToken cancellationToken)
    {
        var found = await transaction.QueryAsync(
            $"SELECT {Columns} FROM user_sessions WHERE token_hash = @token_hash", [new("token_hash", tokenHash)], Session, cancellationToken);
        return found.Count == 0 ? null : found[0];
    }

    public static Task TouchAsync(StoreTransaction transaction, Guid id, DateTimeOffset now, CancellationToken cancellationToken) => transaction.ExecuteAsync(
        "UPDATE user_sessions SET seen_at = @now WHERE id = @id", [new("id", id), new("now", now.ToUnixTimeMilliseconds())], cancellationToken);

    public Task SwitchAsync(StoreTransaction transaction, Guid id, Guid organizationId, AuditEntry entry, CancellationToken cancellationToken) => ChangeAsync(
        transaction,
        "UPDATE user_sessions SET organization_id = @organization_id WHERE id = @id",
        [new("id", id), new("organization_id", organizationId)],
        entry,
        cancellationToken);

    public Task EndAsync(StoreTransaction transaction, Guid id, AuditEntry entry, CancellationToken cancellationToken) =>
        ChangeAsync(transaction, "DELETE FROM user_sessions WHERE id = @id", [new("id", id)], entry, cancellationToken);

    public static async Task<SignInAttempts> CountAttemptAsync(
        StoreTransaction transaction, string subject, int limit, DateTimeOffset now, TimeSpan window, CancellationToken cancellationToken) =>
        (await transaction.QueryAsync(
            Count,
            [
                new("subject", subject), new("limit", limit), new("now", now.ToUnixTimeMilliseconds()),
                new("until", (now + window).ToUnixTimeMilliseconds()),
            ],
            row => new SignInAttempts(row.GetInt64(0), Time(row, 1)),
            cancellationToken))[0];

    public static Task UncountAttemptAsync(StoreTransaction transaction, string subject, CancellationToken cancellationToken) => transaction.ExecuteAsync(
        "UPDATE sign_in_attempts SET attempts = attempts - 1 WHERE subject = @subject AND attempts > 0", [new("subject", subject)], cancellationToken);

    public static Task ForgetAttemptsAsync(StoreTransaction transaction, string subject, CancellationToken cancellationToken) =>
        transaction.ExecuteAsync("DELETE FROM sign_in_attempts WHERE subject = @subject", [new("subject", subject)], cancellationToken);

    public static async Task RemoveExpiredAsync(
        StoreTransaction transaction, DateTimeOffset begunBefore, DateTimeOffset seenBefore, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await transaction.ExecuteAsync(
            "DELETE FROM user_sessions WHERE created_at < @begun OR seen_at < @seen",
            [new("begun", begunBefore.ToUnixTimeMilliseconds()), new("seen", seenBefore.ToUnixTimeMilliseconds())], cancellationToken);
        await transaction.ExecuteAsync("DELETE FROM sign_in_attempts WHERE until_at <= @now", [new("now", now.ToUnixTimeMilliseconds())], cancellationToken);
    }

    private async Task ChangeAsync(StoreTransaction transaction, string sql, Column[] values, AuditEntry entry, CancellationToken cancellationToken)
    {
        if (await transaction.ExecuteAsync(sql, values, cancellationToken) > 0)
        {
            await _audit.AppendAsync(transaction, [entry], cancellationToken);
        }
    }

    private static UserSession Session(DbDataReader row) =>
        new(row.GetGuid(0), Rows.Bytes(row, 1), row.GetGuid(2), row.GetGuid(3), Time(row, 4), Time(row, 5));

    private static DateTimeOffset Time(DbDataReader row, int column) => DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(column));
}
