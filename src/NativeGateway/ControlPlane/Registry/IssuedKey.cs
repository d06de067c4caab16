using NativeGateway.DataPlane.Policy;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Registry;

/// <summary>What a new key shall be.</summary>
internal sealed record KeyRequest(string Name, KeyScopes Scopes, PermissionConfig Permissions, LimitConfig? Limits, DateTimeOffset? ExpiresAt)
{
    /// <inheritdoc cref="KeyConfig.ToolLimits"/>
    public IReadOnlyDictionary<string, LimitConfig> ToolLimits { get; init; } = new Dictionary<string, LimitConfig>();
}

/// <summary>A key that was just made or renewed. The text is shown once and then forgotten. Making one takes the tens of milliseconds of Argon2id.</summary>
internal sealed record IssuedKey(KeyConfig Key, string Text)
{
    public static IssuedKey Create(KeyRequest request, WorkspaceConfig workspace, DateTimeOffset now)
    {
        var made = ApiKey.Create();
        var key = new KeyConfig
        {
            Id = made.Id,
            OrganizationId = workspace.OrganizationId,
            WorkspaceId = workspace.Id,
            Name = request.Name,
            SecretHash = Argon2id.Hash(made.Secret),
            Scopes = request.Scopes,
            Permissions = request.Permissions,
            Limits = request.Limits,
            ToolLimits = request.ToolLimits,
            CreatedAt = now,
            ExpiresAt = request.ExpiresAt,
        };
        return new IssuedKey(key, made.Text);
    }

    /// <summary>A new secret under the same id.</summary>
    public static IssuedKey Renew(KeyConfig key)
    {
        var made = ApiKey.Create(key.Id);
        return new IssuedKey(key with { SecretHash = Argon2id.Hash(made.Secret) }, made.Text);
    }

    public override string ToString() => $"key {Key.Id}";
}
