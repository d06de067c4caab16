using System.Buffers;
using System.Globalization;
using System.Text.Json;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Audit;

/// <summary>A record's fields as texts that can be compared, by the names that the administration API has for them. The texts may hold secrets: only names leave.</summary>
internal static class AuditFields
{
    public static List<string> Changed(Dictionary<string, string?> before, Dictionary<string, string?> after) =>
        [.. before.Keys.Union(after.Keys).Where(name => before.GetValueOrDefault(name) != after.GetValueOrDefault(name)).Order(StringComparer.Ordinal)];

    public static Dictionary<string, string?> Of(OrganizationConfig organization) => new()
    {
        ["name"] = organization.Name,
        ["suspended"] = organization.Suspended ? "true" : "false",
        ["allowedNetworks"] = List(organization.AllowedNetworks),
        ["limits"] = organization.Limits?.ToString(),
        ["plan"] = organization.Plan,
        ["quotas"] = organization.Quotas == QuotaConfig.None ? null : organization.Quotas.ToString(),
    };

    public static Dictionary<string, string?> Of(WorkspaceConfig workspace) => new()
    {
        ["name"] = workspace.Name,
        ["instructions"] = workspace.Instructions,
    };

    public static Dictionary<string, string?> Of(UpstreamConfig upstream)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("name", upstream.Key);
            UpstreamEntryWriter.Write(json, upstream);
            json.WriteBoolean("trusted", upstream.Trusted);
            json.WriteNumber("order", upstream.Order);
            json.WriteEndObject();
        }

        using var document = JsonDocument.Parse(buffer.WrittenMemory);
        var fields = new Dictionary<string, string?>();
        foreach (var member in document.RootElement.EnumerateObject())
        {
            fields[member.Name] = member.Value.GetRawText();
        }

        return fields;
    }

    public static Dictionary<string, string?> Of(KeyConfig key) => new()
    {
        ["name"] = key.Name,
        ["workspaceId"] = key.WorkspaceId.ToString(),
        ["secret"] = key.SecretHash,
        ["scopes"] = key.Scopes.ToString(),
        ["servers"] = Globs(key.Permissions.Servers),
        ["tools"] = Globs(key.Permissions.Tools),
        ["prompts"] = Globs(key.Permissions.Prompts),
        ["resources"] = Globs(key.Permissions.Resources),
        ["limits"] = key.Limits?.ToString(),
        ["toolLimits"] = List(key.ToolLimits.Keys.Order(StringComparer.Ordinal).Select(tools => $"{tools} {key.ToolLimits[tools]}")),
        ["userId"] = key.UserId?.ToString(),
        ["expiresAt"] = key.ExpiresAt?.ToString("O", CultureInfo.InvariantCulture),
        ["revokedAt"] = key.RevokedAt?.ToString("O", CultureInfo.InvariantCulture),
    };

    public static Dictionary<string, string?> Of(WebhookConfig webhook) => new()
    {
        ["name"] = webhook.Name,
        ["url"] = webhook.Url.OriginalString,
        ["secret"] = webhook.Secret,
        ["events"] = List(webhook.Events.Select(kind => kind.Label())),
        ["disabled"] = webhook.Disabled ? "true" : "false",
    };

    public static Dictionary<string, string?> Of(UserConfig user) => new()
    {
        ["email"] = user.Email,
        ["name"] = user.Name,
        ["password"] = user.PasswordHash,
        ["instance"] = user.IsInstanceAdministrator ? "true" : "false",
    };

    public static Dictionary<string, string?> Of(MemberConfig member) => new()
    {
        ["role"] = member.Role.Label(),
    };

    public static Dictionary<string, string?> Of(InvitationConfig invitation) => new()
    {
        ["role"] = invitation.Role.Label(),
        ["token"] = Convert.ToHexString(invitation.TokenHash),
    };

    /// <param name="value">A JSON object of groups, as <c>/settings</c> keeps it; each member of a group is a field.</param>
    public static Dictionary<string, string?> OfSetting(string? value)
    {
        using var document = JsonDocument.Parse(value ?? "{}");
        var fields = new Dictionary<string, string?>();
        foreach (var group in document.RootElement.EnumerateObject())
        {
            foreach (var member in group.Value.ValueKind == JsonValueKind.Object ? group.Value.EnumerateObject() : default)
            {
                fields[$"{group.Name}.{member.Name}"] = member.Value.GetRawText();
            }
        }

        return fields;
    }

    private static string Globs(GlobRule rule) => $"{List(rule.Allow)}\n\n{List(rule.Deny)}";

    private static string List(IEnumerable<string> texts) => string.Join('\n', texts);
}
