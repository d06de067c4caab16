namespace NativeGateway.DataPlane.Catalog;

/// <summary>Why a list is missing or shown from memory. The words that clients get for it say nothing about the cause.</summary>
internal enum CatalogGap : byte
{
    None,

    /// <summary>Not asked yet in this process.</summary>
    Starting,
    Unavailable,
    Timeout,
}

/// <summary>How the last attempt to read an upstream's lists ended.</summary>
/// <param name="Kinds">The lists concerned; the others are up to date.</param>
internal readonly record struct UpstreamStatus(CatalogGap Gap, CatalogKinds Kinds)
{
    public static readonly UpstreamStatus Available;

    public static readonly UpstreamStatus Starting = new(CatalogGap.Starting, CatalogKinds.All);
}

/// <summary>What is known of an upstream: its last catalog, if there ever was one, and how far that can be relied on.</summary>
internal sealed record UpstreamOffer(UpstreamCatalog? Catalog, UpstreamStatus Status)
{
    public static readonly UpstreamOffer Unknown = new(null, UpstreamStatus.Starting);

    /// <summary>Nobody can say yet what the upstream offers; after a failed attempt that is known to be unknown, and this is false.</summary>
    public bool IsUndecided => Catalog is null && Status.Gap == CatalogGap.Starting;
}
