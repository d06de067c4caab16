using System.Collections.Frozen;
using System.Text;

namespace NativeGateway.Model;

/// <summary>
/// Compiles what is stored and what the file says into a snapshot. All faults are found before anything is compiled; with any, nothing is.
/// Entries of the file live in the default workspace (see <see cref="FindHome"/>). Where file and database define the same server or key,
/// the file wins, because the operator can always correct a file: that is told as a warning, which does not prevent the snapshot.
/// </summary>
internal static class SnapshotBuilder
{
    /// <summary>What a listed fault begins with when the configuration is used nevertheless.</summary>
    public const string WarningPrefix = "Warning: ";

    /// <summary>Null when the configuration has an error; every error and warning is added to <paramref name="faults"/>.</summary>
    /// <param name="fileUpstreams">Their workspace is set here.</param>
    /// <param name="anonymousAllowed">Whether requests without a key are served, in the default workspace.</param>
    public static Snapshot? Build(
        RegistryConfig registry,
        IReadOnlyList<UpstreamConfig> fileUpstreams,
        IReadOnlyList<FileKey> fileKeys,
        GatewaySettings settings,
        bool anonymousAllowed,
        List<string> faults)
    {
        var found = new List<string>();
        var parts = Check(registry, fileUpstreams, fileKeys, settings, anonymousAllowed, found);
        faults.AddRange(found);
        return found.TrueForAll(IsWarning) ? Compile(registry.Revision, parts, settings, anonymousAllowed) : null;
    }

    /// <summary>Finds what <see cref="Build"/> would find, without building.</summary>
    public static SnapshotParts Check(
        RegistryConfig registry,
        IReadOnlyList<UpstreamConfig> fileUpstreams,
        IReadOnlyList<FileKey> fileKeys,
        GatewaySettings settings,
        bool anonymousAllowed,
        List<string> faults)
    {
        var parts = Gather(registry, fileUpstreams, fileKeys, faults);
        if (parts.Default is null && (fileUpstreams.Count > 0 || fileKeys.Count > 0 || anonymousAllowed))
        {
            faults.Add("There is no default workspace that servers and keys of the file could live in; create one.");
        }

        SnapshotRules.Check(parts, settings, faults);
        return parts;
    }

    public static bool IsWarning(string fault) => fault.StartsWith(WarningPrefix, StringComparison.Ordinal);

    /// <summary>Puts file and database together.</summary>
    private static SnapshotParts Gather(
        RegistryConfig registry, IReadOnlyList<UpstreamConfig> fileUpstreams, IReadOnlyList<FileKey> fileKeys, List<string> faults)
    {
        var isEmpty = registry.Organizations.Count == 0;
        IReadOnlyList<OrganizationConfig> organizations = isEmpty ? [DefaultTenant.Organization] : registry.Organizations;
        IReadOnlyList<WorkspaceConfig> workspaces = isEmpty ? [DefaultTenant.Workspace] : registry.Workspaces;
        var home = FindHome(organizations, workspaces);

        var upstreams = fileUpstreams.Select(upstream => upstream with { WorkspaceId = home?.Id ?? default }).ToList();
        var fileNames = upstreams.Select(upstream => upstream.Key).ToHashSet(StringComparer.Ordinal);
        foreach (var upstream in registry.Upstreams)
        {
            if (upstream.WorkspaceId == home?.Id && fileNames.Contains(upstream.Key))
            {
                faults.Add($"{WarningPrefix}the server '{upstream.Key}' stands in the file and in the database; the file's is used. Remove one of them.");
            }
            else
            {
                upstreams.Add(upstream);
            }
        }

        var fileIds = fileKeys.Select(key => key.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var key in registry.Keys.Where(key => fileIds.Contains(key.Id)))
        {
            faults.Add($"{WarningPrefix}the key '{key.Id}' stands in the file and in the database; the file's is used. Remove one of them.");
        }

        return new SnapshotParts(
            organizations, workspaces, upstreams, [.. registry.Keys.Where(key => !fileIds.Contains(key.Id))], fileKeys, home)
        {
            Users = registry.Users,
            Members = registry.Members,
        };
    }

    /// <summary>
    /// The workspace that the first start made, whatever it is named now. Where another program made the database, a lone organization's workspace
    /// named <c>default</c>, else its first; of several tenants none is guessed, because entries of the file would show up with a stranger.
    /// </summary>
    private static WorkspaceConfig? FindHome(IReadOnlyList<OrganizationConfig> organizations, IReadOnlyList<WorkspaceConfig> workspaces)
    {
        return workspaces.FirstOrDefault(workspace => workspace.Id == DefaultTenant.WorkspaceId)
            ?? (organizations.Count > 1 || workspaces.Count == 0 ? null : workspaces.FirstOrDefault(workspace => workspace.Name == DefaultTenant.Name) ?? workspaces[0]);
    }

    private static Snapshot Compile(long revision, SnapshotParts parts, GatewaySettings settings, bool anonymousAllowed)
    {
        var upstreams = parts.Upstreams.Where(upstream => !upstream.Disabled).ToLookup(upstream => upstream.WorkspaceId);
        var workspaces = parts.Workspaces.ToFrozenDictionary(workspace => workspace.Id, workspace => CompileWorkspace(workspace, upstreams[workspace.Id]));
        var organizations = parts.Organizations.ToDictionary(
            organization => organization.Id,
            organization => new CompiledOrganization(
                organization, CompileNetworks(organization.AllowedNetworks), Quotas.Compile(organization.Id, QuotasOf(organization, settings))));

        var mostScopes = CompileKeyScopes(parts);
        var callers = parts.FileKeys.Select(key => CompileFileKey(key, parts, workspaces, organizations, settings))
            .Concat(parts.Keys.Select(key => CompileKey(key, mostScopes, workspaces, organizations, settings)));
        return new Snapshot
        {
            Revision = revision,
            Settings = settings,
            Callers = new Utf8Table<Caller>(callers, caller => caller.KeyId),
            Workspaces = workspaces,
            Anonymous = anonymousAllowed ? CompileFileKey(Nobody, parts, workspaces, organizations, settings) : null,
        };
    }

    /// <summary>What most keys may do; compiled once, not once for each.</summary>
    private static readonly Permissions Everything = Compile(PermissionConfig.Everything);

    /// <summary>The anonymous caller, as if the file listed it. It may use MCP; administration always takes a key.</summary>
    private static readonly FileKey Nobody = new("anonymous", "", [], KeyScopes.Mcp, PermissionConfig.Everything);

    private static Workspace CompileWorkspace(WorkspaceConfig workspace, IEnumerable<UpstreamConfig> configs)
    {
        var upstreams = configs
            .OrderBy(upstream => upstream.Order).ThenBy(upstream => upstream.Key, StringComparer.Ordinal)
            .Select(CompileUpstream).ToArray();
        return new Workspace
        {
            Id = workspace.Id,
            OrganizationId = workspace.OrganizationId,
            Name = workspace.Name,
            Instructions = workspace.Instructions,
            Upstreams = upstreams,
            ByName = new Utf8Table<Upstream>(upstreams, upstream => upstream.Key, upstream => upstream.Id.ToString("D")),
        };
    }

    private static Upstream CompileUpstream(UpstreamConfig upstream)
    {
        var prefix = upstream.Prefix ?? upstream.Key;
        return new Upstream
        {
            Config = upstream,
            KeyUtf8 = Encoding.UTF8.GetBytes(upstream.Key),
            NamePrefix = prefix.Length == 0 ? [] : Encoding.UTF8.GetBytes(prefix + "__"),
            Tools = new GlobSet(upstream.Tools),
            CostMicros = (long)decimal.Round(upstream.CostPerCall * 1_000_000),
        };
    }

    /// <summary>What the keys of each user may do at most, for each of its organizations. A user without any is in no list.</summary>
    private static ILookup<Guid, UserScopes> CompileKeyScopes(SnapshotParts parts)
    {
        var instance = parts.Users.Where(user => user.IsInstanceAdministrator).Select(user => user.Id.ToString()).ToHashSet(StringComparer.Ordinal);
        return parts.Members.ToLookup(
            member => member.UserId,
            member => new UserScopes(
                member.OrganizationId,
                instance.Contains(member.UserId.ToString()) ? Role.Owner.MostKeyScopes() | KeyScopes.Instance : member.Role.MostKeyScopes()));
    }

    private static KeyScopes ScopesOf(KeyConfig key, ILookup<Guid, UserScopes> mostScopes) => key.UserId is not { } user
        ? key.Scopes
        : key.Scopes & (mostScopes[user].FirstOrDefault(most => most.OrganizationId == key.OrganizationId)?.Scopes ?? KeyScopes.None);

    private static Caller CompileKey(
        KeyConfig key,
        ILookup<Guid, UserScopes> mostScopes,
        FrozenDictionary<Guid, Workspace> workspaces,
        Dictionary<Guid, CompiledOrganization> organizations,
        GatewaySettings settings)
    {
        var (organization, networks, quotas) = organizations[key.OrganizationId];
        return new Caller
        {
            KeyId = key.Id,
            Name = key.Name,
            OrganizationId = organization.Id,
            UserId = key.UserId,
            Workspace = workspaces.GetValueOrDefault(key.WorkspaceId),
            Scopes = ScopesOf(key, mostScopes),
            Permissions = CompilePermissions(key.Permissions),
            Limits = key.Limits ?? settings.KeyLimits,
            ToolLimits = CompileToolLimits(key.ToolLimits),
            OrganizationLimits = organization.Limits,
            AddressLimits = settings.AddressCallLimits,
            UserLimits = settings.UserCallLimits,
            Quotas = quotas,
            AllowedNetworks = networks,
            SecretHash = key.SecretHash,
            OrganizationSuspended = organization.Suspended,
            ExpiresAt = key.ExpiresAt,
            RevokedAt = key.RevokedAt,
        };
    }

    private static Caller CompileFileKey(
        FileKey key,
        SnapshotParts parts,
        FrozenDictionary<Guid, Workspace> workspaces,
        Dictionary<Guid, CompiledOrganization> organizations,
        GatewaySettings settings)
    {
        var (organization, networks, quotas) = organizations[parts.Default!.OrganizationId];
        return new Caller
        {
            KeyId = key.Id,
            Name = key.Name,
            OrganizationId = organization.Id,
            Workspace = workspaces[parts.Default.Id],
            Scopes = key.Scopes,
            Permissions = CompilePermissions(key.Permissions),
            Limits = key.Limits ?? settings.KeyLimits,
            ToolLimits = CompileToolLimits(key.ToolLimits),
            OrganizationLimits = organization.Limits,
            AddressLimits = settings.AddressCallLimits,
            Quotas = quotas,
            AllowedNetworks = networks,
            SecretDigest = key.Digest,
            OrganizationSuspended = organization.Suspended,
        };
    }

    /// <summary>The plan is there: <see cref="SnapshotRules"/> saw to that.</summary>
    private static QuotaConfig QuotasOf(OrganizationConfig organization, GatewaySettings settings) =>
        organization.Quotas.Over(organization.Plan is { } plan ? settings.Plans[plan] : QuotaConfig.None);

    private static AddressSet? CompileNetworks(IReadOnlyList<string> networks) =>
        networks.Count == 0 ? null : AddressSet.TryParse(networks, out _);

    private static Permissions CompilePermissions(PermissionConfig permissions) =>
        ReferenceEquals(permissions, PermissionConfig.Everything) ? Everything : Compile(permissions);

    private static Permissions Compile(PermissionConfig permissions) =>
        new(new GlobSet(permissions.Servers), new GlobSet(permissions.Tools), new GlobSet(permissions.Prompts), new GlobSet(permissions.Resources));

    private static ToolLimit[] CompileToolLimits(IReadOnlyDictionary<string, LimitConfig> limits) =>
        [.. limits.OrderBy(limit => limit.Key, StringComparer.Ordinal)
            .Select(limit => new ToolLimit(limit.Key, new GlobSet(new GlobRule([limit.Key], [])), limit.Value))];

    private sealed record UserScopes(Guid OrganizationId, KeyScopes Scopes);

    /// <summary>What the callers of one organization have in common.</summary>
    private sealed record CompiledOrganization(OrganizationConfig Config, AddressSet? Networks, Quotas? Quotas);
}
