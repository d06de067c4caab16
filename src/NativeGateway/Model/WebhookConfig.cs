namespace NativeGateway.Model;

/// <summary>Where alerts of an organization are sent to.</summary>
internal sealed record WebhookConfig
{
    public required Guid Id { get; init; }

    public required Guid OrganizationId { get; init; }

    /// <summary>For people; unique within the organization.</summary>
    public required string Name { get; init; }

    /// <summary>May hold a token, as those of chat services do: sealed in the database, never in logs.</summary>
    public required Uri Url { get; init; }

    /// <summary>What payloads are signed with; sealed in the database, shown once.</summary>
    public required string Secret { get; init; }

    /// <summary>Which alerts it takes; none for all.</summary>
    public IReadOnlyList<AlertKind> Events { get; init; } = [];

    public bool Disabled { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <inheritdoc cref="OrganizationConfig.Version"/>
    public long Version { get; init; }
}
