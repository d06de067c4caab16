using NativeGateway.Model;

namespace NativeGateway.DataPlane.Catalog;

/// <summary>One upstream within the catalog of its workspace.</summary>
/// <param name="Uris">What its URIs get in an aggregate.</param>
internal sealed record CatalogPart(Model.Upstream Upstream, UpstreamOffer Offer, UriPrefix Uris)
{
    public UpstreamCatalog? Catalog => Offer.Catalog;

    /// <summary>Its list of that kind, as it gave it; empty as long as it is unknown.</summary>
    public CatalogList this[CatalogKind kind] => Catalog?[kind] ?? CatalogList.Empty;

    /// <summary>True when the operator lets anybody see an entry; only tools have such a filter.</summary>
    public bool Shows(CatalogKind kind, ReadOnlySpan<byte> ownName) => kind != CatalogKind.Tools || Upstream.Tools.Allows(ownName);

    /// <summary>True when a caller may see and use an entry of this upstream, whatever the operator's filter says.</summary>
    public bool IsAllowed(Permissions caller, CatalogKind kind, ReadOnlySpan<byte> ownName) => kind switch
    {
        CatalogKind.Tools => caller.AllowsTool(Upstream, ownName),
        CatalogKind.Prompts => caller.AllowsPrompt(Upstream, ownName),
        _ => caller.AllowsResource(Upstream, ownName),
    };

    /// <summary>Why its list of that kind is missing or old; <see cref="CatalogGap.None"/> for one that it is known not to offer.</summary>
    public CatalogGap GapOf(CatalogKind kind)
    {
        var concerned = (Offer.Status.Kinds & kind.AsFlag()) != 0 && (Catalog is null || Catalog.Capabilities.Offers(kind));
        return concerned ? Offer.Status.Gap : CatalogGap.None;
    }
}

/// <summary>Where a tool or prompt is to be found.</summary>
internal readonly record struct CatalogRoute(CatalogPart Part, CatalogEntry Entry)
{
    public Model.Upstream Upstream => Part.Upstream;

    /// <summary>The upstream's own name as text.</summary>
    public ReadOnlyMemory<byte> OwnName => Entry.Name;

    /// <summary>The same as the raw JSON string token that the upstream wrote.</summary>
    public ReadOnlyMemory<byte> OwnNameToken => Entry.NameToken;
}
