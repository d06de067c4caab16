using NativeGateway.ControlPlane.Audit;
using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Registry;

/// <summary>
/// Reads and changes the registry, for the command line and the administration API alike. A change is decided on one state, checked as the
/// snapshot would check it, and written only if that state is still the present one; otherwise it is decided again. So no two administrators
/// undo each other's work unseen, and nothing is stored that would keep the gateway from loading its configuration.
/// </summary>
/// <param name="reader">Of the same store.</param>
/// <param name="file">What the configuration file says at the moment.</param>
internal sealed class RegistryWriter(IRegistryStore store, RegistryReader reader, TimeProvider time, Func<FileConfig> file)
{
    private const int MostAttempts = 32;

    public FileConfig File => file();

    /// <inheritdoc cref="RegistryReader.LoadAsync"/>
    public Task<RegistryConfig> LoadAsync(CancellationToken cancellationToken) => reader.LoadAsync(cancellationToken);

    /// <summary>
    /// Creates the first organization, workspace and administrator key on an empty database; null when there is something already, so that
    /// of several processes exactly one gets (and shows) the key.
    /// </summary>
    public async Task<IssuedKey?> InitializeAsync(CancellationToken cancellationToken)
    {
        // Asked first, because hashing a key that is not needed takes a noticeable part of a start.
        var registry = await LoadAsync(cancellationToken);
        if (registry.Organizations.Count > 0)
        {
            return null;
        }

        var request = new KeyRequest("administrator", KeyScopeText.All, PermissionConfig.Everything, null, null);
        var issued = IssuedKey.Create(request, DefaultTenant.Workspace, time.GetUtcNow());
        var first = await store.TryInitializeAsync(DefaultTenant.Organization, DefaultTenant.Workspace, issued.Key, AuditTrail.OfStart(issued.Key), cancellationToken);
        return first ? issued : null;
    }

    /// <summary>Null when the change is made, and stands in the audit log.</summary>
    /// <param name="plan">Called again when the registry has become another one meanwhile.</param>
    public async Task<Refusal?> ChangeAsync(Author author, Func<RegistryConfig, Plan> plan, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            var registry = await LoadAsync(cancellationToken);
            var (writes, refusal) = plan(registry);
            if ((refusal ?? WhyInvalid(registry, writes)) is { } why)
            {
                return why;
            }

            var conflict = writes.Count == 0
                ? StoreConflict.None
                : await store.CommitAsync(new RegistryChange(writes, registry.Revision) { Audit = AuditTrail.Of(registry, writes, author, time.GetUtcNow()) }, cancellationToken);
            if (conflict != StoreConflict.Outdated)
            {
                return Explain(conflict);
            }
        }

        return new Refusal(RefusalKind.Busy, "the registry is being changed by many at once; try again");
    }

    /// <inheritdoc cref="IRegistryStore.ExportRowsAsync"/>
    public Task<ReadOnlyMemory<byte>> ExportRowsAsync(Guid organizationId, CancellationToken cancellationToken) =>
        store.ExportRowsAsync(organizationId, cancellationToken);

    /// <summary>What an <c>Idempotency-Key</c> created within the time that this is remembered for.</summary>
    public async Task<Creation?> FindCreationAsync(string callerId, string idempotencyKey, CancellationToken cancellationToken)
    {
        var creation = await store.FindCreationAsync(callerId, idempotencyKey, cancellationToken);
        return creation is not null && creation.CreatedAt + Creation.Memory > time.GetUtcNow() ? creation : null;
    }

    /// <summary>Faults that the change would add; those that are there already are not its fault.</summary>
    private Refusal? WhyInvalid(RegistryConfig registry, IReadOnlyList<RegistryWrite> writes)
    {
        var after = writes.Count == 0 ? [] : FaultsOf(RegistryPreview.After(registry, writes));
        if (after.Count == 0)
        {
            return null;
        }

        var added = after.Except(FaultsOf(registry), StringComparer.Ordinal).ToList();
        return added.Count == 0 ? null : new Refusal(RefusalKind.Conflict, string.Join(' ', added));
    }

    private List<string> FaultsOf(RegistryConfig registry)
    {
        var faults = new List<string>();
        var settings = StoredSettings.Effective(registry, File);
        SnapshotBuilder.Check(registry, File.Upstreams, File.Keys, settings, anonymousAllowed: !settings.AuthRequired, faults);
        faults.RemoveAll(SnapshotBuilder.IsWarning);
        return faults;
    }

    /// <summary>What the plan could have known, had it looked; names are the one rule that is left to the database.</summary>
    private static Refusal? Explain(StoreConflict conflict) => conflict switch
    {
        StoreConflict.None => null,
        StoreConflict.Duplicate => new Refusal(RefusalKind.Conflict, "there is one of that name already"),
        StoreConflict.NotFound => new Refusal(RefusalKind.NotFound, "it does not exist (any more)"),
        _ => new Refusal(RefusalKind.Conflict, "what it belongs to does not exist, or something still belongs to it"),
    };
}
