namespace NativeGateway.Model;

/// <summary>Everything stored that a snapshot is compiled from, read in one consistent view.</summary>
/// <param name="Revision">Grows by one with every stored change; 0 for an empty database.</param>
internal sealed record RegistryConfig(
    long Revision,
    IReadOnlyList<OrganizationConfig> Organizations,
    IReadOnlyList<WorkspaceConfig> Workspaces,
    IReadOnlyList<UpstreamConfig> Upstreams,
    IReadOnlyList<KeyConfig> Keys,
    IReadOnlyDictionary<string, string> Settings)
{
    public static readonly RegistryConfig Empty = new(0, [], [], [], [], new Dictionary<string, string>());

    public IReadOnlyList<WebhookConfig> Webhooks { get; init; } = [];

    public IReadOnlyList<UserConfig> Users { get; init; } = [];

    public IReadOnlyList<MemberConfig> Members { get; init; } = [];

    public IReadOnlyList<InvitationConfig> Invitations { get; init; } = [];
}

/// <summary>The last list of what one upstream offers, kept so that lists survive a restart while the upstream is down.</summary>
/// <param name="Json">UTF-8 JSON in the shape that the catalog's own reader and writer define; definitions only, never content.</param>
internal sealed record StoredCatalog(Guid UpstreamId, ReadOnlyMemory<byte> Json, DateTimeOffset FetchedAt);
