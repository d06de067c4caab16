using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Registry;

/// <summary>What an operator may do on the machine itself and nobody over the API: vouch for an upstream. In the default workspace.</summary>
internal sealed class OperatorWriter(RegistryWriter registry, TimeProvider time)
{
    /// <summary>Adds an upstream, or replaces the one of that name when asked to.</summary>
    public Task<Refusal?> SaveUpstreamAsync(UpstreamConfig upstream, bool replace, CancellationToken cancellationToken) => registry.ChangeAsync(
        Author.Operator(),
        state =>
        {
            var existing = state.Upstreams.FirstOrDefault(one => one.WorkspaceId == DefaultTenant.WorkspaceId && one.Key == upstream.Key);
            return existing is not null && !replace
                ? Plan.Refuse(RefusalKind.Conflict, $"there is a server \"{upstream.Key}\" already; remove it first, or replace it")
                : Plan.Write(new SaveUpstream(upstream with { Id = existing?.Id ?? Guid.CreateVersion7(time.GetUtcNow()), Source = ConfigSource.Database }));
        },
        cancellationToken);
}
