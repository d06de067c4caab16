namespace NativeGateway.Model;

/// <summary>How messages travel to an upstream MCP server.</summary>
internal enum UpstreamTransport
{
    StreamableHttp,

    /// <summary>HTTP+SSE of revision 2024-11-05.</summary>
    Sse,

    /// <summary>A child process that speaks one JSON-RPC message per line.</summary>
    Stdio,
}

/// <summary>How a call finds its endpoint among the healthy ones of a tier.</summary>
internal enum LoadBalancing
{
    /// <summary>The less loaded and faster of two that are drawn by weight.</summary>
    PowerOfTwo,

    /// <summary>One after the other, as often as their weights say.</summary>
    RoundRobin,

    /// <summary>The first in the configuration's order.</summary>
    First,
}

/// <summary>Where a configuration entry comes from. File entries are read-only for every interface but the file.</summary>
internal enum ConfigSource
{
    Database,
    File,
}

/// <summary>One registered upstream MCP server, as stored and edited.</summary>
internal sealed record UpstreamConfig
{
    public required Guid Id { get; init; }

    public required Guid WorkspaceId { get; init; }

    /// <summary>The operator's short name, unique in the workspace: see <see cref="ConfigRules.IsName"/>. Prefix of exposed names.</summary>
    public required string Key { get; init; }

    public required UpstreamTransport Transport { get; init; }

    /// <summary>For HTTP transports, at least one; equivalent servers, chosen by priority (lowest first), then weight.</summary>
    public IReadOnlyList<EndpointConfig> Endpoints { get; init; } = [];

    /// <summary>For <see cref="UpstreamTransport.Stdio"/>.</summary>
    public CommandConfig? Command { get; init; }

    /// <summary>Sent on every request to an HTTP upstream. Values are secrets: encrypted at rest, never logged.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    public bool Disabled { get; init; }

    /// <summary>Globs over the upstream's own tool names; deny wins. Holds for every caller.</summary>
    public GlobRule Tools { get; init; } = GlobRule.Everything;

    /// <summary>Used instead of <see cref="Key"/> in exposed names when set; empty exposes the names unprefixed.</summary>
    public string? Prefix { get; init; }

    /// <summary>Used instead of the instructions that the upstream gives itself.</summary>
    public string? Instructions { get; init; }

    public decimal CostPerCall { get; init; }

    /// <summary>A bucket for every key's calls to this upstream.</summary>
    public LimitConfig? Limits { get; init; }

    /// <summary>Calls under way at once, of all callers together; a few more wait, the others are refused.</summary>
    public int MaxConcurrent { get; init; } = 1024;

    public LoadBalancing LoadBalancing { get; init; }

    /// <summary>How long an endpoint may be unused before it is asked whether it is well; null for never.</summary>
    public TimeSpan? HealthInterval { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>From sending a request to its final answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    public ConfigSource Source { get; init; } = ConfigSource.Database;

    /// <summary>Written by the operator (file, CLI on the same machine): may be loopback or private and may run any command.</summary>
    public bool Trusted { get; init; }

    /// <summary>Order within the workspace; ties are broken by <see cref="Key"/>.</summary>
    public int Order { get; init; }

    /// <inheritdoc cref="OrganizationConfig.Version"/>
    public long Version { get; init; }
}

/// <summary>One of several equivalent servers behind an upstream.</summary>
/// <param name="Region">Those of the gateway's own region come first within a priority.</param>
/// <param name="Priority">Lower is used first; a higher one only while no lower one is healthy.</param>
/// <param name="Weight">Its share of the calls, relative to the others'.</param>
internal sealed record EndpointConfig(Uri Url, string? Region = null, int Priority = 0, int Weight = 1);

/// <summary>A child process: an argument vector (never a shell string), a working directory and extra environment variables.</summary>
/// <param name="Environment">Values are secrets: encrypted at rest, never logged.</param>
internal sealed record CommandConfig(
    string FileName,
    IReadOnlyList<string> Arguments,
    IReadOnlyDictionary<string, string> Environment,
    string? WorkingDirectory);
