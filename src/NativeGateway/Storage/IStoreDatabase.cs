namespace NativeGateway.Storage;

/// <summary>
/// A database, as stores know it whose statements SQLite and Postgres understand alike. Any thread. Faults surface as
/// <see cref="StoreUnavailableException"/>.
/// </summary>
internal interface IStoreDatabase : IAsyncDisposable
{
    /// <summary>Runs in one consistent view of the database.</summary>
    Task<T> ReadAsync<T>(Func<StoreTransaction, Task<T>> read, CancellationToken cancellationToken);

    /// <summary>Runs in one transaction, which is committed unless it throws.</summary>
    Task CommitAsync(Func<StoreTransaction, Task> write, CancellationToken cancellationToken);

    /// <summary>Which rule of the schema a transaction ran into; null when it failed for another reason.</summary>
    StoreConflict? ConflictIn(StoreUnavailableException fault);
}
