using NativeGateway.DataPlane.Policy;
using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Registry;

/// <summary>Why an operation was refused, for the person who asked for it.</summary>
internal sealed record Refusal(string Message);

/// <summary>A key that was just made or renewed. The text is shown once and then forgotten.</summary>
internal sealed record IssuedKey(KeyConfig Key, string Text)
{
    public override string ToString() => $"key {Key.Id}";
}

/// <summary>What a new key shall be.</summary>
internal sealed record KeyRequest(string Name, KeyScopes Scopes, PermissionConfig Permissions, LimitConfig? Limits, DateTimeOffset? ExpiresAt);

/// <summary>The validated operations on the registry, for the command line and the administration API alike. Works in one workspace.</summary>
internal sealed class RegistryWriter(IRegistryStore store, TimeProvider time)
{
    /// <summary>
    /// Creates the first organization, workspace and administrator key on an empty database; null when there is something already, so that
    /// of several processes exactly one gets (and shows) the key.
    /// </summary>
    public async Task<IssuedKey?> InitializeAsync(CancellationToken cancellationToken)
    {
        // Asked first, because hashing a key that is not needed takes a noticeable part of a start.
        var registry = await store.LoadAsync(cancellationToken);
        if (registry.Organizations.Count > 0)
        {
            return null;
        }

        var issued = Issue(new KeyRequest("administrator", KeyScopeText.All, PermissionConfig.Everything, null, null));
        var first = await store.TryInitializeAsync(DefaultTenant.Organization, DefaultTenant.Workspace, issued.Key, cancellationToken);
        return first ? issued : null;
    }

    /// <summary>Adds an upstream, or replaces the one of that name when asked to.</summary>
    public async Task<Refusal?> SaveUpstreamAsync(UpstreamConfig upstream, bool replace, CancellationToken cancellationToken)
    {
        var registry = await store.LoadAsync(cancellationToken);
        var existing = Find(registry, upstream.Key);
        if (existing is not null && !replace)
        {
            return new Refusal($"there is a server \"{upstream.Key}\" already; remove it first, or replace it");
        }

        var stored = upstream with { Id = existing?.Id ?? Guid.CreateVersion7(time.GetUtcNow()), Source = ConfigSource.Database };
        return Explain(await store.SaveUpstreamAsync(stored, cancellationToken), upstream.Key);
    }

    public async Task<Refusal?> SetDisabledAsync(string key, bool disabled, CancellationToken cancellationToken)
    {
        var upstream = Find(await store.LoadAsync(cancellationToken), key);
        if (upstream is null)
        {
            return Unknown(key);
        }

        return upstream.Disabled == disabled
            ? null
            : Explain(await store.SaveUpstreamAsync(upstream with { Disabled = disabled }, cancellationToken), key);
    }

    public async Task<Refusal?> RemoveUpstreamAsync(string key, CancellationToken cancellationToken)
    {
        var upstream = Find(await store.LoadAsync(cancellationToken), key);
        return upstream is null ? Unknown(key) : Explain(await store.DeleteUpstreamAsync(upstream.Id, cancellationToken), key);
    }

    public async Task<(IssuedKey? Issued, Refusal? Refusal)> CreateKeyAsync(KeyRequest request, CancellationToken cancellationToken)
    {
        var issued = Issue(request);
        var refusal = Explain(await store.SaveKeyAsync(issued.Key, cancellationToken), issued.Key.Id);
        return refusal is null ? (issued, null) : (null, refusal);
    }

    /// <summary>Gives a key a new secret; the former one is refused at once.</summary>
    public async Task<(IssuedKey? Issued, Refusal? Refusal)> RotateKeyAsync(KeyConfig key, CancellationToken cancellationToken)
    {
        if (key.RevokedAt is not null)
        {
            return (null, new Refusal($"key {key.Id} is revoked and stays so; create a new one"));
        }

        var renewed = ApiKey.Create(key.Id);
        var issued = new IssuedKey(key with { SecretHash = Argon2id.Hash(renewed.Secret) }, renewed.Text);
        var refusal = Explain(await store.SaveKeyAsync(issued.Key, cancellationToken), key.Id);
        return refusal is null ? (issued, null) : (null, refusal);
    }

    public async Task<Refusal?> RevokeKeyAsync(KeyConfig key, CancellationToken cancellationToken)
    {
        return key.RevokedAt is not null
            ? null
            : Explain(await store.SaveKeyAsync(key with { RevokedAt = time.GetUtcNow() }, cancellationToken), key.Id);
    }

    private IssuedKey Issue(KeyRequest request)
    {
        var made = ApiKey.Create();
        var key = new KeyConfig
        {
            Id = made.Id,
            OrganizationId = DefaultTenant.OrganizationId,
            WorkspaceId = DefaultTenant.WorkspaceId,
            Name = request.Name,
            SecretHash = Argon2id.Hash(made.Secret),
            Scopes = request.Scopes,
            Permissions = request.Permissions,
            Limits = request.Limits,
            CreatedAt = time.GetUtcNow(),
            ExpiresAt = request.ExpiresAt,
        };
        return new IssuedKey(key, made.Text);
    }

    private static UpstreamConfig? Find(RegistryConfig registry, string key)
    {
        return registry.Upstreams.FirstOrDefault(upstream => upstream.WorkspaceId == DefaultTenant.WorkspaceId && upstream.Key == key);
    }

    private static Refusal Unknown(string key) => new($"there is no server \"{key}\" in the database");

    private static Refusal? Explain(StoreConflict conflict, string name) => conflict switch
    {
        StoreConflict.None => null,
        StoreConflict.Duplicate => new Refusal($"\"{name}\" exists already"),
        StoreConflict.NotFound => new Refusal($"\"{name}\" does not exist (any more)"),
        _ => new Refusal("the workspace \"default\" does not exist; was this database made by another program?"),
    };
}
