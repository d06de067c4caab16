using System.Text;
using NativeGateway.Model;

namespace NativeGateway.Bench;

/// <summary>Messages and configuration as a busy gateway sees them.</summary>
internal static class Samples
{
    public const string KeyId = "abcdefghijkl";

    /// <summary>A <c>tools/call</c> with a text argument that makes it about as long as asked.</summary>
    public static byte[] ToolsCall(int length)
    {
        const string head = """{"jsonrpc":"2.0","id":4711,"method":"tools/call","params":{"name":"github__search_issues","arguments":{"query":"crash","limit":20,"text":" """;
        const string tail = """ "},"_meta":{"progressToken":"p-17"}}}""";
        return Encoding.UTF8.GetBytes(head + new string('x', Math.Max(0, length - head.Length - tail.Length)) + tail);
    }

    public static Snapshot Snapshot(KeyConfig key, UpstreamConfig upstream, LimitConfig? organizationLimits = null)
    {
        var organization = new OrganizationConfig(key.OrganizationId, "acme", false, [], organizationLimits);
        var registry = RegistryConfig.Empty with
        {
            Organizations = [organization],
            Workspaces = [new WorkspaceConfig(key.WorkspaceId, organization.Id, "default", null)],
            Upstreams = [upstream],
            Keys = [key],
        };
        var faults = new List<string>();
        return SnapshotBuilder.Build(registry, [], [], GatewaySettings.Default, false, faults)
            ?? throw new InvalidOperationException(string.Join(' ', faults));
    }

    public static KeyConfig Key(string id = KeyId, string hash = "") => new()
    {
        Id = id,
        OrganizationId = new Guid("00000000-0000-0000-0000-00000000000a"),
        WorkspaceId = new Guid("00000000-0000-0000-0000-00000000000b"),
        Name = "bench",
        SecretHash = hash,
        Scopes = KeyScopes.Mcp,
    };

    public static UpstreamConfig GitHub() => new()
    {
        Id = new Guid("00000000-0000-0000-0000-00000000000c"),
        WorkspaceId = Key().WorkspaceId,
        Key = "github",
        Transport = UpstreamTransport.StreamableHttp,
        Endpoints = [new EndpointConfig(new Uri("https://example.com/mcp"))],
    };
}
