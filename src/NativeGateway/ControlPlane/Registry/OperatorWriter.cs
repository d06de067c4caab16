using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Registry;

/// <summary>The changes that an operator makes on the machine itself, by names instead of ids, in the default workspace.</summary>
internal sealed class OperatorWriter(RegistryWriter registry, TimeProvider time)
{
    /// <summary>Adds an upstream, or replaces the one of that name when asked to.</summary>
    public Task<Refusal?> SaveUpstreamAsync(UpstreamConfig upstream, bool replace, CancellationToken cancellationToken) => registry.ChangeAsync(
        state =>
        {
            var existing = Find(state, upstream.Key);
            return existing is not null && !replace
                ? Plan.Refuse(RefusalKind.Conflict, $"there is a server \"{upstream.Key}\" already; remove it first, or replace it")
                : Plan.Write(new SaveUpstream(upstream with { Id = existing?.Id ?? Guid.CreateVersion7(time.GetUtcNow()), Source = ConfigSource.Database }));
        },
        cancellationToken);

    public Task<Refusal?> SetDisabledAsync(string key, bool disabled, CancellationToken cancellationToken) => registry.ChangeAsync(
        state => Find(state, key) is not { } upstream ? Unknown(key)
            : upstream.Disabled == disabled ? Plan.Nothing
            : Plan.Write(new SaveUpstream(upstream with { Disabled = disabled })),
        cancellationToken);

    public Task<Refusal?> RemoveUpstreamAsync(string key, CancellationToken cancellationToken) => registry.ChangeAsync(
        state => Find(state, key) is { } upstream ? Plan.Write(new DeleteUpstream(upstream.Id)) : Unknown(key),
        cancellationToken);

    public async Task<(IssuedKey? Issued, Refusal? Refusal)> CreateKeyAsync(KeyRequest request, CancellationToken cancellationToken)
    {
        var issued = IssuedKey.Create(request, DefaultTenant.Workspace, time.GetUtcNow());
        var refusal = await registry.ChangeAsync(_ => Plan.Write(new SaveKey(issued.Key)), cancellationToken);
        return refusal is null ? (issued, null) : (null, refusal);
    }

    /// <summary>Gives a key a new secret; the former one is refused at once.</summary>
    public async Task<(IssuedKey? Issued, Refusal? Refusal)> RotateKeyAsync(KeyConfig key, CancellationToken cancellationToken)
    {
        if (key.RevokedAt is not null)
        {
            return (null, new Refusal(RefusalKind.Conflict, $"key {key.Id} is revoked and stays so; create a new one"));
        }

        var issued = IssuedKey.Renew(key);
        var refusal = await registry.ChangeAsync(_ => Plan.Write(new SaveKey(issued.Key)), cancellationToken);
        return refusal is null ? (issued, null) : (null, refusal);
    }

    public Task<Refusal?> RevokeKeyAsync(KeyConfig key, CancellationToken cancellationToken) => registry.ChangeAsync(
        _ => key.RevokedAt is null ? Plan.Write(new SaveKey(key with { RevokedAt = time.GetUtcNow() })) : Plan.Nothing,
        cancellationToken);

    private static UpstreamConfig? Find(RegistryConfig registry, string key)
    {
        return registry.Upstreams.FirstOrDefault(upstream => upstream.WorkspaceId == DefaultTenant.WorkspaceId && upstream.Key == key);
    }

    private static Plan Unknown(string key) => Plan.Refuse(RefusalKind.NotFound, $"there is no server \"{key}\" in the database");
}
