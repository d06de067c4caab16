using System.Security.Cryptography;
using System.Text;

namespace NativeGateway.Model;

/// <summary>
/// The organization and workspace that a first start creates and that entries of the configuration file belong to. Their ids, like those of
/// file entries, are derived from names, so that every replica and every restart finds the same ones.
/// </summary>
internal static class DefaultTenant
{
    public const string Name = "default";

    public static readonly Guid OrganizationId = Derive("organization/" + Name);

    public static readonly Guid WorkspaceId = Derive("workspace/" + Name);

    public static OrganizationConfig Organization => new(OrganizationId, Name, Suspended: false, AllowedNetworks: [], Limits: null);

    public static WorkspaceConfig Workspace => new(WorkspaceId, OrganizationId, Name, Instructions: null);

    /// <summary>The id of the file's upstream of that key.</summary>
    public static Guid UpstreamId(string key) => Derive("file/" + key);

    /// <summary>A UUID of version 8 (RFC 9562 section 5.8): the first 122 bits of a SHA-256.</summary>
    private static Guid Derive(string name)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes("native-gateway/" + name));
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash.AsSpan(0, 16), bigEndian: true);
    }
}
