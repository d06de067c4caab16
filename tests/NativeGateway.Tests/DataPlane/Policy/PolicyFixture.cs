using System.Net;
using System.Text;
using NativeGateway.DataPlane.Policy;
using NativeGateway.Model;

namespace NativeGateway.Tests.DataPlane.Policy;

using Upstream = NativeGateway.Model.Upstream;

/// <summary>One organization with one workspace, and keys and servers in it as a test needs them.</summary>
internal static class PolicyFixture
{
    public static readonly IPAddress Here = IPAddress.Parse("192.0.2.1");
    public static readonly IPAddress There = IPAddress.Parse("198.51.100.1");

    public static readonly OrganizationConfig Organization = new(new Guid("00000000-0000-0000-0000-00000000000a"), "acme", false, [], null);
    public static readonly WorkspaceConfig Workspace = new(new Guid("00000000-0000-0000-0000-00000000000b"), Organization.Id, "default", null);

    public static KeyConfig Key(string id, string hash = "hash") => new()
    {
        Id = id,
        OrganizationId = Organization.Id,
        WorkspaceId = Workspace.Id,
        Name = "test",
        SecretHash = hash,
        Scopes = KeyScopes.Mcp,
    };

    public static UpstreamConfig Server(string key) => new()
    {
        Id = Guid.NewGuid(),
        WorkspaceId = Workspace.Id,
        Key = key,
        Transport = UpstreamTransport.StreamableHttp,
        Endpoints = [new(new Uri("https://example.com/mcp"))],
    };

    public static Snapshot Snapshot(
        IReadOnlyList<KeyConfig> keys,
        IReadOnlyList<UpstreamConfig>? upstreams = null,
        OrganizationConfig? organization = null,
        GatewaySettings? settings = null,
        IReadOnlyList<FileKey>? fileKeys = null,
        bool anonymous = false)
    {
        var registry = RegistryConfig.Empty with
        {
            Organizations = [organization ?? Organization],
            Workspaces = [Workspace],
            Upstreams = upstreams ?? [],
            Keys = keys,
        };
        var faults = new List<string>();
        var snapshot = SnapshotBuilder.Build(registry, [], fileKeys ?? [], settings ?? GatewaySettings.Default, anonymous, faults);
        return snapshot ?? throw new InvalidOperationException(string.Join(' ', faults));
    }

    public static Caller Caller(this Snapshot snapshot, string id) =>
        snapshot.Callers.TryGet(Encoding.ASCII.GetBytes(id), out var caller) ? caller : throw new InvalidOperationException($"There is no key {id}.");

    public static Upstream Upstream(this Snapshot snapshot, string key) =>
        snapshot.Workspaces[Workspace.Id].ByName.TryGet(Encoding.ASCII.GetBytes(key), out var upstream)
            ? upstream : throw new InvalidOperationException($"There is no server {key}.");

    /// <summary>The same key id with another secret, and a right checksum: what a forger can make of an id.</summary>
    public static byte[] Forge(NewApiKey key)
    {
        var text = Encoding.ASCII.GetBytes(key.Text);
        Encoding.ASCII.GetBytes(ApiKey.Create().Text, 17, 43, text, 17);
        return WithChecksum(text);
    }

    public static byte[] WithChecksum(byte[] text)
    {
        const string alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        var checksum = Crc32.Compute(text.AsSpan(0, 60));
        for (var i = 65; i >= 60; i--)
        {
            text[i] = (byte)alphabet[(int)(checksum % 62)];
            checksum /= 62;
        }

        return text;
    }
}
