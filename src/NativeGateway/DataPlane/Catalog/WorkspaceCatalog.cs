using System.Diagnostics.CodeAnalysis;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Catalog;

/// <summary>
/// What one workspace offers: the catalogs of its upstreams in their configured order, and the names and URIs under which an aggregate shows
/// them. Immutable; made by <see cref="CatalogBuilder"/>, the current one is in the <see cref="CatalogTable"/>. Looking up allocates nothing.
/// </summary>
internal sealed class WorkspaceCatalog
{
    private readonly CatalogPart[] _parts;
    private readonly Dictionary<Guid, int> _byId;
    private readonly Dictionary<byte[], int>.AlternateLookup<ReadOnlySpan<byte>> _byScheme;

    internal WorkspaceCatalog(Workspace workspace, CatalogPart[] parts, CatalogTables tables)
    {
        Workspace = workspace;
        Tables = tables;
        _parts = parts;
        _byId = new Dictionary<Guid, int>(parts.Length);
        var byScheme = new Dictionary<byte[], int>(parts.Length, Utf8Comparer.Instance);
        for (var i = 0; i < parts.Length; i++)
        {
            _byId.TryAdd(parts[i].Upstream.Id, i);
            byScheme.TryAdd(parts[i].Uris.Scheme, i);
            HasUndecided |= parts[i].Offer.IsUndecided;
        }

        _byScheme = byScheme.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    public Workspace Workspace { get; }

    public IReadOnlyList<CatalogPart> Parts => _parts;

    /// <summary>An upstream has neither been reached nor failed yet, and nothing is remembered of it.</summary>
    public bool HasUndecided { get; }

    internal CatalogTables Tables { get; }

    public bool TryGetPart(Guid upstreamId, [MaybeNullWhen(false)] out CatalogPart part)
    {
        part = _byId.TryGetValue(upstreamId, out var number) ? _parts[number] : null;
        return part is not null;
    }

    /// <summary>
    /// Finds a tool or prompt by the text that a client uses for it, in this order: the name under which it is listed; <c>{server}:{own}</c> or
    /// <c>{server}__{own}</c>, where the server is an upstream's key or id; the own name alone, if exactly one upstream that this caller may use
    /// it of has it. Whether the caller may use what was found is another question.
    /// </summary>
    public bool TryResolve(CatalogKind kind, ReadOnlySpan<byte> name, Permissions caller, out CatalogRoute route)
    {
        route = default;
        if (kind.IsNamedByUri())
        {
            return false;
        }

        if (Tables.Names(kind).TryGetExposed(name, out var entry))
        {
            route = RouteTo(entry);
            return true;
        }

        return TryResolveQualified(kind, name, ":"u8, out route)
            || TryResolveQualified(kind, name, "__"u8, out route)
            || TryResolveBare(kind, name, caller, out route);
    }

    /// <summary>
    /// Finds the upstream that an exposed URI or URI template belongs to, listed or not, and the URI as that upstream knows it; both as text.
    /// The scratch is used for <c>ui://</c> URIs only, and should be as long as the URI.
    /// </summary>
    public bool TryResolveUri(
        ReadOnlySpan<byte> exposedUri, Span<byte> scratch, [MaybeNullWhen(false)] out CatalogPart part, out ReadOnlySpan<byte> ownUri)
    {
        part = null;
        ownUri = default;
        if (!ResourceUris.TrySplit(exposedUri, out var uri) || !_byScheme.TryGetValue(uri.Scheme, out var number))
        {
            return false;
        }

        part = _parts[number];
        ownUri = uri.Own(scratch);
        return true;
    }

    /// <summary>Neither keys nor ids contain a separator, so the first one ends them for sure.</summary>
    private bool TryResolveQualified(CatalogKind kind, ReadOnlySpan<byte> name, ReadOnlySpan<byte> separator, out CatalogRoute route)
    {
        route = default;
        var end = name.IndexOf(separator);
        if (end <= 0 || !Workspace.ByName.TryGet(name[..end], out var upstream) || !TryGetPart(upstream.Id, out var part))
        {
            return false;
        }

        var own = name[(end + separator.Length)..];
        if (!part[kind].TryGet(own, out var entry) || !part.Shows(kind, own))
        {
            return false;
        }

        route = new CatalogRoute(part, entry);
        return true;
    }

    private bool TryResolveBare(CatalogKind kind, ReadOnlySpan<byte> name, Permissions caller, out CatalogRoute route)
    {
        route = default;
        if (!Tables.Names(kind).TryGetBare(name, out var entries))
        {
            return false;
        }

        var found = 0;
        foreach (var entry in entries)
        {
            var part = _parts[entry.Part];
            if (!caller.AllowsServer(part.Upstream) || !part.IsAllowed(caller, kind, name))
            {
                continue;
            }

            if (++found > 1)
            {
                return false;
            }

            route = RouteTo(entry);
        }

        // One that the caller may not use is still named, so that the refusal is the same as under its listed name.
        if (found == 0 && entries.Length == 1)
        {
            route = RouteTo(entries[0]);
            return true;
        }

        return found == 1;
    }

    private CatalogRoute RouteTo(NamedEntry entry) => new(_parts[entry.Part], entry.Entry);
}

/// <summary>Everything of a catalog that depends only on names and content, and not on the state of its upstreams.</summary>
/// <param name="Versions">Per <see cref="CatalogKind"/>: differs when the aggregate's list differs, and is the same in every process.</param>
internal sealed record CatalogTables(CatalogNames Tools, CatalogNames Prompts, ulong[] Versions, IReadOnlyList<NameLoss> Losses)
{
    public CatalogNames Names(CatalogKind kind) => kind == CatalogKind.Tools ? Tools : Prompts;
}
