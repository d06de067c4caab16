using NativeGateway.DataPlane.Upstream;

namespace NativeGateway.DataPlane.Catalog;

/// <summary>What one upstream offers and says of itself, as it gave it. Immutable.</summary>
internal sealed class UpstreamCatalog
{
    private readonly CatalogList[] _lists;

    /// <param name="lists">One per <see cref="CatalogKind"/>, in that order.</param>
    public UpstreamCatalog(UpstreamPeer peer, CatalogList[] lists, DateTimeOffset fetchedAt)
    {
        Peer = peer;
        Capabilities = PeerCapabilities.Read(peer.Capabilities);
        FetchedAt = fetchedAt;
        _lists = lists;
    }

    public UpstreamPeer Peer { get; }

    public PeerCapabilities Capabilities { get; }

    public DateTimeOffset FetchedAt { get; }

    public CatalogList this[CatalogKind kind] => _lists[(int)kind];

    /// <summary>The lists that are not the same as those of an earlier catalog.</summary>
    public CatalogKinds ChangesSince(UpstreamCatalog? earlier)
    {
        var changes = CatalogKinds.None;
        foreach (var kind in CatalogKindTraits.Each)
        {
            changes |= this[kind].SameAs(earlier?[kind] ?? CatalogList.Empty) ? CatalogKinds.None : kind.AsFlag();
        }

        return changes;
    }

    public bool HasSamePeer(UpstreamCatalog other) =>
        Peer.Revision == other.Peer.Revision
        && Peer.Instructions == other.Peer.Instructions
        && Peer.Capabilities.Span.SequenceEqual(other.Peer.Capabilities.Span)
        && Peer.ServerInfo.Span.SequenceEqual(other.Peer.ServerInfo.Span);
}
