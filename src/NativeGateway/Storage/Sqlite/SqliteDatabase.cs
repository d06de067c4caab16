using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace NativeGateway.Storage.Sqlite;

/// <summary>
/// One SQLite file: one writing connection, a few reading ones, opened when first needed. SQLite blocks the thread it runs on, so every
/// transaction runs on a pool thread of its own and never on the caller's. Any thread.
/// </summary>
internal sealed class SqliteDatabase(string path) : IStoreDatabase
{
    private const int MaxReaders = 4;
    private const int BusySeconds = 5;

    // Result codes and extended ones, https://www.sqlite.org/rescode.html
    private const int Constraint = 19;
    private const int ConstraintForeignKey = 787;
    private const int ConstraintPrimaryKey = 1555;
    private const int ConstraintUnique = 2067;

    private readonly string _path = Path.GetFullPath(path);
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly SemaphoreSlim _reading = new(MaxReaders, MaxReaders);
    private readonly ConcurrentStack<SqliteConnection> _idleReaders = new();
    private SqliteConnection? _writer;
    private volatile bool _closed;

    /// <summary>Runs in one consistent view of the database; never waits for a writer.</summary>
    public async Task<T> ReadAsync<T>(Func<StoreTransaction, Task<T>> read, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            return await Task.Run(() => ReadHereAsync(read), cancellationToken);
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>Commits when <paramref name="write"/> answers <see cref="StoreConflict.None"/>, otherwise changes nothing.</summary>
    public async Task<StoreConflict> WriteAsync(Func<StoreTransaction, Task<StoreConflict>> write, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            return await Task.Run(() => WriteHereAsync(write), cancellationToken);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>The same for writes that break no rule: commits unless <paramref name="write"/> throws.</summary>
    public async Task CommitAsync(Func<StoreTransaction, Task> write, CancellationToken cancellationToken) => await WriteAsync(
        async transaction =>
        {
            await write(transaction);
            return StoreConflict.None;
        },
        cancellationToken);

    /// <summary>
    /// Moves the write-ahead log into the file and leaves nothing in it: until then it keeps what was deleted since. A long read elsewhere can
    /// prevent it; then the log goes with the next time it is emptied, at the latest when the last process closes the file.
    /// </summary>
    public async Task EmptyLogAsync(CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            await Task.Run(EmptyLog, cancellationToken);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>The rule that a write broke, where it was one that its caller can break.</summary>
    public static StoreConflict? ConflictIn(StoreUnavailableException fault) => (fault.InnerException as SqliteException)?.SqliteExtendedErrorCode switch
    {
        ConstraintUnique or ConstraintPrimaryKey => StoreConflict.Duplicate,
        ConstraintForeignKey => StoreConflict.UnknownParent,
        _ => null,
    };

    StoreConflict? IStoreDatabase.ConflictIn(StoreUnavailableException fault) => ConflictIn(fault);

    /// <summary>Waits for what runs; whoever comes later, or waits for its turn, is refused.</summary>
    public async ValueTask DisposeAsync()
    {
        _closed = true;
        await _writing.WaitAsync();
        for (var reader = 0; reader < MaxReaders; reader++)
        {
            await _reading.WaitAsync();
        }
        while (_idleReaders.TryPop(out var reader))
        {
            await reader.DisposeAsync();
        }
        // The last connection that closes moves the write-ahead log into the file.
        await DropWriterAsync();
        _writing.Release();
        _reading.Release(MaxReaders);
    }

    private async Task<T> ReadHereAsync<T>(Func<StoreTransaction, Task<T>> read)
    {
        SqliteConnection? connection = null;
        try
        {
            connection = _idleReaders.TryPop(out var idle) ? idle : Open("PRAGMA query_only = ON");
            T result;
            using (var transaction = connection.BeginTransaction(deferred: true))
            {
                result = await read(new StoreTransaction(transaction));
            }
            _idleReaders.Push(connection);
            connection = null;
            return result;
        }
        catch (SqliteException e)
        {
            throw Unavailable(e);
        }
        finally
        {
            // Whatever went wrong, the next reader starts with a fresh connection.
            connection?.Dispose();
        }
    }

    private async Task<StoreConflict> WriteHereAsync(Func<StoreTransaction, Task<StoreConflict>> write)
    {
        try
        {
            _writer ??= OpenWriter();
            // Immediate: a transaction that begins by reading could not become a writer after somebody else wrote.
            using var transaction = _writer.BeginTransaction(deferred: false);
            var conflict = await write(new StoreTransaction(transaction));
            if (conflict == StoreConflict.None)
            {
                transaction.Commit();
            }
            return conflict;
        }
        catch (SqliteException e)
        {
            if (e.SqliteErrorCode != Constraint)
            {
                await DropWriterAsync();
            }
            throw Unavailable(e);
        }
    }

    private void EmptyLog()
    {
        try
        {
            _writer ??= OpenWriter();
            using var command = _writer.CreateCommand();
            command.CommandText = "PRAGMA wal_checkpoint(TRUNCATE)";
            command.ExecuteNonQuery();
        }
        catch (SqliteException e)
        {
            throw Unavailable(e);
        }
    }

    private SqliteConnection OpenWriter()
    {
        CreateFile();
        // In WAL mode readers and the writer do not block each other, and NORMAL is safe: a power cut may lose the last commits but tears nothing.
        // What is deleted is overwritten, too, and not only forgotten.
        return Open("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON");
    }

    private SqliteConnection Open(string pragmas)
    {
        SqliteNative.EnsureLoaded();
        var address = new SqliteConnectionStringBuilder
        {
            DataSource = _path,
            Mode = SqliteOpenMode.ReadWrite,
            Pooling = false,
            ForeignKeys = true,
            DefaultTimeout = BusySeconds,
        };
        var connection = new SqliteConnection(address.ToString());
        try
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = $"PRAGMA busy_timeout = {BusySeconds * 1000}; {pragmas}";
            command.ExecuteNonQuery();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>
    /// For the owner only; SQLite gives its -wal and -shm files the same mode. An existing file is never opened here: closing it would
    /// release the POSIX locks that other connections of this process hold on it.
    /// </summary>
    private void CreateFile()
    {
        if (File.Exists(_path))
        {
            return;
        }
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.ReadWrite };
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            }
            else
            {
                Directory.CreateDirectory(Path.GetDirectoryName(_path)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }
            using var created = new FileStream(_path, options);
        }
        catch (IOException) when (File.Exists(_path))
        {
            // Another process was first.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnavailableException($"The database file {_path} cannot be created: {e.Message}", e);
        }
    }

    private async Task DropWriterAsync()
    {
        if (_writer is not null)
        {
            await _writer.DisposeAsync();
            _writer = null;
        }
    }

    private StoreUnavailableException Unavailable(SqliteException e) => new($"The database file {_path} cannot be used. {e.Message}", e);
}
