using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Catalog;

/// <summary>The four lists that an MCP server offers.</summary>
internal enum CatalogKind : byte
{
    Tools,
    Prompts,
    Resources,
    ResourceTemplates,
}

/// <summary>Any of the four lists.</summary>
[Flags]
internal enum CatalogKinds : byte
{
    None = 0,
    Tools = 1,
    Prompts = 2,
    Resources = 4,
    ResourceTemplates = 8,
    All = Tools | Prompts | Resources | ResourceTemplates,
}

/// <summary>What differs between the lists on the wire (server/tools, server/prompts, server/resources of every revision).</summary>
internal static class CatalogKindTraits
{
    public const int Count = 4;

    public static readonly CatalogKind[] Each = [CatalogKind.Tools, CatalogKind.Prompts, CatalogKind.Resources, CatalogKind.ResourceTemplates];

    public static CatalogKinds AsFlag(this CatalogKind kind) => (CatalogKinds)(1 << (int)kind);

    /// <summary>The member of a list result that holds the entries.</summary>
    public static ReadOnlySpan<byte> ListMember(this CatalogKind kind) => kind switch
    {
        CatalogKind.Tools => "tools"u8,
        CatalogKind.Prompts => "prompts"u8,
        CatalogKind.Resources => "resources"u8,
        _ => "resourceTemplates"u8,
    };

    /// <summary>The member of an entry that requests refer to it by.</summary>
    public static ReadOnlySpan<byte> NameMember(this CatalogKind kind) => kind switch
    {
        CatalogKind.Tools or CatalogKind.Prompts => "name"u8,
        CatalogKind.Resources => "uri"u8,
        _ => "uriTemplate"u8,
    };

    public static McpMethod ListMethod(this CatalogKind kind) => kind switch
    {
        CatalogKind.Tools => McpMethod.ToolsList,
        CatalogKind.Prompts => McpMethod.PromptsList,
        CatalogKind.Resources => McpMethod.ResourcesList,
        _ => McpMethod.ResourceTemplatesList,
    };

    /// <summary>True when entries are known by a URI, which exposing extends, and not by a name, which it replaces.</summary>
    public static bool IsNamedByUri(this CatalogKind kind) => kind >= CatalogKind.Resources;
}
