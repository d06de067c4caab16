namespace NativeGateway.Storage;

/// <summary>What a column holds; the two databases keep some of it in other types.</summary>
internal enum ColumnKind
{
    Text,
    Uuid,
    Integer,
    Flag,
    Decimal,
    Time,
    Bytes,

    /// <summary>Bytes that are JSON text.</summary>
    Json,
}

internal sealed record StoredColumn(string Name, ColumnKind Kind);

/// <param name="Owned">
/// The SQL condition for the rows that belong to the organization <c>@organization</c>; it may ask tables that stand before this one. Null for
/// what belongs to the instance.
/// </param>
internal sealed record StoredTable(string Name, string? Owned, IReadOnlyList<StoredColumn> Columns)
{
    /// <summary>Has always exactly one row, which is changed and never deleted.</summary>
    public bool IsSingle { get; init; }

    /// <summary>A column that the database numbers rows with. It is in no backup, but rows keep its order.</summary>
    public string? Numbered { get; init; }

    /// <summary>Whether an organization's export shows the rows as they are; the others' content is shown as the API shows it.</summary>
    public bool IsExportedAsRows { get; init; }

    /// <summary>All rows, with the columns in their order.</summary>
    public string Select => SelectWhere("") + (Numbered is null ? "" : $" ORDER BY {Numbered}");

    /// <summary>The rows of the organization <c>@organization</c>.</summary>
    public string SelectOwned => SelectWhere($" WHERE {Owned}");

    private string SelectWhere(string condition) => $"SELECT {string.Join(", ", Columns.Select(column => column.Name))} FROM {Name}{condition}";
}

/// <summary>
/// Every table of the schema, each behind those that it refers to: what a backup holds, and what is deleted with an organization. A table or
/// column that a migration adds is added here; a column needs a default for the backups from before it.
/// </summary>
internal static class StoredTables
{
    private const string OfOrganization = "organization_id = @organization";
    private const string OfWorkspace = "workspace_id IN (SELECT id FROM workspaces WHERE organization_id = @organization)";
    private const string OfUpstream = $"upstream_id IN (SELECT id FROM upstreams WHERE {OfWorkspace})";

    private const string OfCaller =
        $"(caller_id IN (SELECT id FROM api_keys WHERE {OfOrganization}) OR caller_id IN (SELECT lower(CAST(user_id AS text)) FROM members WHERE {OfOrganization}))";

    /// <summary>A user belongs to all organizations that it is a member of, and so goes with the last of them.</summary>
    private const string OfNoOrganization = "NOT EXISTS (SELECT 1 FROM members WHERE user_id = users.id)";

    /// <summary>Postgres keeps it in one partition for each day.</summary>
    public const string Minutes = "usage_minutes";

    private static readonly string UsageColumns =
        "organization_id uuid, at integer, workspace_id uuid, key_id text, upstream_id uuid, name text, method text, upstream_key text, "
        + string.Join(", ", UsageCounts.Columns.Select(column => $"{column} integer"));

    public static readonly IReadOnlyList<StoredTable> All =
    [
        Table("registry_state", null, "id integer, revision integer, key_check bytes") with { IsSingle = true },
        Table("organizations", "id = @organization", "id uuid, name text, suspended flag, allowed_networks text, limits text, version integer, plan text, quotas text"),
        Table("workspaces", OfOrganization, "id uuid, organization_id uuid, name text, instructions text, version integer"),
        Table(
            "upstreams",
            OfWorkspace,
            "id uuid, workspace_id uuid, key text, transport text, command_file text, command_arguments bytes, command_directory text, disabled flag, "
            + "tools text, prefix text, instructions text, cost_per_call decimal, limits text, timeout_ms integer, trusted flag, sort_order integer, version integer, "
            + "load_balancing text, health_interval_ms integer, max_concurrent integer"),
        Table("endpoints", OfUpstream, "upstream_id uuid, position integer, url bytes, region text, priority integer, weight integer"),
        Table("upstream_secrets", OfUpstream, "upstream_id uuid, kind text, name text, value bytes"),
        Table("users", OfNoOrganization, "id uuid, email text, name text, password_hash text, instance flag, created_at time, version integer"),
        Table("members", OfOrganization, "id uuid, organization_id uuid, user_id uuid, role text, created_at time, version integer"),
        Table(
            "invitations",
            OfOrganization,
            "id uuid, organization_id uuid, email text, role text, token_hash bytes, created_at time, expires_at time, version integer"),
        Table(
            "api_keys",
            OfOrganization,
            "id text, organization_id uuid, workspace_id uuid, name text, secret_hash text, scopes text, permissions text, limits text, created_at time, "
            + "expires_at time, revoked_at time, tool_limits text, version integer, user_id uuid"),
        Table(
            "webhooks",
            OfOrganization,
            "id uuid, organization_id uuid, name text, url bytes, secret bytes, events text, disabled flag, created_at integer, failing_since integer, version integer"),
        Table(
            "alerts", OfOrganization, "organization_id uuid, kind text, at integer, workspace_id uuid, subject_id uuid, subject text, reason text")
            with { Numbered = "id", IsExportedAsRows = true },
        Table("settings", null, "name text, value bytes"),
        Table("catalogs", OfUpstream, "upstream_id uuid, json json, fetched_at time") with { IsExportedAsRows = true },
        Table("creations", OfCaller, "caller_id text, idempotency_key text, digest bytes, resource_id text, created_at time") with { IsExportedAsRows = true },
        Table(Minutes, OfOrganization, UsageColumns),
        Table("usage_hours", OfOrganization, UsageColumns),
        Table("usage_days", OfOrganization, UsageColumns) with { IsExportedAsRows = true },
        Table(
            "usage_failures",
            OfOrganization,
            "at integer, organization_id uuid, workspace_id uuid, key_id text, upstream_id uuid, upstream_key text, name text, method text, outcome text, "
            + "status integer, code integer, duration_us integer, request_id text, rpc_method text, stage text, reason text, limit_scope text, "
            + "nothing_sent flag, endpoint integer, endpoint_reason text, tries integer, queued_us integer, opening_us integer, waiting_us integer, "
            + "relaying_us integer") with { Numbered = "id", IsExportedAsRows = true },
        Table("quota_uses", OfOrganization, "organization_id uuid, quota text, period text, taken integer, granted integer") with { IsExportedAsRows = true },

        // Entries stay when their organization goes: they name nothing but ids, and a chain with a hole proves nothing.
        Table(
            "audit_entries",
            null,
            "sequence integer, at integer, until_at integer, occurrences integer, organization_id text, actor_kind text, actor_id text, address text, action text, "
            + "resource_type text, resource_id text, fields text, outcome text, request_id text, hash bytes"),
        Table("audit_ends", null, "id integer, sealed bytes") with { IsSingle = true },
    ];

    /// <summary>
    /// About processes, what they are about to send and who is signed in, and not about what is kept: neither backed up nor changed by a restore,
    /// which ends all sessions, because a backup must not revive those that were ended since.
    /// </summary>
    public static readonly IReadOnlyList<string> OfProcesses =
    [
        "usage_staging", "usage_writers", "open_alerts", "webhook_deliveries", "webhook_attempts", "user_sessions", "sign_in_attempts", "limit_buckets",
        "replicas",
    ];

    public static StoredTable? Find(string name) => All.FirstOrDefault(table => table.Name == name);

    /// <param name="columns">A name and a kind each.</param>
    private static StoredTable Table(string name, string? owned, string columns) => new(
        name,
        owned,
        [.. columns.Split(", ").Select(column => column.Split(' ')).Select(words => new StoredColumn(words[0], Enum.Parse<ColumnKind>(words[1], ignoreCase: true)))]);
}
