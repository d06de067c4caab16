using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.IntegrationTests.Storage;

/// <summary>Changes of one write, whatever happened since.</summary>
internal static class StoreWrites
{
    public static Task<StoreConflict> SaveOrganizationAsync(this IRegistryStore store, OrganizationConfig organization, CancellationToken cancellationToken) =>
        store.CommitAsync(new RegistryChange([new SaveOrganization(organization)], null), cancellationToken);

    public static Task<StoreConflict> SaveWorkspaceAsync(this IRegistryStore store, WorkspaceConfig workspace, CancellationToken cancellationToken) =>
        store.CommitAsync(new RegistryChange([new SaveWorkspace(workspace)], null), cancellationToken);

    public static Task<StoreConflict> SaveUpstreamAsync(this IRegistryStore store, UpstreamConfig upstream, CancellationToken cancellationToken) =>
        store.CommitAsync(new RegistryChange([new SaveUpstream(upstream)], null), cancellationToken);

    public static Task<StoreConflict> DeleteUpstreamAsync(this IRegistryStore store, Guid upstreamId, CancellationToken cancellationToken) =>
        store.CommitAsync(new RegistryChange([new DeleteUpstream(upstreamId)], null), cancellationToken);

    public static Task<StoreConflict> SaveKeyAsync(this IRegistryStore store, KeyConfig key, CancellationToken cancellationToken) =>
        store.CommitAsync(new RegistryChange([new SaveKey(key)], null), cancellationToken);

    public static Task<StoreConflict> SaveSettingAsync(this IRegistryStore store, string name, string value, CancellationToken cancellationToken) =>
        store.CommitAsync(new RegistryChange([new SaveSetting(name, value)], null), cancellationToken);
}
