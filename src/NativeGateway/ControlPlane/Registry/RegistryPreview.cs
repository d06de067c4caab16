using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Registry;

/// <summary>What the registry would be after a change, to be checked before it is made.</summary>
internal static class RegistryPreview
{
    public static RegistryConfig After(RegistryConfig registry, IReadOnlyList<RegistryWrite> writes) => writes.Aggregate(registry, After);

    private static RegistryConfig After(RegistryConfig registry, RegistryWrite write) => write switch
    {
        SaveOrganization save => registry with { Organizations = [.. registry.Organizations.Where(one => one.Id != save.Organization.Id), save.Organization] },
        SaveWorkspace save => registry with { Workspaces = [.. registry.Workspaces.Where(one => one.Id != save.Workspace.Id), save.Workspace] },
        SaveUpstream save => registry with { Upstreams = [.. registry.Upstreams.Where(one => one.Id != save.Upstream.Id), save.Upstream] },
        SaveKey save => registry with { Keys = [.. registry.Keys.Where(one => one.Id != save.Key.Id), save.Key] },
        SaveWebhook save => registry with { Webhooks = [.. registry.Webhooks.Where(one => one.Id != save.Webhook.Id), save.Webhook] },
        SaveUser save => registry with { Users = [.. registry.Users.Where(one => one.Id != save.User.Id), save.User] },
        SaveMember save => registry with { Members = [.. registry.Members.Where(one => one.Id != save.Member.Id), save.Member] },
        SaveInvitation save => registry with { Invitations = [.. registry.Invitations.Where(one => one.Id != save.Invitation.Id), save.Invitation] },
        SaveSetting save => registry with { Settings = new Dictionary<string, string>(registry.Settings) { [save.Name] = save.Value } },
        DeleteOrganization delete => registry with { Organizations = [.. registry.Organizations.Where(one => one.Id != delete.Id)] },
        EraseOrganization erase => Without(registry, erase.Id),
        DeleteWorkspace delete => registry with { Workspaces = [.. registry.Workspaces.Where(one => one.Id != delete.Id)] },
        DeleteUpstream delete => registry with { Upstreams = [.. registry.Upstreams.Where(one => one.Id != delete.Id)] },
        DeleteKey delete => registry with { Keys = [.. registry.Keys.Where(one => one.Id != delete.Id)] },
        DeleteWebhook delete => registry with { Webhooks = [.. registry.Webhooks.Where(one => one.Id != delete.Id)] },
        DeleteUser delete => registry with { Users = [.. registry.Users.Where(one => one.Id != delete.Id)] },
        DeleteMember delete => registry with { Members = [.. registry.Members.Where(one => one.Id != delete.Id)] },
        DeleteInvitation delete => registry with { Invitations = [.. registry.Invitations.Where(one => one.Id != delete.Id)] },
        _ => registry,
    };

    private static RegistryConfig Without(RegistryConfig registry, Guid organizationId)
    {
        var workspaces = registry.Workspaces.Where(one => one.OrganizationId == organizationId).ToList();
        return registry with
        {
            Organizations = [.. registry.Organizations.Where(one => one.Id != organizationId)],
            Workspaces = [.. registry.Workspaces.Where(one => one.OrganizationId != organizationId)],
            Upstreams = [.. registry.Upstreams.Where(one => !workspaces.Exists(workspace => workspace.Id == one.WorkspaceId))],
            Keys = [.. registry.Keys.Where(one => one.OrganizationId != organizationId)],
            Members = [.. registry.Members.Where(one => one.OrganizationId != organizationId)],
        };
    }
}
