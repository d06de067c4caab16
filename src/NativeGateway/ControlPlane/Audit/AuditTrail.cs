using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Audit;

/// <summary>What the audit log says of a change. It is read off the change itself, so no operation can forget to tell it.</summary>
internal static class AuditTrail
{
    /// <param name="before">The registry that the change was decided on.</param>
    public static IReadOnlyList<AuditEntry> Of(RegistryConfig before, IReadOnlyList<RegistryWrite> writes, Author author, DateTimeOffset now) =>
    [
        .. writes.Select(write => ChangeOf(before, writes, write)).OfType<Change>().Select(change => new AuditEntry
        {
            At = now,
            OrganizationId = change.OrganizationId,
            Actor = author.Actor,
            Action = $"{change.Type}.{change.Verb}",
            ResourceType = change.Type,
            ResourceId = change.Id,
            Fields = change.Fields,
            RequestId = author.RequestId,
        }),
    ];

    /// <summary>Of the first start on an empty database.</summary>
    public static AuditEntry OfStart(KeyConfig administrator) => new()
    {
        At = administrator.CreatedAt,
        OrganizationId = administrator.OrganizationId,
        Actor = AuditActor.System,
        Action = "instance.created",
        ResourceType = "key",
        ResourceId = administrator.Id,
    };

    /// <summary>Null for what is no change to anybody: what an <c>Idempotency-Key</c> created; and for what follows from another one: sessions that end.</summary>
    private static Change? ChangeOf(RegistryConfig before, IReadOnlyList<RegistryWrite> writes, RegistryWrite write) => write switch
    {
        SaveOrganization save => Saved(
            "organization", save.Organization.Id, save.Organization.Id, before.Organizations.FirstOrDefault(one => one.Id == save.Organization.Id),
            save.Organization, AuditFields.Of),
        SaveWorkspace save => Saved(
            "workspace", save.Workspace.Id, save.Workspace.OrganizationId, before.Workspaces.FirstOrDefault(one => one.Id == save.Workspace.Id),
            save.Workspace, AuditFields.Of),
        SaveUpstream save => Saved(
            "server", save.Upstream.Id, OwnerOf(before, save.Upstream.WorkspaceId), before.Upstreams.FirstOrDefault(one => one.Id == save.Upstream.Id),
            save.Upstream, AuditFields.Of),
        SaveKey save => Saved(
            "key", save.Key.Id, save.Key.OrganizationId, before.Keys.FirstOrDefault(one => one.Id == save.Key.Id), save.Key, AuditFields.Of),
        SaveWebhook save => Saved(
            "webhook", save.Webhook.Id, save.Webhook.OrganizationId, before.Webhooks.FirstOrDefault(one => one.Id == save.Webhook.Id),
            save.Webhook, AuditFields.Of),
        SaveUser save => Saved(
            "user", save.User.Id, OrganizationOf(before, writes, save.User.Id), before.Users.FirstOrDefault(one => one.Id == save.User.Id), save.User,
            AuditFields.Of),
        SaveMember save => Saved(
            "member", save.Member.Id, save.Member.OrganizationId, before.Members.FirstOrDefault(one => one.Id == save.Member.Id), save.Member, AuditFields.Of),
        SaveInvitation save => Saved(
            "invitation", save.Invitation.Id, save.Invitation.OrganizationId, before.Invitations.FirstOrDefault(one => one.Id == save.Invitation.Id),
            save.Invitation, AuditFields.Of),
        DeleteUser delete => Deleted("user", delete.Id, OrganizationOf(before, writes, delete.Id)),
        DeleteMember delete => Deleted("member", delete.Id, before.Members.FirstOrDefault(one => one.Id == delete.Id)?.OrganizationId),
        DeleteInvitation delete => new Change(
            "invitation", $"{delete.Id}", before.Invitations.FirstOrDefault(one => one.Id == delete.Id)?.OrganizationId, delete.Accepted ? "accepted" : "revoked", []),
        SaveSetting save => new Change(
            "settings", save.Name, null, "updated", AuditFields.Changed(AuditFields.OfSetting(before.Settings.GetValueOrDefault(save.Name)), AuditFields.OfSetting(save.Value))),
        DeleteOrganization delete => Deleted("organization", delete.Id, delete.Id),
        EraseOrganization erase => Deleted("organization", erase.Id, erase.Id),
        DeleteWorkspace delete => Deleted("workspace", delete.Id, OwnerOf(before, delete.Id)),
        DeleteUpstream delete => Deleted("server", delete.Id, OwnerOf(before, before.Upstreams.FirstOrDefault(one => one.Id == delete.Id)?.WorkspaceId)),
        DeleteKey delete => Deleted("key", delete.Id, before.Keys.FirstOrDefault(one => one.Id == delete.Id)?.OrganizationId),
        DeleteWebhook delete => Deleted("webhook", delete.Id, before.Webhooks.FirstOrDefault(one => one.Id == delete.Id)?.OrganizationId),
        _ => null,
    };

    private static Change Saved<T>(string type, object id, Guid? organizationId, T? before, T after, Func<T, Dictionary<string, string?>> fieldsOf)
        where T : class
    {
        if (before is null)
        {
            return new Change(type, $"{id}", organizationId, "created", []);
        }

        var now = fieldsOf(after);
        var fields = AuditFields.Changed(fieldsOf(before), now);
        return new Change(type, $"{id}", organizationId, VerbOf(fields, now), fields);
    }

    /// <summary>What people call it, where one field alone says it all.</summary>
    private static string VerbOf(List<string> fields, Dictionary<string, string?> now) => fields switch
    {
        ["secret"] => "rotated",
        ["revokedAt"] => "revoked",
        ["password"] => "password_changed",
        ["token"] => "renewed",
        ["disabled"] => now["disabled"] == "true" ? "disabled" : "enabled",
        ["suspended"] => now["suspended"] == "true" ? "suspended" : "resumed",
        _ => "updated",
    };

    private static Change Deleted(string type, object id, Guid? organizationId) => new(type, $"{id}", organizationId, "deleted", []);

    /// <summary>Whose administrators are told of a user: those of the organization that it joins or is a member of, the oldest first.</summary>
    private static Guid? OrganizationOf(RegistryConfig before, IReadOnlyList<RegistryWrite> writes, Guid userId) =>
        before.Members.FirstOrDefault(member => member.UserId == userId)?.OrganizationId
        ?? writes.OfType<SaveMember>().FirstOrDefault(save => save.Member.UserId == userId)?.Member.OrganizationId;

    private static Guid? OwnerOf(RegistryConfig registry, Guid? workspaceId) =>
        registry.Workspaces.FirstOrDefault(workspace => workspace.Id == workspaceId)?.OrganizationId;

    private sealed record Change(string Type, string Id, Guid? OrganizationId, string Verb, List<string> Fields);
}
