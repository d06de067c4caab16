namespace NativeGateway.Model;

/// <summary>A key that the configuration file lists. It acts in the default workspace.</summary>
/// <param name="Id">The 12 characters of the key's public part.</param>
/// <param name="Digest">SHA-256 of the key's whole text.</param>
internal sealed record FileKey(string Name, string Id, byte[] Digest, KeyScopes Scopes, PermissionConfig Permissions)
{
    /// <summary>Null for those of the settings.</summary>
    public LimitConfig? Limits { get; init; }

    /// <summary>See <see cref="KeyConfig.ToolLimits"/>.</summary>
    public IReadOnlyDictionary<string, LimitConfig> ToolLimits { get; init; } = new Dictionary<string, LimitConfig>();
}
