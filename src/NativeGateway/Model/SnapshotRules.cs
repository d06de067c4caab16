namespace NativeGateway.Model;

/// <summary>Everything that a snapshot is made of, file and database together.</summary>
/// <param name="Default">Where entries of the file live; null when there is no such workspace.</param>
internal sealed record SnapshotParts(
    IReadOnlyList<OrganizationConfig> Organizations,
    IReadOnlyList<WorkspaceConfig> Workspaces,
    IReadOnlyList<UpstreamConfig> Upstreams,
    IReadOnlyList<KeyConfig> Keys,
    IReadOnlyList<FileKey> FileKeys,
    WorkspaceConfig? Default)
{
    public IReadOnlyList<UserConfig> Users { get; init; } = [];

    public IReadOnlyList<MemberConfig> Members { get; init; } = [];
}

/// <summary>Checks all parts of a snapshot and how they go together. A fault in one part does not hide those in the others.</summary>
internal static class SnapshotRules
{
    public static void Check(SnapshotParts parts, GatewaySettings settings, List<string> faults)
    {
        CheckSettings(settings, faults);
        CheckTenants(parts, settings, faults);
        foreach (var upstream in parts.Upstreams)
        {
            ConfigRules.CheckUpstream(upstream, PlaceOf(upstream, parts), faults);
        }

        CheckUpstreamNames(parts, faults);
        CheckKeys(parts, faults);
        CheckFileKeys(parts.FileKeys, faults);
    }

    private static void CheckSettings(GatewaySettings settings, List<string> faults)
    {
        ConfigRules.CheckLimit(settings.KeyLimits, "limits", faults);
        ConfigRules.CheckLimit(settings.AddressCallLimits, "limits.address", faults);
        ConfigRules.CheckLimit(settings.UserCallLimits, "limits.user", faults);
        ConfigRules.CheckLimit(settings.CredentialLimits, "limits for refused credentials", faults);
        ConfigRules.CheckNetworks(settings.TrustedProxies, "network.trustedProxies", faults);
        foreach (var (name, plan) in settings.Plans)
        {
            ConfigRules.CheckQuotas(plan, $"plans.{name}", faults);
        }

        if (settings.MaxRequestBytes < 1 || settings.MaxConcurrentRequests < 1 || settings.MaxProcesses < 1)
        {
            faults.Add("limits: the largest request, the number of concurrent requests and the number of processes must be at least 1; change them.");
        }
    }

    private static void CheckTenants(SnapshotParts parts, GatewaySettings settings, List<string> faults)
    {
        var organizations = parts.Organizations.DistinctBy(organization => organization.Id).ToDictionary(organization => organization.Id);
        foreach (var organization in parts.Organizations)
        {
            ConfigRules.CheckNetworks(organization.AllowedNetworks, $"organization '{organization.Name}': allowed networks", faults);
            ConfigRules.CheckLimit(organization.Limits, $"organization '{organization.Name}': limits", faults);
            ConfigRules.CheckQuotas(organization.Quotas, $"organization '{organization.Name}': quotas", faults);
            if (organization.Plan is { } plan && !settings.Plans.ContainsKey(plan))
            {
                faults.Add($"organization '{organization.Name}': there is no plan '{plan}'; give it one of {string.Join(", ", settings.Plans.Keys.Order(StringComparer.Ordinal))}, or none.");
            }
        }

        foreach (var workspace in parts.Workspaces.Where(workspace => !organizations.ContainsKey(workspace.OrganizationId)))
        {
            faults.Add($"workspace '{workspace.Name}': its organization does not exist; delete the workspace.");
        }

        AddRepeated(parts.Organizations.Select(organization => organization.Id.ToString()), id => $"Two organizations have the id {id}; delete one.", faults);
        AddRepeated(parts.Workspaces.Select(workspace => workspace.Id.ToString()), id => $"Two workspaces have the id {id}; delete one.", faults);
    }

    /// <summary>
    /// Within a workspace no two servers may answer to the same name: neither two keys nor two prefixes may be equal, nor a prefix and another's
    /// key, because calls may use either. Disabled servers keep their key but need no prefix.
    /// </summary>
    private static void CheckUpstreamNames(SnapshotParts parts, List<string> faults)
    {
        AddRepeated(parts.Upstreams.Select(upstream => upstream.Id.ToString()), id => $"Two servers have the id {id}; delete one.", faults);
        foreach (var upstreams in parts.Upstreams.GroupBy(upstream => upstream.WorkspaceId))
        {
            var workspace = parts.Workspaces.FirstOrDefault(workspace => workspace.Id == upstreams.Key);
            if (workspace is null)
            {
                // What the file's entries lack is told once, by the builder.
                faults.AddRange(upstreams.Where(upstream => upstream.Source != ConfigSource.File)
                    .Select(upstream => $"{PlaceOf(upstream, parts)}: its workspace does not exist; delete the server."));
                continue;
            }

            AddRepeated(
                upstreams.Select(upstream => upstream.Key),
                key => $"Two servers of workspace '{workspace.Name}' are named '{key}'; rename one.",
                faults);
            var claims = upstreams.Where(upstream => !upstream.Disabled).SelectMany(NamesOf).GroupBy(claim => claim.Name, StringComparer.Ordinal);
            foreach (var claim in claims)
            {
                var keys = claim.Select(entry => entry.Key).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
                if (keys.Count > 1)
                {
                    faults.Add($"The servers '{string.Join("', '", keys)}' of workspace '{workspace.Name}' would all answer to '{claim.Key}__…'; give them different prefixes.");
                }
            }
        }
    }

    /// <param name="Key">Of the server that answers to the name.</param>
    private sealed record NameClaim(string Name, string Key);

    private static IEnumerable<NameClaim> NamesOf(UpstreamConfig upstream)
    {
        yield return new NameClaim(upstream.Key, upstream.Key);
        if (upstream.Prefix is { Length: > 0 } prefix)
        {
            yield return new NameClaim(prefix, upstream.Key);
        }
    }

    private static void CheckKeys(SnapshotParts parts, List<string> faults)
    {
        var organizations = parts.Organizations.DistinctBy(organization => organization.Id).ToDictionary(organization => organization.Id);
        var owners = parts.Workspaces.DistinctBy(workspace => workspace.Id).ToDictionary(workspace => workspace.Id, workspace => workspace.OrganizationId);
        foreach (var key in parts.Keys)
        {
            var place = $"key '{key.Id}'";
            if (!organizations.ContainsKey(key.OrganizationId))
            {
                faults.Add($"{place}: its organization does not exist; revoke or delete the key.");
            }
            else if (owners.TryGetValue(key.WorkspaceId, out var owner) && owner != key.OrganizationId)
            {
                // The one fault here that could show a tenant what belongs to another.
                faults.Add($"{place}: its workspace belongs to another organization; let it act in one of its own.");
            }

            ConfigRules.CheckPermissions(key.Permissions, place, faults);
            ConfigRules.CheckLimit(key.Limits, $"{place}: limits", faults);
            ConfigRules.CheckToolLimits(key.ToolLimits, place, faults);
        }

        AddRepeated(parts.Keys.Select(key => key.Id), id => $"Two keys have the id '{id}'; delete one.", faults);
    }

    private static void CheckFileKeys(IReadOnlyList<FileKey> keys, List<string> faults)
    {
        for (var i = 0; i < keys.Count; i++)
        {
            var place = $"auth.keys[{i}]";
            ConfigRules.CheckPermissions(keys[i].Permissions, place, faults);
            ConfigRules.CheckLimit(keys[i].Limits, $"{place}: limits", faults);
            ConfigRules.CheckToolLimits(keys[i].ToolLimits, place, faults);
        }

        AddRepeated(keys.Select(key => key.Id), id => $"auth.keys: the key '{id}' is listed twice; remove one.", faults);
    }

    private static void AddRepeated(IEnumerable<string> values, Func<string, string> sentence, List<string> faults) =>
        faults.AddRange(values.GroupBy(value => value, StringComparer.Ordinal).Where(group => group.Skip(1).Any()).Select(group => sentence(group.Key)));

    private static string PlaceOf(UpstreamConfig upstream, SnapshotParts parts) =>
        upstream.Source == ConfigSource.File
            ? $"mcpServers.{upstream.Key}"
            : $"server '{upstream.Key}' of workspace '{parts.Workspaces.FirstOrDefault(workspace => workspace.Id == upstream.WorkspaceId)?.Name ?? "?"}'";
}
