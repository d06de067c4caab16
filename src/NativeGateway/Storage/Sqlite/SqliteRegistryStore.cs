using NativeGateway.Model;
using NativeGateway.Storage.Backup;

namespace NativeGateway.Storage.Sqlite;

/// <summary>The registry in a SQLite file: the embedded default, for one gateway and the command line beside it.</summary>
internal sealed class SqliteRegistryStore(SqliteDatabase database, SecretBox secrets) : IRegistryStore
{
    /// <summary>How soon a change by another process is seen.</summary>
    private static readonly TimeSpan s_pollInterval = TimeSpan.FromMilliseconds(400);

    private readonly RegistrySql _sql = new(secrets);
    private readonly ChangeSignal _changed = new();

    public Task MigrateAsync(CancellationToken cancellationToken) => database.WriteAsync(
        async transaction =>
        {
            await new Migrator("sqlite").ApplyAsync(transaction, cancellationToken);
            await _sql.CheckKeyAsync(transaction, cancellationToken);
            return StoreConflict.None;
        },
        cancellationToken);

    public Task<RegistryConfig> LoadAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(transaction => _sql.LoadAsync(transaction, cancellationToken), cancellationToken);

    public Task<long> GetRevisionAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(transaction => RegistrySql.GetRevisionAsync(transaction, cancellationToken), cancellationToken);

    public async Task<bool> WaitForChangeAsync(long knownRevision, TimeSpan patience, CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var next = _changed.Next;
            // The revision itself and not PRAGMA data_version: as cheap to read, and blind to writes that are no change of the registry.
            if (await GetRevisionAsync(cancellationToken) != knownRevision)
            {
                return true;
            }
            var remaining = patience - TimeProvider.System.GetElapsedTime(started);
            if (remaining <= TimeSpan.Zero)
            {
                return false;
            }
            var pause = remaining < s_pollInterval ? remaining : s_pollInterval;
            // Not WaitAsync: its time-outs are exceptions, with a stack trace each.
            await Task.WhenAny(next, Task.Delay(pause, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    public async Task<bool> TryInitializeAsync(
        OrganizationConfig organization, WorkspaceConfig workspace, KeyConfig administrator, AuditEntry entry, CancellationToken cancellationToken) =>
        await ChangeAsync(
            transaction => _sql.InitializeAsync(transaction, organization, workspace, administrator, entry, cancellationToken),
            cancellationToken) == StoreConflict.None;

    public async Task<StoreConflict> CommitAsync(RegistryChange change, CancellationToken cancellationToken)
    {
        var conflict = await ChangeAsync(transaction => _sql.ApplyAsync(transaction, change, cancellationToken), cancellationToken);
        if (conflict == StoreConflict.None && change.Writes.Any(write => write is EraseOrganization))
        {
            await database.EmptyLogAsync(cancellationToken);
        }
        return conflict;
    }

    public Task<Creation?> FindCreationAsync(string callerId, string idempotencyKey, CancellationToken cancellationToken) =>
        database.ReadAsync(transaction => RegistrySql.FindCreationAsync(transaction, callerId, idempotencyKey, cancellationToken), cancellationToken);

    public Task<IReadOnlyList<StoredCatalog>> LoadCatalogsAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(transaction => RegistrySql.LoadCatalogsAsync(transaction, cancellationToken), cancellationToken);

    public Task SaveCatalogAsync(StoredCatalog catalog, CancellationToken cancellationToken) =>
        database.WriteAsync(transaction => RegistrySql.SaveAsync(transaction, catalog, cancellationToken), cancellationToken);

    public Task<ReadOnlyMemory<byte>> ExportRowsAsync(Guid organizationId, CancellationToken cancellationToken) =>
        database.ReadAsync(transaction => RegistrySql.ExportRowsAsync(transaction, organizationId, cancellationToken), cancellationToken);

    public Task<BackupSummary> BackUpAsync(Stream output, DateTimeOffset now, CancellationToken cancellationToken) => database.ReadAsync(
        transaction => BackupWriter.WriteAsync(transaction, output, now, cancellationToken), cancellationToken);

    public Task<StoreConflict> RestoreAsync(BackupReader backup, bool replaces, CancellationToken cancellationToken) =>
        ChangeAsync(transaction => _sql.RestoreAsync(transaction, backup, replaces, cancellationToken), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await database.DisposeAsync();
        // Whoever still waits for a change finds the store closed.
        _changed.Raise();
    }

    private async Task<StoreConflict> ChangeAsync(Func<StoreTransaction, Task<StoreConflict>> change, CancellationToken cancellationToken)
    {
        try
        {
            var conflict = await database.WriteAsync(
                async transaction =>
                {
                    await transaction.ExecuteAsync(RegistrySql.RaiseRevision, [], cancellationToken);
                    return await change(transaction);
                },
                cancellationToken);
            _changed.Raise();
            return conflict;
        }
        catch (StoreUnavailableException e) when (SqliteDatabase.ConflictIn(e) is { } conflict)
        {
            return conflict;
        }
    }
}
