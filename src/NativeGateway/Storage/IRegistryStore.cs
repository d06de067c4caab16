using NativeGateway.Model;
using NativeGateway.Storage.Backup;

namespace NativeGateway.Storage;

/// <summary>
/// What the registry keeps, in the product's words. Two implementations: SQLite (embedded default) and Postgres (shared by replicas).
/// Every write is one transaction that also raises the registry's revision by one, and is visible to the next <see cref="LoadAsync"/>.
/// Secrets in headers and environments are encrypted before they reach SQL.
/// Faults of the database surface as <see cref="StoreUnavailableException"/>; broken rules (duplicate, unknown parent) as a <see cref="StoreConflict"/>.
/// A stored entry never changes its tenant: saving it under another organization (an upstream: another workspace) is <see cref="StoreConflict.NotFound"/>.
/// Times keep whole microseconds.
/// </summary>
internal interface IRegistryStore : IAsyncDisposable
{
    /// <summary>Brings the schema up to date and makes sure that this process has the database's encryption key. Safe when several replicas start at once.</summary>
    /// <exception cref="StoreConfigurationException">The database is newer than this program, or was encrypted with another key.</exception>
    Task MigrateAsync(CancellationToken cancellationToken);

    /// <summary>Everything a snapshot is compiled from, in one consistent read. Key order: by creation; upstream order: by order, then key.</summary>
    Task<RegistryConfig> LoadAsync(CancellationToken cancellationToken);

    /// <summary>The current revision; cheap enough to be asked every second.</summary>
    Task<long> GetRevisionAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Completes with true as soon as the revision is another one than <paramref name="knownRevision"/> (the caller's last loaded one, so that
    /// no change falls between loading and waiting), with false after <paramref name="patience"/>.
    /// Postgres: LISTEN, in a connection of its own that heals itself. SQLite: polls the revision, which also sees other processes.
    /// </summary>
    Task<bool> WaitForChangeAsync(long knownRevision, TimeSpan patience, CancellationToken cancellationToken);

    /// <summary>
    /// On a registry without any organization, stores all three at once, with the entry in the audit log, and returns true; otherwise changes nothing and returns false,
    /// so that of several replicas that start together exactly one creates the first key.
    /// </summary>
    Task<bool> TryInitializeAsync(OrganizationConfig organization, WorkspaceConfig workspace, KeyConfig administrator, AuditEntry entry, CancellationToken cancellationToken);

    /// <summary>Writes a change whole, its audit entries included, or nothing of it: the answer is the first conflict.</summary>
    Task<StoreConflict> CommitAsync(RegistryChange change, CancellationToken cancellationToken);

    /// <summary>What a caller created under an <c>Idempotency-Key</c>; null for nothing (any more). May be older than <see cref="Creation.Memory"/>.</summary>
    Task<Creation?> FindCreationAsync(string callerId, string idempotencyKey, CancellationToken cancellationToken);

    Task<IReadOnlyList<StoredCatalog>> LoadCatalogsAsync(CancellationToken cancellationToken);

    /// <summary>Keeps the last catalog of an upstream. Does not raise the revision. A catalog of an unknown upstream is kept too (file entries have no row).</summary>
    Task SaveCatalogAsync(StoredCatalog catalog, CancellationToken cancellationToken);

    /// <summary>What is stored of an organization and is no part of <see cref="LoadAsync"/>, as one JSON object: an array of rows for each table.</summary>
    Task<ReadOnlyMemory<byte>> ExportRowsAsync(Guid organizationId, CancellationToken cancellationToken);

    /// <summary>Writes everything that the database holds, in one consistent read that holds up nobody, in a form that either database can restore.</summary>
    /// <param name="output">Is written from its beginning.</param>
    /// <exception cref="StoreConfigurationException">The schema has not this program's version, or the output cannot be written.</exception>
    Task<BackupSummary> BackUpAsync(Stream output, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>
    /// Puts a backup in the place of everything, as one change. <see cref="StoreConflict.Duplicate"/> when there are organizations and it does
    /// not replace; other conflicts are rules of the schema that the backup itself breaks.
    /// </summary>
    /// <exception cref="StoreConfigurationException">The backup is broken, or its secrets were sealed with another key than this process has.</exception>
    Task<StoreConflict> RestoreAsync(BackupReader backup, bool replaces, CancellationToken cancellationToken);
}

/// <summary>Why a write was not done; <see cref="None"/> when it was.</summary>
internal enum StoreConflict
{
    None,

    /// <summary>The name is taken within its parent.</summary>
    Duplicate,

    /// <summary>The organization or workspace it belongs to does not exist.</summary>
    UnknownParent,

    /// <summary>There is nothing under that id.</summary>
    NotFound,

    /// <summary>The registry was changed since the revision that the change was decided on.</summary>
    Outdated,
}

/// <summary>The database cannot be reached or refuses to work. The message names no secret and no connection string.</summary>
internal sealed class StoreUnavailableException(string message, Exception inner) : Exception(message, inner);
