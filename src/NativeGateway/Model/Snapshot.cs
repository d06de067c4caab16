using System.Collections.Frozen;

namespace NativeGateway.Model;

/// <summary>
/// The compiled, immutable view of all configuration. An exchange takes one at its start and holds it to its end; a change of
/// configuration builds a new one and swaps the reference in <see cref="SnapshotHolder"/>.
/// </summary>
internal sealed class Snapshot
{
    public required long Revision { get; init; }

    public required GatewaySettings Settings { get; init; }

    /// <summary>Every key that exists, usable or not, by its id.</summary>
    public required Utf8Table<Caller> Callers { get; init; }

    public required FrozenDictionary<Guid, Workspace> Workspaces { get; init; }

    /// <summary>Who a request without credentials is, when authentication is switched off; null when a key is required.</summary>
    public required Caller? Anonymous { get; init; }
}

/// <summary>Settings that take effect with a swap. Limits are per key unless said otherwise.</summary>
internal sealed record GatewaySettings
{
    public static readonly GatewaySettings Default = new();

    public bool AuthRequired { get; init; } = true;

    /// <summary>For keys without limits of their own; null for none.</summary>
    public LimitConfig? KeyLimits { get; init; } = new(600, 100);

    /// <summary>For all calls from one address, whoever makes them; null for none.</summary>
    public LimitConfig? AddressCallLimits { get; init; }

    /// <summary>For all calls of one user, by whichever of its keys or signed in; null for none. Keys of an organization have no user.</summary>
    public LimitConfig? UserCallLimits { get; init; }

    /// <summary>What organizations can be given, by name.</summary>
    public IReadOnlyDictionary<string, QuotaConfig> Plans { get; init; } = BuiltInPlans.All;

    /// <summary>Refused credentials per caller's address.</summary>
    public LimitConfig CredentialLimits { get; init; } = new(60, 30);

    public int MaxRequestBytes { get; init; } = 4 * 1024 * 1024;

    public int MaxConcurrentRequests { get; init; } = 10_000;

    /// <summary>Origins allowed besides those of the listeners themselves.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>Addresses or CIDR blocks whose <c>X-Forwarded-For</c> is believed.</summary>
    public IReadOnlyList<string> TrustedProxies { get; init; } = [];

    /// <summary>Lets upstreams that no operator vouched for be loopback or private.</summary>
    public bool AllowPrivateUpstreams { get; init; }

    /// <summary>Commands that upstreams which no operator vouched for may run.</summary>
    public IReadOnlyList<string> AllowedCommands { get; init; } = ["node", "npx", "python", "python3", "uv", "uvx", "uvenv", "dnx"];

    /// <summary>Child processes at once, over all stdio upstreams.</summary>
    public int MaxProcesses { get; init; } = 64;

    public UsageSettings Usage { get; init; } = UsageSettings.Default;

    /// <summary>Null when no alerts can be sent by e-mail.</summary>
    public MailServer? Mail { get; init; }

    /// <summary>How long audit entries are kept.</summary>
    public TimeSpan AuditRetention { get; init; } = TimeSpan.FromDays(365);
}

/// <summary>What one key sees: the enabled upstreams of a workspace in their configured order.</summary>
internal sealed class Workspace
{
    public required Guid Id { get; init; }

    public required Guid OrganizationId { get; init; }

    public required string Name { get; init; }

    public required string? Instructions { get; init; }

    /// <summary>Ordered by <see cref="UpstreamConfig.Order"/>, then key. Disabled ones are not in it.</summary>
    public required IReadOnlyList<Upstream> Upstreams { get; init; }

    /// <summary>The same, by key and by id (as text).</summary>
    public required Utf8Table<Upstream> ByName { get; init; }
}

/// <summary>One upstream, compiled.</summary>
internal sealed class Upstream
{
    public required UpstreamConfig Config { get; init; }

    /// <summary>The key as UTF-8.</summary>
    public required byte[] KeyUtf8 { get; init; }

    /// <summary>What exposed names begin with: <c>{prefix}__</c>, or nothing.</summary>
    public required byte[] NamePrefix { get; init; }

    /// <summary>The operator's filter over the upstream's own tool names.</summary>
    public required GlobSet Tools { get; init; }

    /// <summary><see cref="UpstreamConfig.CostPerCall"/> in millionths.</summary>
    public long CostMicros { get; init; }

    public Guid Id => Config.Id;

    public string Key => Config.Key;
}

/// <summary>Who is calling: a key, or nobody in particular.</summary>
internal sealed class Caller
{
    /// <summary>The key's id; empty for the anonymous caller.</summary>
    public required string KeyId { get; init; }

    public required string Name { get; init; }

    public required Guid OrganizationId { get; init; }

    /// <summary>The user that the key belongs to, or that has signed in; null for a key of the organization.</summary>
    public Guid? UserId { get; init; }

    /// <summary>Null when the key's workspace does not exist (any more).</summary>
    public required Workspace? Workspace { get; init; }

    public required KeyScopes Scopes { get; init; }

    public required Permissions Permissions { get; init; }

    /// <summary>The key's own bucket; null for none.</summary>
    public required LimitConfig? Limits { get; init; }

    /// <summary>The key's further buckets for tools whose names match; see <see cref="KeyConfig.ToolLimits"/>.</summary>
    public IReadOnlyList<ToolLimit> ToolLimits { get; init; } = [];

    /// <summary>One bucket for all keys of the organization; null for none.</summary>
    public required LimitConfig? OrganizationLimits { get; init; }

    /// <inheritdoc cref="GatewaySettings.AddressCallLimits"/>
    public LimitConfig? AddressLimits { get; init; }

    /// <inheritdoc cref="GatewaySettings.UserCallLimits"/>
    public LimitConfig? UserLimits { get; init; }

    /// <summary>Shared by all keys of the organization; null when its calls are not counted.</summary>
    public Quotas? Quotas { get; init; }

    /// <summary>Where callers may come from; null for everywhere.</summary>
    public required AddressSet? AllowedNetworks { get; init; }

    /// <summary>Argon2id in PHC form; null when <see cref="SecretDigest"/> is given instead.</summary>
    public string? SecretHash { get; init; }

    /// <summary>SHA-256 of the whole key, for keys that the configuration file holds in clear anyway.</summary>
    public byte[]? SecretDigest { get; init; }

    public bool OrganizationSuspended { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }
}

/// <summary>A bucket of one key for the tools that a glob matches.</summary>
/// <param name="Glob">As configured; names the bucket.</param>
internal sealed record ToolLimit(string Glob, GlobSet Tools, LimitConfig Limit);

/// <summary>The compiled permissions of a key; see <see cref="PermissionConfig"/> for what the globs mean.</summary>
internal sealed record Permissions(GlobSet Servers, GlobSet Tools, GlobSet Prompts, GlobSet Resources)
{
    public static readonly Permissions Everything = new(GlobSet.Everything, GlobSet.Everything, GlobSet.Everything, GlobSet.Everything);

    public bool AllowsServer(Upstream upstream) => Servers.Allows(upstream.KeyUtf8);

    public bool AllowsTool(Upstream upstream, ReadOnlySpan<byte> ownName) => Tools.Allows(upstream.KeyUtf8, ownName);

    public bool AllowsPrompt(Upstream upstream, ReadOnlySpan<byte> ownName) => Prompts.Allows(upstream.KeyUtf8, ownName);

    public bool AllowsResource(Upstream upstream, ReadOnlySpan<byte> ownUri) => Resources.Allows(upstream.KeyUtf8, ownUri);
}

/// <summary>The one mutable place of the configuration: a reference to the current snapshot, swapped whole.</summary>
internal sealed class SnapshotHolder(Snapshot first)
{
    private volatile Snapshot _current = first;

    /// <summary>Raised after a swap, on the thread that swapped, with the new snapshot.</summary>
    public event Action<Snapshot>? Changed;

    public Snapshot Current => _current;

    public void Swap(Snapshot next)
    {
        _current = next;
        Changed?.Invoke(next);
    }
}
