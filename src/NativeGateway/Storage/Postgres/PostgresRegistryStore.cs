using NativeGateway.Model;
using NativeGateway.Storage.Backup;

namespace NativeGateway.Storage.Postgres;

/// <summary>The registry in Postgres: shared by any number of gateways, each of which hears of the others' changes at once.</summary>
internal sealed class PostgresRegistryStore : IRegistryStore
{
    public const string Channel = "native_gateway_registry";

    /// <summary>"ngw" and a number: the advisory lock that lets one process at a time change the schema.</summary>
    private const string LockSchema = "SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock(1852274433)";

    /// <summary>
    /// First in every change: its row lock puts changes in order, and the notification is delivered with the commit, or not at all.
    /// </summary>
    private const string RaiseRevision =
        $"WITH raised AS ({RegistrySql.RaiseRevision} RETURNING revision) SELECT pg_notify('{Channel}', revision::text) FROM raised";

    private readonly PostgresDatabase _database;
    private readonly PostgresListener _listener;
    private readonly RegistrySql _sql;
    private readonly ChangeSignal _changed = new();

    public PostgresRegistryStore(PostgresDatabase database, SecretBox secrets)
    {
        _database = database;
        _sql = new RegistrySql(secrets);
        _listener = new PostgresListener(database.Unpooled(), Channel, _changed);
    }

    public Task MigrateAsync(CancellationToken cancellationToken) => _database.WriteAsync(
        async transaction =>
        {
            await transaction.ExecuteScriptAsync(LockSchema, cancellationToken);
            await new Migrator("postgres").ApplyAsync(transaction, cancellationToken);
            await _sql.CheckKeyAsync(transaction, cancellationToken);
            return StoreConflict.None;
        },
        cancellationToken);

    public Task<RegistryConfig> LoadAsync(CancellationToken cancellationToken) =>
        _database.ReadAsync(transaction => _sql.LoadAsync(transaction, cancellationToken), cancellationToken);

    public Task<long> GetRevisionAsync(CancellationToken cancellationToken) =>
        _database.ReadAsync(transaction => RegistrySql.GetRevisionAsync(transaction, cancellationToken), cancellationToken);

    public async Task<bool> WaitForChangeAsync(long knownRevision, TimeSpan patience, CancellationToken cancellationToken)
    {
        _listener.Start();
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var next = _changed.Next;
            if (await GetRevisionAsync(cancellationToken) != knownRevision)
            {
                return true;
            }
            var remaining = patience - TimeProvider.System.GetElapsedTime(started);
            if (remaining <= TimeSpan.Zero)
            {
                return false;
            }
            // When patience ends the revision is asked once more, so that a notification that was lost delays a change but does not hide it.
            await next.WaitAsync(remaining, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    public async Task<bool> TryInitializeAsync(
        OrganizationConfig organization, WorkspaceConfig workspace, KeyConfig administrator, AuditEntry entry, CancellationToken cancellationToken) =>
        await ChangeAsync(
            transaction => _sql.InitializeAsync(transaction, organization, workspace, administrator, entry, cancellationToken),
            cancellationToken) == StoreConflict.None;

    public Task<StoreConflict> CommitAsync(RegistryChange change, CancellationToken cancellationToken) => ChangeAsync(
        async transaction =>
        {
            if (change.Writes.Any(write => write is EraseOrganization))
            {
                await PostgresUsageStore.KeepWritersOutAsync(transaction, cancellationToken);
            }

            return await _sql.ApplyAsync(transaction, change, cancellationToken);
        },
        cancellationToken);

    public Task<Creation?> FindCreationAsync(string callerId, string idempotencyKey, CancellationToken cancellationToken) =>
        _database.ReadAsync(transaction => RegistrySql.FindCreationAsync(transaction, callerId, idempotencyKey, cancellationToken), cancellationToken);

    public Task<IReadOnlyList<StoredCatalog>> LoadCatalogsAsync(CancellationToken cancellationToken) =>
        _database.ReadAsync(transaction => RegistrySql.LoadCatalogsAsync(transaction, cancellationToken), cancellationToken);

    public Task SaveCatalogAsync(StoredCatalog catalog, CancellationToken cancellationToken) =>
        _database.WriteAsync(transaction => RegistrySql.SaveAsync(transaction, catalog, cancellationToken), cancellationToken);

    public Task<ReadOnlyMemory<byte>> ExportRowsAsync(Guid organizationId, CancellationToken cancellationToken) =>
        _database.ReadAsync(transaction => RegistrySql.ExportRowsAsync(transaction, organizationId, cancellationToken), cancellationToken);

    public Task<BackupSummary> BackUpAsync(Stream output, DateTimeOffset now, CancellationToken cancellationToken) => _database.ReadAsync(
        transaction => BackupWriter.WriteAsync(transaction, output, now, cancellationToken), cancellationToken);

    public Task<StoreConflict> RestoreAsync(BackupReader backup, bool replaces, CancellationToken cancellationToken) => ChangeAsync(
        async transaction =>
        {
            // Not everything that writes counts the revision up, and waits for it.
            var tables = StoredTables.All.Where(table => !table.IsSingle).Select(table => table.Name);
            await transaction.ExecuteAsync($"LOCK TABLE {string.Join(", ", tables)} IN EXCLUSIVE MODE", [], cancellationToken);
            await UsagePartitions.EnsureAsync(transaction, DaysOf(backup), cancellationToken);
            return await _sql.RestoreAsync(transaction, backup, replaces, cancellationToken);
        },
        cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _listener.DisposeAsync();
        await _database.DisposeAsync();
        // Whoever still waits for a change finds the store closed.
        _changed.Raise();
    }

    /// <summary>The days that a backup has sums of minutes for.</summary>
    private static HashSet<long> DaysOf(BackupReader backup)
    {
        var days = new HashSet<long>();
        foreach (var row in backup.Read().Where(row => row.Table.Name == StoredTables.Minutes))
        {
            days.Add(UsagePartitions.DayOf((long)Array.Find(row.Values, value => value.Name == "at").Value!));
        }
        return days;
    }

    private async Task<StoreConflict> ChangeAsync(Func<StoreTransaction, Task<StoreConflict>> change, CancellationToken cancellationToken)
    {
        try
        {
            var conflict = await _database.WriteAsync(
                async transaction =>
                {
                    await transaction.ExecuteAsync(RaiseRevision, [], cancellationToken);
                    return await change(transaction);
                },
                cancellationToken);
            // Its own changes are seen even while the listener is away.
            _changed.Raise();
            return conflict;
        }
        catch (StoreUnavailableException e) when (PostgresDatabase.ConflictIn(e) is { } conflict)
        {
            return conflict;
        }
    }
}
