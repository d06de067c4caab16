namespace NativeGateway.Model;

/// <summary>A person who signs in. What it may do stands in its memberships; without any it does not exist.</summary>
internal sealed record UserConfig
{
    public required Guid Id { get; init; }

    /// <summary>In lower case; no two users have the same.</summary>
    public required string Email { get; init; }

    /// <summary>For people.</summary>
    public required string Name { get; init; }

    /// <inheritdoc cref="KeyConfig.SecretHash"/>
    public required string PasswordHash { get; init; }

    /// <summary>Administers the instance as a key with the scope <c>instance</c> does: an owner of every organization.</summary>
    public bool IsInstanceAdministrator { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <inheritdoc cref="OrganizationConfig.Version"/>
    public long Version { get; init; }
}

/// <summary>A user's part in one organization.</summary>
internal sealed record MemberConfig(Guid Id, Guid OrganizationId, Guid UserId, Role Role, DateTimeOffset CreatedAt)
{
    /// <inheritdoc cref="OrganizationConfig.Version"/>
    public long Version { get; init; }
}

/// <summary>An open invitation into an organization. Whoever has its token may accept it, once; the token itself is never stored.</summary>
internal sealed record InvitationConfig
{
    public required Guid Id { get; init; }

    public required Guid OrganizationId { get; init; }

    /// <inheritdoc cref="UserConfig.Email"/>
    public required string Email { get; init; }

    public required Role Role { get; init; }

    /// <summary>SHA-256 of the token, which has 256 random bits and so needs no slower hash.</summary>
    public required byte[] TokenHash { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset ExpiresAt { get; init; }

    /// <inheritdoc cref="OrganizationConfig.Version"/>
    public long Version { get; init; }
}
