using System.Data;
using System.Data.Common;
using System.Net.Sockets;
using System.Security.Authentication;
using Npgsql;

namespace NativeGateway.Storage.Postgres;

/// <summary>
/// One Postgres database, through a small pool. Nothing outlives a transaction (no prepared statements, no session settings, no session
/// locks), so that a pooler between the gateway and Postgres does no harm. Any thread.
/// </summary>
internal sealed class PostgresDatabase : IStoreDatabase
{
    private const int ConnectSeconds = 5;
    private const int CommandSeconds = 10;
    private const int ShortCommandSeconds = 2;
    private const int MaxConnections = 4;

    /// <summary>Bounds what a stuck replica can do to the others: it neither waits for nor holds the registry's lock for long.</summary>
    private const string BoundWrite = "SET LOCAL lock_timeout = '5s'; SET LOCAL idle_in_transaction_session_timeout = '15s'";

    private const string BeginRead = "SET TRANSACTION READ ONLY";

    private readonly NpgsqlDataSource _pool;
    private readonly NpgsqlConnectionStringBuilder _address;

    public PostgresDatabase(NpgsqlConnectionStringBuilder address)
    {
        _address = new NpgsqlConnectionStringBuilder(address.ConnectionString)
        {
            ApplicationName = address.ApplicationName ?? "native-gateway",
            Timeout = ConnectSeconds,
            CommandTimeout = CommandSeconds,
            TcpKeepAlive = true,
            MaxPoolSize = MaxConnections,
            NoResetOnClose = true,
        };
        _pool = Build(_address);
    }

    /// <summary>For a connection outside the pool, which its owner keeps for long.</summary>
    public NpgsqlDataSource Unpooled() => Build(new NpgsqlConnectionStringBuilder(_address.ConnectionString) { Pooling = false });

    /// <summary>Runs in one consistent view of the database.</summary>
    public Task<T> ReadAsync<T>(Func<StoreTransaction, Task<T>> read, CancellationToken cancellationToken) => RunAsync(
        async attempt =>
        {
            await using var connection = await _pool.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
            var session = new StoreTransaction(transaction);
            await session.ExecuteAsync(BeginRead, [], cancellationToken);
            var result = await read(session);
            attempt.Committing = true;
            await transaction.CommitAsync(cancellationToken);
            return result;
        });

    /// <summary>Commits when <paramref name="write"/> answers <see cref="StoreConflict.None"/>, otherwise changes nothing.</summary>
    public Task<StoreConflict> WriteAsync(Func<StoreTransaction, Task<StoreConflict>> write, CancellationToken cancellationToken) => RunAsync(
        async attempt =>
        {
            await using var connection = await _pool.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
            var session = new StoreTransaction(transaction);
            await session.ExecuteAsync(BoundWrite, [], cancellationToken);
            var conflict = await write(session);
            if (conflict == StoreConflict.None)
            {
                attempt.Committing = true;
                // Not to be cancelled: nobody could say then whether it was done.
                await transaction.CommitAsync(CancellationToken.None);
            }
            return conflict;
        });

    /// <summary>The same for writes that break no rule: commits unless <paramref name="write"/> throws.</summary>
    public async Task CommitAsync(Func<StoreTransaction, Task> write, CancellationToken cancellationToken) => await WriteAsync(
        async transaction =>
        {
            await write(transaction);
            return StoreConflict.None;
        },
        cancellationToken);

    /// <summary>
    /// One command, which is a transaction by itself: in one round trip, and without holding a lock while this side is silent. It may be done twice
    /// when the connection breaks.
    /// </summary>
    public Task<List<T>> RunOnceAsync<T>(string sql, IReadOnlyList<Column> values, Func<DbDataReader, T> read, CancellationToken cancellationToken) => RunAsync(
        async _ =>
        {
            await using var command = _pool.CreateCommand(sql);
            command.CommandTimeout = ShortCommandSeconds;
            foreach (var value in values)
            {
                command.Parameters.AddWithValue(value.Name, value.Value!);
            }

            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            var rows = new List<T>();
            while (await reader.ReadAsync(cancellationToken))
            {
                rows.Add(read(reader));
            }

            return rows;
        });

    /// <summary>The rule that a write broke, where it was one that its caller can break.</summary>
    public static StoreConflict? ConflictIn(StoreUnavailableException fault) => (fault.InnerException as PostgresException)?.SqlState switch
    {
        PostgresErrorCodes.UniqueViolation => StoreConflict.Duplicate,
        PostgresErrorCodes.ForeignKeyViolation => StoreConflict.UnknownParent,
        _ => null,
    };

    StoreConflict? IStoreDatabase.ConflictIn(StoreUnavailableException fault) => ConflictIn(fault);

    public ValueTask DisposeAsync() => _pool.DisposeAsync();

    /// <summary>
    /// Once more when the connection broke before a commit was sent: after a restart of Postgres the pool still holds dead connections,
    /// which says nothing about the database's health.
    /// </summary>
    private static async Task<T> RunAsync<T>(Func<Attempt, Task<T>> run)
    {
        for (var retried = false; ; retried = true)
        {
            var attempt = new Attempt();
            try
            {
                return await run(attempt);
            }
            catch (NpgsqlException e) when (!retried && !attempt.Committing && IsBroken(e))
            {
            }
            catch (Exception e) when (e is NpgsqlException or SocketException or IOException or TimeoutException)
            {
                throw new StoreUnavailableException($"The Postgres database cannot be used. {Reason(e)}", e);
            }
        }
    }

    private static bool IsBroken(NpgsqlException e) =>
        e is PostgresException { SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown } || e.InnerException is IOException;

    /// <summary>In words that hold no address, no user's name and no value.</summary>
    private static string Reason(Exception e) => e switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification } =>
            "It refuses the user or the password of the database address.",
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } => "There is no database of that name; create it first.",
        PostgresException { SqlState: PostgresErrorCodes.UndefinedTable } => "Its schema is missing; run the migrate verb.",
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } => "The user may not do this; grant it rights on the schema.",
        PostgresException refused => $"It answers with SQLSTATE {refused.SqlState}.",
        TimeoutException or { InnerException: TimeoutException } => "It does not answer in time.",
        SocketException socket => $"It cannot be reached ({socket.SocketErrorCode}).",
        { InnerException: SocketException socket } => $"It cannot be reached ({socket.SocketErrorCode}).",
        { InnerException: AuthenticationException } => "It offers no TLS that can be trusted; see sslmode and sslrootcert in the database address.",
        { InnerException: IOException } => "The connection broke.",
        _ => "It cannot be reached.",
    };

    private static NpgsqlDataSource Build(NpgsqlConnectionStringBuilder address)
    {
        // The slim builder: the full one brings every type mapping and its reflection into the binary.
        var builder = new NpgsqlSlimDataSourceBuilder(address.ConnectionString);
        builder.EnableTransportSecurity();
        return builder.Build();
    }

    private sealed class Attempt
    {
        public bool Committing { get; set; }
    }
}
