namespace NativeGateway.Model;

/// <summary>What a key may be used for.</summary>
[Flags]
internal enum KeyScopes
{
    None = 0,

    /// <summary>MCP requests.</summary>
    Mcp = 1,

    AdminRead = 2,

    AdminWrite = 4,

    /// <summary>Connectors.</summary>
    Connect = 8,

    /// <summary>Every organization of the gateway, and what belongs to none: creating organizations, settings.</summary>
    Instance = 16,
}

/// <summary>One API key, as stored. The secret itself is never stored; see <see cref="SecretHash"/>.</summary>
internal sealed record KeyConfig
{
    /// <summary>12 base62 characters, public part of the key.</summary>
    public required string Id { get; init; }

    public required Guid OrganizationId { get; init; }

    public required Guid WorkspaceId { get; init; }

    public required string Name { get; init; }

    /// <summary>Argon2id in PHC string form: <c>$argon2id$v=19$m=…,t=…,p=…$salt$hash</c> (RFC 9106).</summary>
    public required string SecretHash { get; init; }

    public required KeyScopes Scopes { get; init; }

    public PermissionConfig Permissions { get; init; } = PermissionConfig.Everything;

    public LimitConfig? Limits { get; init; }

    /// <summary>
    /// Further buckets of this key, one for each glob over tool names (as in <see cref="PermissionConfig"/>). All tools that a glob matches share
    /// its bucket, so that the number of buckets depends on what is configured and not on which names callers make up.
    /// </summary>
    public IReadOnlyDictionary<string, LimitConfig> ToolLimits { get; init; } = new Dictionary<string, LimitConfig>();

    /// <summary>The member that it belongs to, whose role bounds what it may do; null for a key of the organization itself.</summary>
    public Guid? UserId { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }

    /// <inheritdoc cref="OrganizationConfig.Version"/>
    public long Version { get; init; }
}

/// <summary>
/// What a key may use. Servers are matched by their key. A tool, prompt or resource glob that contains <c>__</c> is matched against
/// <c>{server}__{name}</c>, one without against the upstream's own name (or URI).
/// </summary>
internal sealed record PermissionConfig(GlobRule Servers, GlobRule Tools, GlobRule Prompts, GlobRule Resources)
{
    public static readonly PermissionConfig Everything = new(GlobRule.Everything, GlobRule.Everything, GlobRule.Everything, GlobRule.Everything);
}
