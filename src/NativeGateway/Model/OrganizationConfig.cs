namespace NativeGateway.Model;

/// <summary>A tenant. Everything else belongs to exactly one, and nothing of one is ever visible to another.</summary>
/// <param name="Suspended">When true every key of the organization is refused with 401.</param>
/// <param name="AllowedNetworks">CIDR blocks that callers may come from; empty allows every address.</param>
internal sealed record OrganizationConfig(Guid Id, string Name, bool Suspended, IReadOnlyList<string> AllowedNetworks, LimitConfig? Limits)
{
    /// <summary>One of <see cref="GatewaySettings.Plans"/>; null for none, which limits nothing.</summary>
    public string? Plan { get; init; }

    /// <summary>Of its own, above those of the plan.</summary>
    public QuotaConfig Quotas { get; init; } = QuotaConfig.None;

    /// <summary>Grows by one whenever this record is stored, which the store does; 0 for one that never was.</summary>
    public long Version { get; init; }
}

/// <summary>A set of upstreams that one aggregate endpoint offers. A key acts in exactly one workspace.</summary>
/// <param name="Instructions">Put before the upstreams' own instructions in the answer to <c>initialize</c> and <c>server/discover</c>.</param>
internal sealed record WorkspaceConfig(Guid Id, Guid OrganizationId, string Name, string? Instructions)
{
    /// <inheritdoc cref="OrganizationConfig.Version"/>
    public long Version { get; init; }
}

/// <summary>One token bucket: continuous refill at <paramref name="RequestsPerMinute"/>, at most <paramref name="Burst"/> at once.</summary>
internal sealed record LimitConfig(int RequestsPerMinute, int Burst);
