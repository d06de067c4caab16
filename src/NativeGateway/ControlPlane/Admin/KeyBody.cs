using System.Globalization;
using System.Text.Json;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>Reads what clients say a key shall be, whole or as a change of the one there is.</summary>
internal static class KeyBody
{
    private static readonly string[] Known = ["name", "workspaceId", .. KeyRightsReader.Known, "expiresAt", "userId"];

    /// <summary>The key with everything that the body says. Faults go to the body's reading.</summary>
    /// <param name="present">What is not for clients to say; also what a change changes.</param>
    /// <param name="workspace">Where the key acts when the body does not say it.</param>
    public static KeyConfig Read(AdminRequest request, RegistryConfig state, ConfigNode body, KeyConfig present, Guid? workspace)
    {
        var members = body.Members(Known) ?? [];
        var rights = KeyRightsReader.Read(members);
        var found = TenantRules.FindWorkspace(state, request, TenantRules.ReadId(members, "workspaceId") ?? workspace);
        if (found is null)
        {
            body.Reading.Fault(body.MemberPath("workspaceId"), "is no workspace that you administer");
        }

        var owner = TenantRules.ReadId(members, "userId") ?? present.UserId;
        if (owner is not null && !state.Members.Any(member => member.UserId == owner && member.OrganizationId == (found?.OrganizationId ?? present.OrganizationId)))
        {
            body.Reading.Fault(body.MemberPath("userId"), "is no member of the organization");
        }

        return present with
        {
            UserId = owner,
            Name = TenantRules.ReadName(body, members),
            OrganizationId = found?.OrganizationId ?? present.OrganizationId,
            WorkspaceId = found?.Id ?? present.WorkspaceId,
            Scopes = rights.Scopes,
            Permissions = rights.Permissions,
            Limits = rights.Limits,
            ToolLimits = rights.ToolLimits,
            ExpiresAt = members.TryGetValue("expiresAt", out var expires) ? ReadTime(expires) : null,
        };
    }

    public static KeyConfig Change(AdminRequest request, RegistryConfig state, KeyConfig present, ConfigReading reading)
    {
        var body = new ConfigNode(MergePatch.Apply(json => KeyJson.WriteEntry(json, present), request.Body), "", reading);
        var next = Read(request, state, body, present with { UserId = null }, null);
        if (next.OrganizationId != present.OrganizationId)
        {
            reading.Fault(body.MemberPath("workspaceId"), "belongs to another organization; a key stays in its own");
        }

        // Shown in whole seconds; what nobody changed keeps its fractions.
        var saysTime = request.Body.ValueKind == JsonValueKind.Object && request.Body.TryGetProperty("expiresAt", out _);
        return saysTime ? next : next with { ExpiresAt = present.ExpiresAt };
    }

    /// <summary>Whoever makes a key owns it, unless the body says that nobody does.</summary>
    public static Guid? OwnerOfNew(AdminRequest request) =>
        request.Body.ValueKind == JsonValueKind.Object && request.Body.TryGetProperty("userId", out var said) && said.ValueKind == JsonValueKind.Null
            ? null
            : request.Caller.UserId;

    private static DateTimeOffset? ReadTime(ConfigNode node)
    {
        if (node.Text() is { } text && text.Length > 10
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            && time.Year is > 2000 and < 9000)
        {
            return time;
        }

        node.Fault("must be a time such as \"2027-01-31T00:00:00Z\"");
        return null;
    }
}
