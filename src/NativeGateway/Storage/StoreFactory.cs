using NativeGateway.Storage.Postgres;
using NativeGateway.Storage.Sqlite;

namespace NativeGateway.Storage;

/// <summary>What one database keeps. Its schema is made by the registry's store, which also owns the database.</summary>
internal sealed record Stores(IRegistryStore Registry, IUsageStore Usage, IAuditStore Audit, QuotaStore Quotas, OutboxStore Outbox, SessionStore Sessions)
    : IAsyncDisposable
{
    /// <summary>Null where one process has the database for itself.</summary>
    public PostgresBucketStore? Buckets { get; init; }

    public ValueTask DisposeAsync() => Registry.DisposeAsync();
}

/// <summary>From the operator's database address to its stores. Nothing is connected or created before the store is first used.</summary>
internal static class StoreFactory
{
    private const string SqliteScheme = "sqlite:";

    /// <param name="databaseUri"><c>sqlite:PATH</c> or <c>postgres://user:password@host:port/name[?sslmode=…]</c> (<c>postgresql://</c> too).</param>
    /// <exception cref="StoreConfigurationException">The address is malformed. The message repeats nothing of it.</exception>
    public static Stores Open(string databaseUri, SecretBox secrets)
    {
        if (databaseUri.StartsWith(SqliteScheme, StringComparison.OrdinalIgnoreCase))
        {
            var file = new SqliteDatabase(SqlitePath(databaseUri[SqliteScheme.Length..]));
            return new Stores(
                new SqliteRegistryStore(file, secrets), new SqliteUsageStore(file), new SqliteAuditStore(file, secrets), new QuotaStore(file),
                new OutboxStore(file, secrets, lockClaimed: ""), new SessionStore(file, secrets));
        }
        if (databaseUri.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase)
            || databaseUri.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase))
        {
            var server = new PostgresDatabase(PostgresUri.Parse(databaseUri));
            return new Stores(
                new PostgresRegistryStore(server, secrets), new PostgresUsageStore(server), new PostgresAuditStore(server, secrets), new QuotaStore(server),
                new OutboxStore(server, secrets, lockClaimed: "FOR UPDATE OF d SKIP LOCKED"), new SessionStore(server, secrets))
            {
                Buckets = new PostgresBucketStore(server),
            };
        }
        throw new StoreConfigurationException(
            "The database address is of no known kind. Write sqlite:PATH or postgres://user:password@host:port/name.");
    }

    private static string SqlitePath(string path)
    {
        // sqlite:///var/lib/… is how other programs write an absolute path.
        path = path.StartsWith("///", StringComparison.Ordinal) ? path[2..] : path;
        if (path.Length == 0 || path.StartsWith("//", StringComparison.Ordinal) || path.EndsWith('/') || path.Contains(":memory:", StringComparison.Ordinal))
        {
            throw new StoreConfigurationException("The database address names no file. Write sqlite:PATH, for example sqlite:data/gateway.db.");
        }
        return path;
    }
}
