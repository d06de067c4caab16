using System.Data.Common;
using NativeGateway.Model;

namespace NativeGateway.Storage;

/// <summary>
/// Record ↔ row, the same for both databases: each <c>…Columns</c> list stands beside the method that reads it, each <c>Row</c> names the
/// columns it writes, key first. Sealing and opening of secrets happens here and nowhere else.
/// </summary>
internal sealed class Rows(SecretBox secrets)
{
    public const string OrganizationColumns = "id, name, suspended, allowed_networks, limits, version, plan, quotas";
    public const string WorkspaceColumns = "id, organization_id, name, instructions, version";
    public const string KeyColumns =
        "id, organization_id, workspace_id, name, secret_hash, scopes, permissions, limits, created_at, expires_at, revoked_at, tool_limits, version, user_id";
    public const string SettingColumns = "name, value";
    public const string CatalogColumns = "upstream_id, json, fetched_at";
    public const string CreationColumns = "caller_id, idempotency_key, digest, resource_id, created_at";

    private const string SettingPurpose = "setting";
    private const string KeyCheckPurpose = "key check";
    private const string KeyCheckPlace = "registry";

    private static readonly (KeyScopes Scope, string Text)[] s_scopes =
    [
        (KeyScopes.Mcp, "mcp"), (KeyScopes.AdminRead, "admin:read"), (KeyScopes.AdminWrite, "admin:write"), (KeyScopes.Connect, "connect"),
        (KeyScopes.Instance, "instance"),
    ];

    private static readonly string s_everything = StorageJson.Write(PermissionConfig.Everything);

    public static OrganizationConfig Organization(DbDataReader row) => new(
        row.GetGuid(0), row.GetString(1), row.GetBoolean(2), StorageJson.Strings(row.GetString(3)), StorageJson.Limits(Text(row, 4)))
    {
        Version = row.GetInt64(5),
        Plan = Text(row, 6),
        Quotas = StorageJson.Quotas(Text(row, 7)),
    };

    public static Column[] Row(OrganizationConfig organization) =>
    [
        new("id", organization.Id),
        new("name", organization.Name),
        new("suspended", organization.Suspended),
        new("allowed_networks", StorageJson.Write(organization.AllowedNetworks)),
        new("limits", StorageJson.Write(organization.Limits)),
        new("plan", organization.Plan),
        new("quotas", StorageJson.Write(organization.Quotas)),
    ];

    public static WorkspaceConfig Workspace(DbDataReader row) => new(row.GetGuid(0), row.GetGuid(1), row.GetString(2), Text(row, 3)) { Version = row.GetInt64(4) };

    public static Column[] Row(WorkspaceConfig workspace) =>
    [
        new("id", workspace.Id),
        new("organization_id", workspace.OrganizationId),
        new("name", workspace.Name),
        new("instructions", workspace.Instructions),
    ];

    public static KeyConfig Key(DbDataReader row) => new()
    {
        Id = row.GetString(0),
        OrganizationId = row.GetGuid(1),
        WorkspaceId = row.GetGuid(2),
        Name = row.GetString(3),
        SecretHash = row.GetString(4),
        Scopes = Scopes(row.GetString(5)),
        Permissions = Permissions(row.GetString(6)),
        Limits = StorageJson.Limits(Text(row, 7)),
        CreatedAt = Time(row, 8),
        ExpiresAt = row.IsDBNull(9) ? null : Time(row, 9),
        RevokedAt = row.IsDBNull(10) ? null : Time(row, 10),
        ToolLimits = StorageJson.ToolLimits(Text(row, 11)),
        Version = row.GetInt64(12),
        UserId = row.IsDBNull(13) ? null : row.GetGuid(13),
    };

    public static Column[] Row(KeyConfig key) =>
    [
        new("id", key.Id),
        new("organization_id", key.OrganizationId),
        new("workspace_id", key.WorkspaceId),
        new("name", key.Name),
        new("secret_hash", key.SecretHash),
        new("scopes", string.Join(' ', Array.ConvertAll(Array.FindAll(s_scopes, scope => key.Scopes.HasFlag(scope.Scope)), scope => scope.Text))),
        new("permissions", StorageJson.Write(key.Permissions)),
        new("limits", StorageJson.Write(key.Limits)),
        new("created_at", Stored(key.CreatedAt)),
        new("expires_at", key.ExpiresAt is { } expires ? Stored(expires) : null),
        new("revoked_at", key.RevokedAt is { } revoked ? Stored(revoked) : null),
        new("tool_limits", StorageJson.Write(key.ToolLimits)),
        new("user_id", key.UserId),
    ];

    /// <summary>Settings are sealed whole: credentials of mail servers and the like are settings too.</summary>
    public KeyValuePair<string, string> Setting(DbDataReader row)
    {
        var name = row.GetString(0);
        return new(name, secrets.Open(SettingPurpose, name, Bytes(row, 1)));
    }

    public Column[] SettingRow(string name, string value) => [new("name", name), new("value", secrets.Seal(SettingPurpose, name, value))];

    public static StoredCatalog Catalog(DbDataReader row) => new(row.GetGuid(0), Bytes(row, 1), Time(row, 2));

    public static Column[] Row(StoredCatalog catalog) =>
    [
        new("upstream_id", catalog.UpstreamId),
        new("json", catalog.Json.ToArray()),
        new("fetched_at", Stored(catalog.FetchedAt)),
    ];

    public static Creation Creation(DbDataReader row) => new(row.GetString(0), row.GetString(1), Bytes(row, 2), row.GetString(3), Time(row, 4));

    public static Column[] Row(Creation creation) =>
    [
        new("caller_id", creation.CallerId),
        new("idempotency_key", creation.IdempotencyKey),
        new("digest", creation.Digest),
        new("resource_id", creation.ResourceId),
        new("created_at", Stored(creation.CreatedAt)),
    ];

    /// <summary>A sealed constant that shows at start-up, before anything is served, whether this process has the database's key.</summary>
    public Column[] KeyCheckRow() => [new("key_check", secrets.Seal(KeyCheckPurpose, KeyCheckPlace, KeyCheckPlace))];

    public void VerifyKeyCheck(byte[] keyCheck) => secrets.Open(KeyCheckPurpose, KeyCheckPlace, keyCheck);

    public static string? Text(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    public static byte[] Bytes(DbDataReader row, int column) => row.GetFieldValue<byte[]>(column);

    public static DateTimeOffset Time(DbDataReader row, int column) => row.GetFieldValue<DateTimeOffset>(column).ToUniversalTime();

    /// <summary>In UTC and whole microseconds, which is what both databases can keep.</summary>
    public static DateTimeOffset Stored(DateTimeOffset time) =>
        new(time.UtcTicks - time.UtcTicks % TimeSpan.TicksPerMicrosecond, TimeSpan.Zero);

    /// <summary>Most keys may use everything: of ten thousand, these share one record.</summary>
    private static PermissionConfig Permissions(string json) => json == s_everything ? PermissionConfig.Everything : StorageJson.Permissions(json);

    private static KeyScopes Scopes(string text)
    {
        var scopes = KeyScopes.None;
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var known = Array.Find(s_scopes, scope => scope.Text == word);
            scopes |= known.Text is null ? throw new FormatException($"'{word}' is no scope.") : known.Scope;
        }
        return scopes;
    }
}
