using NativeGateway.Model;
using NativeGateway.Storage;
using NativeGateway.Storage.Backup;

namespace NativeGateway.Tests.ControlPlane.Registry;

/// <summary>A registry in memory that can be down, and that tells what is asked of it.</summary>
internal sealed class MemoryStore : IRegistryStore
{
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public RegistryConfig Registry { get; private set; } =
        RegistryConfig.Empty with { Revision = 1, Organizations = [DefaultTenant.Organization], Workspaces = [DefaultTenant.Workspace] };

    public Dictionary<Guid, StoredCatalog> Catalogs { get; } = [];

    public bool IsDown { get; set; }

    /// <summary>How often all of it was read.</summary>
    public int Loads { get; private set; }

    /// <summary>Completes with the next attempt to reach it while it is down.</summary>
    public TaskCompletionSource Refused { get; set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource CatalogSaved { get; set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Change(Func<RegistryConfig, RegistryConfig> change)
    {
        Registry = change(Registry) with { Revision = Registry.Revision + 1 };
        Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    public Task MigrateAsync(CancellationToken cancellationToken) => Reach(0);

    public Task<RegistryConfig> LoadAsync(CancellationToken cancellationToken)
    {
        Loads++;
        return Reach(Registry);
    }

    public Task<long> GetRevisionAsync(CancellationToken cancellationToken) => Reach(Registry.Revision);

    public async Task<bool> WaitForChangeAsync(long knownRevision, TimeSpan patience, CancellationToken cancellationToken)
    {
        while (true)
        {
            var changed = _changed.Task;
            if (await Reach(Registry.Revision) != knownRevision)
            {
                return true;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    public Task<bool> TryInitializeAsync(OrganizationConfig organization, WorkspaceConfig workspace, KeyConfig administrator, AuditEntry entry, CancellationToken cancellationToken) =>
        Reach(false);

    public Task<StoreConflict> CommitAsync(RegistryChange change, CancellationToken cancellationToken) => Reach(StoreConflict.None);

    public Task<Creation?> FindCreationAsync(string callerId, string idempotencyKey, CancellationToken cancellationToken) => Reach<Creation?>(null);

    public Task<IReadOnlyList<StoredCatalog>> LoadCatalogsAsync(CancellationToken cancellationToken) =>
        Reach<IReadOnlyList<StoredCatalog>>([.. Catalogs.Values]);

    public async Task SaveCatalogAsync(StoredCatalog catalog, CancellationToken cancellationToken)
    {
        await Reach(0);
        Catalogs[catalog.UpstreamId] = catalog;
        CatalogSaved.TrySetResult();
    }

    public Task<ReadOnlyMemory<byte>> ExportRowsAsync(Guid organizationId, CancellationToken cancellationToken) => Reach<ReadOnlyMemory<byte>>("{}"u8.ToArray());

    public Task<BackupSummary> BackUpAsync(Stream output, DateTimeOffset now, CancellationToken cancellationToken) =>
        throw new NotSupportedException("A database of a test that keeps nothing has no backup.");

    public Task<StoreConflict> RestoreAsync(BackupReader backup, bool replaces, CancellationToken cancellationToken) => Reach(StoreConflict.None);

    public ValueTask DisposeAsync() => default;

    private Task<T> Reach<T>(T answer)
    {
        if (!IsDown)
        {
            return Task.FromResult(answer);
        }

        Refused.TrySetResult();
        return Task.FromException<T>(new StoreUnavailableException("The database is down.", new IOException()));
    }
}
