using System.Buffers;
using System.Text.Json;
using NativeGateway.Model;
using NativeGateway.Storage.Backup;

namespace NativeGateway.Storage;

/// <summary>
/// The registry's statements, which both databases understand alike; each runs inside a transaction that its store has begun, and a store
/// that gets a conflict back rolls it back. What differs between the databases is in the stores.
/// </summary>
internal sealed class RegistrySql(SecretBox secrets)
{
    public const string RaiseRevision = "UPDATE registry_state SET revision = revision + 1";

    /// <summary>The column that counts how often a row was written; see <see cref="OrganizationConfig.Version"/>.</summary>
    private const string Version = "version";

    /// <summary>Both databases know LIMIT with OFFSET, and only one of them OFFSET alone.</summary>
    private const string ForgetOldCreations = """
        DELETE FROM creations WHERE created_at < @oldest OR (caller_id = @caller_id AND idempotency_key IN
            (SELECT idempotency_key FROM creations WHERE caller_id = @caller_id ORDER BY created_at DESC LIMIT 1000000 OFFSET 999))
        """;

    private readonly Rows _rows = new(secrets);
    private readonly AuditSql _audit = new(secrets);
    private readonly UpstreamRows _upstreamRows = new(secrets);
    private readonly WebhookRows _webhookRows = new(secrets);

    /// <summary>Remembers the key at the first start and verifies it at every later one, so that a wrong key stops a process before it serves.</summary>
    public async Task CheckKeyAsync(StoreTransaction transaction, CancellationToken cancellationToken)
    {
        if (await transaction.ScalarAsync("SELECT key_check FROM registry_state", cancellationToken) is byte[] keyCheck)
        {
            _rows.VerifyKeyCheck(keyCheck);
        }
        else
        {
            await transaction.ExecuteAsync("UPDATE registry_state SET key_check = @key_check", _rows.KeyCheckRow(), cancellationToken);
        }
    }

    public static async Task<long> GetRevisionAsync(StoreTransaction transaction, CancellationToken cancellationToken) =>
        (long)(await transaction.ScalarAsync("SELECT revision FROM registry_state", cancellationToken))!;

    public async Task<RegistryConfig> LoadAsync(StoreTransaction transaction, CancellationToken cancellationToken)
    {
        try
        {
            var revision = await GetRevisionAsync(transaction, cancellationToken);
            var organizations = await transaction.QueryAsync(
                $"SELECT {Rows.OrganizationColumns} FROM organizations", Rows.Organization, cancellationToken);
            var workspaces = await transaction.QueryAsync($"SELECT {Rows.WorkspaceColumns} FROM workspaces", Rows.Workspace, cancellationToken);
            var upstreams = await _upstreamRows.LoadAsync(transaction, cancellationToken);
            var keys = await transaction.QueryAsync($"SELECT {Rows.KeyColumns} FROM api_keys", Rows.Key, cancellationToken);
            var settings = await transaction.QueryAsync($"SELECT {Rows.SettingColumns} FROM settings", _rows.Setting, cancellationToken);
            var webhooks = await transaction.QueryAsync($"SELECT {WebhookRows.Columns} FROM webhooks", _webhookRows.Webhook, cancellationToken);
            var users = await transaction.QueryAsync($"SELECT {UserRows.UserColumns} FROM users", UserRows.User, cancellationToken);
            var members = await transaction.QueryAsync($"SELECT {UserRows.MemberColumns} FROM members", UserRows.Member, cancellationToken);
            var invitations = await transaction.QueryAsync($"SELECT {UserRows.InvitationColumns} FROM invitations", UserRows.Invitation, cancellationToken);
            // Sorted here, because the two databases do not collate alike.
            return new RegistryConfig(
                revision,
                [.. organizations.OrderBy(organization => organization.Name, StringComparer.Ordinal)],
                [.. workspaces.OrderBy(workspace => workspace.Name, StringComparer.Ordinal).ThenBy(workspace => workspace.Id)],
                [.. upstreams.OrderBy(upstream => upstream.Order).ThenBy(upstream => upstream.Key, StringComparer.Ordinal).ThenBy(upstream => upstream.Id)],
                [.. keys.OrderBy(key => key.CreatedAt).ThenBy(key => key.Id, StringComparer.Ordinal)],
                new Dictionary<string, string>(settings))
            {
                Webhooks = [.. webhooks.OrderBy(webhook => webhook.Name, StringComparer.Ordinal).ThenBy(webhook => webhook.Id)],
                Users = [.. users.OrderBy(user => user.Email, StringComparer.Ordinal)],
                Members = [.. members.OrderBy(member => member.CreatedAt).ThenBy(member => member.Id)],
                Invitations = [.. invitations.OrderBy(invitation => invitation.Email, StringComparer.Ordinal).ThenBy(invitation => invitation.Id)],
            };
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidCastException)
        {
            throw new StoreUnavailableException("The database holds a row that this version cannot read. Restore a backup, or use the version that wrote it.", e);
        }
    }

    /// <summary><see cref="StoreConflict.Duplicate"/> when there is an organization already.</summary>
    public async Task<StoreConflict> InitializeAsync(
        StoreTransaction transaction,
        OrganizationConfig organization,
        WorkspaceConfig workspace,
        KeyConfig administrator,
        AuditEntry entry,
        CancellationToken cancellationToken)
    {
        if (workspace.OrganizationId != organization.Id || administrator.OrganizationId != organization.Id || administrator.WorkspaceId != workspace.Id)
        {
            throw new ArgumentException("The first workspace and key do not belong to the first organization.", nameof(workspace));
        }
        if (await transaction.ScalarAsync("SELECT 1 FROM organizations LIMIT 1", cancellationToken) is not null)
        {
            return StoreConflict.Duplicate;
        }
        await SaveAsync(transaction, organization, cancellationToken);
        await SaveAsync(transaction, workspace, cancellationToken);
        await _audit.AppendAsync(transaction, [entry], cancellationToken);
        return await SaveAsync(transaction, administrator, cancellationToken);
    }

    /// <summary>Comes after <see cref="RaiseRevision"/>, which keeps other writers out.</summary>
    public async Task<StoreConflict> ApplyAsync(StoreTransaction transaction, RegistryChange change, CancellationToken cancellationToken)
    {
        if (change.ExpectedRevision is { } expected && await GetRevisionAsync(transaction, cancellationToken) != expected + 1)
        {
            return StoreConflict.Outdated;
        }
        foreach (var write in change.Writes)
        {
            if (await ApplyAsync(transaction, write, cancellationToken) is var conflict and not StoreConflict.None)
            {
                return conflict;
            }
        }
        await _audit.AppendAsync(transaction, change.Audit, cancellationToken);
        return StoreConflict.None;
    }

    /// <summary>What an organization has besides its configuration: by table, rows as objects. JSON in bytes is shown as what it is.</summary>
    public static async Task<ReadOnlyMemory<byte>> ExportRowsAsync(StoreTransaction transaction, Guid organizationId, CancellationToken cancellationToken)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        foreach (var table in StoredTables.All.Where(table => table.IsExportedAsRows))
        {
            json.WriteStartArray(table.Name);
            await transaction.VisitAsync(table.SelectOwned, [new("organization", organizationId)], row => StoredValue.WriteRow(json, row, table), cancellationToken);
            json.WriteEndArray();
        }
        json.WriteEndObject();
        await json.FlushAsync(cancellationToken);
        return buffer.WrittenMemory;
    }

    /// <summary>Comes after <see cref="RaiseRevision"/>. What was restored has this process's key and can be read, or it is not restored.</summary>
    public async Task<StoreConflict> RestoreAsync(StoreTransaction transaction, BackupReader backup, bool replaces, CancellationToken cancellationToken)
    {
        var conflict = await BackupRestore.RunAsync(transaction, backup, replaces, cancellationToken);
        if (conflict == StoreConflict.None)
        {
            await CheckKeyAsync(transaction, cancellationToken);
            await LoadAsync(transaction, cancellationToken);
        }
        return conflict;
    }

    public static async Task<Creation?> FindCreationAsync(
        StoreTransaction transaction, string callerId, string idempotencyKey, CancellationToken cancellationToken)
    {
        var found = await transaction.QueryAsync(
            $"SELECT {Rows.CreationColumns} FROM creations WHERE caller_id = @caller_id AND idempotency_key = @idempotency_key",
            [new("caller_id", callerId), new("idempotency_key", idempotencyKey)], Rows.Creation, cancellationToken);
        return found.Count == 0 ? null : found[0];
    }

    private Task<StoreConflict> ApplyAsync(StoreTransaction transaction, RegistryWrite write, CancellationToken cancellationToken) => write switch
    {
        SaveOrganization save => SaveAsync(transaction, save.Organization, cancellationToken),
        SaveWorkspace save => SaveAsync(transaction, save.Workspace, cancellationToken),
        SaveUpstream save => SaveAsync(transaction, save.Upstream, cancellationToken),
        SaveKey save => SaveAsync(transaction, save.Key, cancellationToken),
        SaveWebhook save => UpsertAsync(transaction, "webhooks", _webhookRows.Row(save.Webhook), cancellationToken, Version, owner: "organization_id"),
        SaveUser save => UpsertAsync(transaction, "users", UserRows.Row(save.User), cancellationToken, Version),
        SaveMember save => UpsertAsync(transaction, "members", UserRows.Row(save.Member), cancellationToken, Version, owner: "organization_id"),
        SaveInvitation save => UpsertAsync(transaction, "invitations", UserRows.Row(save.Invitation), cancellationToken, Version, owner: "organization_id"),
        SaveSetting save => UpsertAsync(transaction, "settings", _rows.SettingRow(save.Name, save.Value), cancellationToken),
        DeleteOrganization delete => DeleteAsync(transaction, "organizations", delete.Id, cancellationToken),
        EraseOrganization erase => EraseAsync(transaction, erase.Id, cancellationToken),
        DeleteWorkspace delete => DeleteAsync(transaction, "workspaces", delete.Id, cancellationToken),
        DeleteUpstream delete => DeleteUpstreamAsync(transaction, delete.Id, cancellationToken),
        DeleteKey delete => DeleteAsync(transaction, "api_keys", delete.Id, cancellationToken),
        DeleteWebhook delete => DeleteAsync(transaction, "webhooks", delete.Id, cancellationToken),
        DeleteUser delete => DeleteAsync(transaction, "users", delete.Id, cancellationToken),
        DeleteMember delete => DeleteAsync(transaction, "members", delete.Id, cancellationToken),
        DeleteInvitation delete => DeleteAsync(transaction, "invitations", delete.Id, cancellationToken),
        EndSessions end => EndSessionsAsync(transaction, end, cancellationToken),
        RememberCreation remember => RememberAsync(transaction, remember.Creation, cancellationToken),
        _ => throw new ArgumentOutOfRangeException(nameof(write)),
    };

    private static Task<StoreConflict> SaveAsync(StoreTransaction transaction, OrganizationConfig organization, CancellationToken cancellationToken) =>
        UpsertAsync(transaction, "organizations", Rows.Row(organization), cancellationToken, Version);

    private static Task<StoreConflict> SaveAsync(StoreTransaction transaction, WorkspaceConfig workspace, CancellationToken cancellationToken) =>
        UpsertAsync(transaction, "workspaces", Rows.Row(workspace), cancellationToken, Version, owner: "organization_id");

    private static Task<StoreConflict> SaveAsync(StoreTransaction transaction, KeyConfig key, CancellationToken cancellationToken) =>
        UpsertAsync(transaction, "api_keys", Rows.Row(key), cancellationToken, Version, owner: "organization_id");

    private async Task<StoreConflict> SaveAsync(StoreTransaction transaction, UpstreamConfig upstream, CancellationToken cancellationToken)
    {
        var conflict = await UpsertAsync(transaction, "upstreams", _upstreamRows.Row(upstream), cancellationToken, Version, owner: "workspace_id");
        if (conflict != StoreConflict.None)
        {
            return conflict;
        }
        await transaction.ExecuteAsync(
            "DELETE FROM endpoints WHERE upstream_id = @id; DELETE FROM upstream_secrets WHERE upstream_id = @id",
            [new Column("id", upstream.Id)], cancellationToken);
        foreach (var row in _upstreamRows.EndpointRows(upstream))
        {
            await transaction.ExecuteAsync(Insert("endpoints", row), row, cancellationToken);
        }
        foreach (var row in _upstreamRows.SecretRows(upstream))
        {
            await transaction.ExecuteAsync(Insert("upstream_secrets", row), row, cancellationToken);
        }
        return StoreConflict.None;
    }

    private static async Task<StoreConflict> EndSessionsAsync(StoreTransaction transaction, EndSessions end, CancellationToken cancellationToken)
    {
        var within = end.OrganizationId is null ? "" : " AND organization_id = @organization_id";
        await transaction.ExecuteAsync(
            $"DELETE FROM user_sessions WHERE user_id = @user_id{within}",
            [new("user_id", end.UserId), .. end.OrganizationId is { } organization ? [new Column("organization_id", organization)] : Array.Empty<Column>()],
            cancellationToken);
        return StoreConflict.None;
    }

    /// <summary>What refers to something goes before that.</summary>
    private static async Task<StoreConflict> EraseAsync(StoreTransaction transaction, Guid organizationId, CancellationToken cancellationToken)
    {
        foreach (var table in StoredTables.All.Reverse().Where(table => table.Owned is not null))
        {
            await transaction.ExecuteAsync($"DELETE FROM {table.Name} WHERE {table.Owned}", [new("organization", organizationId)], cancellationToken);
        }
        return StoreConflict.None;
    }

    private static async Task<StoreConflict> DeleteUpstreamAsync(StoreTransaction transaction, Guid upstreamId, CancellationToken cancellationToken)
    {
        await transaction.ExecuteAsync("DELETE FROM catalogs WHERE upstream_id = @id", [new("id", upstreamId)], cancellationToken);
        await transaction.ExecuteAsync("DELETE FROM open_alerts WHERE server_id = @id", [new("id", upstreamId)], cancellationToken);
        return await DeleteAsync(transaction, "upstreams", upstreamId, cancellationToken);
    }

    private static async Task<StoreConflict> DeleteAsync(StoreTransaction transaction, string table, object id, CancellationToken cancellationToken) =>
        await transaction.ExecuteAsync($"DELETE FROM {table} WHERE id = @id", [new("id", id)], cancellationToken) == 0
            ? StoreConflict.NotFound
            : StoreConflict.None;

    /// <summary>Makes room first, so that the table stays small however long nobody looks at it.</summary>
    private static async Task<StoreConflict> RememberAsync(StoreTransaction transaction, Creation creation, CancellationToken cancellationToken)
    {
        Column[] row = Rows.Row(creation);
        await transaction.ExecuteAsync(ForgetOldCreations, [row[0], new("oldest", creation.CreatedAt - Creation.Memory)], cancellationToken);
        await transaction.ExecuteAsync(Insert("creations", row), row, cancellationToken);
        return StoreConflict.None;
    }

    public static async Task<IReadOnlyList<StoredCatalog>> LoadCatalogsAsync(StoreTransaction transaction, CancellationToken cancellationToken) =>
        await transaction.QueryAsync($"SELECT {Rows.CatalogColumns} FROM catalogs", Rows.Catalog, cancellationToken);

    public static Task<StoreConflict> SaveAsync(StoreTransaction transaction, StoredCatalog catalog, CancellationToken cancellationToken) =>
        UpsertAsync(transaction, "catalogs", Rows.Row(catalog), cancellationToken);

    /// <summary>
    /// Inserts or replaces by the first column, and counts that up in <paramref name="counter"/>. A row never changes its <paramref name="owner"/>: under the new one there is nothing by that id,
    /// and what a tenant stored cannot be carried over to another by knowing its id.
    /// </summary>
    private static async Task<StoreConflict> UpsertAsync(
        StoreTransaction transaction, string table, Column[] row, CancellationToken cancellationToken, string? counter = null, string? owner = null)
    {
        var assignments = string.Join(", ", Array.ConvertAll(row[1..], column => $"{column.Name} = excluded.{column.Name}"));
        assignments += counter is null ? "" : $", {counter} = {table}.{counter} + 1";
        var guard = owner is null ? "" : $" WHERE {table}.{owner} = excluded.{owner}";
        var sql = $"{Insert(table, row)} ON CONFLICT ({row[0].Name}) DO UPDATE SET {assignments}{guard}";
        return await transaction.ExecuteAsync(sql, row, cancellationToken) == 0 ? StoreConflict.NotFound : StoreConflict.None;
    }

    /// <summary>The names are constants of the program's.</summary>
    public static string Insert(string table, Column[] row) =>
        $"INSERT INTO {table} ({string.Join(", ", Array.ConvertAll(row, column => column.Name))}) VALUES ({string.Join(", ", Array.ConvertAll(row, column => "@" + column.Name))})";
}
