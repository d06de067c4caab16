using System.Text.Json;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>How keys are shown, by the API and on the command line. Never their secrets, except for the one moment when they are made.</summary>
internal static class KeyJson
{
    public static string State(KeyConfig key, DateTimeOffset now) =>
        key.RevokedAt is not null ? "revoked" : key.ExpiresAt <= now ? "expired" : "active";

    public static void Write(Utf8JsonWriter json, KeyConfig key, DateTimeOffset now)
    {
        json.WriteString("id", key.Id);
        json.WriteString("organizationId", key.OrganizationId);
        json.WriteString("state", State(key, now));
        WriteEntry(json, key);
        json.WriteTime("createdAt", key.CreatedAt);
        json.WriteTime("revokedAt", key.RevokedAt);
    }

    /// <summary>A key that was just made: the one time that its text is seen.</summary>
    public static void Write(Utf8JsonWriter json, IssuedKey issued, DateTimeOffset now)
    {
        json.WriteString("key", issued.Text);
        Write(json, issued.Key, now);
    }

    /// <summary>What can be changed.</summary>
    public static void WriteEntry(Utf8JsonWriter json, KeyConfig key)
    {
        json.WriteString("workspaceId", key.WorkspaceId);
        json.WriteString("name", key.Name);
        json.WriteTexts("scopes", KeyScopeText.Format(key.Scopes));
        json.WriteGlobs("servers", key.Permissions.Servers);
        json.WriteGlobs("tools", key.Permissions.Tools);
        json.WriteGlobs("prompts", key.Permissions.Prompts);
        json.WriteGlobs("resources", key.Permissions.Resources);
        json.WriteLimit("limits", key.Limits);
        if (key.ToolLimits.Count > 0)
        {
            json.WriteStartObject("toolLimits");
            foreach (var (glob, limit) in key.ToolLimits)
            {
                json.WriteLimit(glob, limit);
            }

            json.WriteEndObject();
        }

        json.WriteTime("expiresAt", key.ExpiresAt);
        if (key.UserId is { } user)
        {
            json.WriteString("userId", user);
        }
    }
}
