using System.Text.Json;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>How members and invitations are shown, by the API and on the command line. Never what their passwords and tokens are kept as.</summary>
internal static class MemberJson
{
    public static void Write(Utf8JsonWriter json, MemberConfig member, UserConfig user)
    {
        json.WriteString("id", member.Id);
        json.WriteString("organizationId", member.OrganizationId);
        json.WriteString("userId", user.Id);
        json.WriteString("email", user.Email);
        json.WriteString("name", user.Name);
        WriteEntry(json, member);
        json.WriteBoolean("instance", user.IsInstanceAdministrator);
        json.WriteTime("createdAt", member.CreatedAt);
    }

    /// <summary>What can be changed.</summary>
    public static void WriteEntry(Utf8JsonWriter json, MemberConfig member) => json.WriteString("role", member.Role.Label());

    public static void Write(Utf8JsonWriter json, InvitationConfig invitation, DateTimeOffset now)
    {
        json.WriteString("id", invitation.Id);
        json.WriteString("organizationId", invitation.OrganizationId);
        json.WriteString("email", invitation.Email);
        json.WriteString("role", invitation.Role.Label());
        json.WriteString("state", invitation.ExpiresAt <= now ? "expired" : "open");
        json.WriteTime("createdAt", invitation.CreatedAt);
        json.WriteTime("expiresAt", invitation.ExpiresAt);
    }
}
