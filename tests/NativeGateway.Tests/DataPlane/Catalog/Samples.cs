using System.Buffers;
using System.Text;
using System.Text.Json;
using NativeGateway.DataPlane.Catalog;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;
using UpstreamModel = NativeGateway.Model.Upstream;

namespace NativeGateway.Tests.DataPlane.Catalog;

/// <summary>Upstreams, workspaces and catalogs as the tests need them.</summary>
internal static class Samples
{
    public const string EveryCapability = """{"tools":{},"prompts":{},"resources":{}}""";

    public static readonly Guid WorkspaceId = new("11111111-1111-1111-1111-111111111111");

    public static UpstreamModel Upstream(string key, string? prefix = null, GlobRule? tools = null, string? instructions = null)
    {
        var config = new UpstreamConfig
        {
            Id = IdOf(key),
            WorkspaceId = WorkspaceId,
            Key = key,
            Transport = UpstreamTransport.StreamableHttp,
            Endpoints = [new EndpointConfig(new Uri($"https://{key}.example/mcp"))],
            Prefix = prefix,
            Tools = tools ?? GlobRule.Everything,
            Instructions = instructions,
        };
        return Upstream(config);
    }

    public static UpstreamModel Upstream(UpstreamConfig config)
    {
        var prefix = config.Prefix ?? config.Key;
        return new UpstreamModel
        {
            Config = config,
            KeyUtf8 = Encoding.UTF8.GetBytes(config.Key),
            NamePrefix = prefix.Length == 0 ? [] : Encoding.UTF8.GetBytes($"{prefix}__"),
            Tools = new GlobSet(config.Tools),
        };
    }

    /// <summary>The same id for the same key in every run.</summary>
    public static Guid IdOf(string key) => new(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, 16));

    public static Workspace Workspace(params UpstreamModel[] upstreams) => new()
    {
        Id = WorkspaceId,
        OrganizationId = Guid.Empty,
        Name = "default",
        Instructions = null,
        Upstreams = upstreams,
        ByName = new Utf8Table<UpstreamModel>(upstreams, upstream => upstream.Key, upstream => upstream.Id.ToString()),
    };

    public static Snapshot Snapshot(params Workspace[] workspaces) => new()
    {
        Revision = 1,
        Settings = GatewaySettings.Default,
        Callers = new Utf8Table<Caller>([]),
        Workspaces = System.Collections.Frozen.FrozenDictionary.ToFrozenDictionary(workspaces, workspace => workspace.Id),
        Anonymous = null,
    };

    public static string Tool(string name) => $$$"""{"name":{{{JsonSerializer.Serialize(name)}}},"inputSchema":{"type":"object"}}""";

    public static UpstreamCatalog Tools(params string[] names) => Catalog(tools: names.Select(Tool));

    public static UpstreamCatalog Catalog(
        IEnumerable<string>? tools = null,
        IEnumerable<string>? prompts = null,
        IEnumerable<string>? resources = null,
        IEnumerable<string>? templates = null,
        string capabilities = EveryCapability,
        string? instructions = null,
        ProtocolRevision? revision = null)
    {
        var lists = new[]
        {
            List(CatalogKind.Tools, tools),
            List(CatalogKind.Prompts, prompts),
            List(CatalogKind.Resources, resources),
            List(CatalogKind.ResourceTemplates, templates),
        };
        return new UpstreamCatalog(Peer(capabilities, instructions, revision), lists, new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    }

    public static UpstreamPeer Peer(string capabilities = EveryCapability, string? instructions = null, ProtocolRevision? revision = null) => new(
        revision ?? ProtocolRevision.V20251125,
        Encoding.UTF8.GetBytes(capabilities),
        """{"name":"sample","version":"1"}"""u8.ToArray(),
        instructions);

    public static CatalogList List(CatalogKind kind, IEnumerable<string>? entries)
    {
        var list = new CatalogListBuilder(kind);
        foreach (var entry in entries ?? [])
        {
            list.Add(Encoding.UTF8.GetBytes(entry));
        }

        return list.Build();
    }

    /// <summary>The catalog of a workspace with these upstreams.</summary>
    public static WorkspaceCatalog Aggregate(params (UpstreamModel Upstream, UpstreamCatalog Catalog)[] parts) =>
        CatalogOf(parts.Select(part => (part.Upstream, new UpstreamOffer(part.Catalog, UpstreamStatus.Available))).ToArray());

    public static WorkspaceCatalog CatalogOf(params (UpstreamModel Upstream, UpstreamOffer Offer)[] parts)
    {
        var offers = parts.ToDictionary(part => part.Upstream.Id, part => part.Offer);
        return CatalogBuilder.Build(Workspace(parts.Select(part => part.Upstream).ToArray()), id => offers[id], previous: null);
    }

    public static Permissions Permit(string[]? servers = null, string[]? tools = null, string[]? denyTools = null, string[]? resources = null) => new(
        new GlobSet(new GlobRule(servers ?? [], [])),
        new GlobSet(new GlobRule(tools ?? [], denyTools ?? [])),
        GlobSet.Everything,
        new GlobSet(new GlobRule(resources ?? [], [])));

    public static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    public static string Written(Action<IBufferWriter<byte>> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        write(buffer);
        return Text(buffer.WrittenSpan);
    }
}
