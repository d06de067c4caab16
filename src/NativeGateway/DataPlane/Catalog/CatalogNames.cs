using System.Runtime.InteropServices;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Catalog;

/// <summary>An entry and the number of the part that it belongs to.</summary>
internal readonly record struct NamedEntry(int Part, CatalogEntry Entry);

/// <summary>An entry under the name that an aggregate gives it, as text without anything to escape.</summary>
internal readonly record struct ExposedEntry(CatalogEntry Entry, byte[] Name);

/// <summary>A name that two upstreams of a workspace lay claim to.</summary>
internal sealed record NameLoss(CatalogKind Kind, string Name, string Winner, string Loser);

/// <summary>
/// The names of a workspace's tools or prompts: what a client may call them, and under which name each is listed. Knows parts only by their
/// number, so that it outlives changes of configuration that do not touch names. Immutable once built by <see cref="CatalogBuilder"/>.
/// </summary>
internal sealed class CatalogNames
{
    private readonly Dictionary<byte[], NamedEntry> _exposed;
    private readonly Dictionary<byte[], NamedEntry>.AlternateLookup<ReadOnlySpan<byte>> _exposedLookup;
    private readonly Dictionary<byte[], List<NamedEntry>>.AlternateLookup<ReadOnlySpan<byte>> _bareLookup;
    private readonly ExposedEntry[][] _listed;

    public CatalogNames(CatalogKind kind, IReadOnlyList<CatalogPart> parts, List<NameLoss> losses)
    {
        var count = 0;
        foreach (var part in parts)
        {
            count += part[kind].Entries.Length;
        }

        _exposed = new Dictionary<byte[], NamedEntry>(count, Utf8Comparer.Instance);
        _listed = new ExposedEntry[parts.Count][];
        var bare = new Dictionary<byte[], List<NamedEntry>>(Utf8Comparer.Instance);
        for (var i = 0; i < parts.Count; i++)
        {
            _listed[i] = AddPart(kind, parts, i, bare, losses);
        }

        _exposedLookup = _exposed.GetAlternateLookup<ReadOnlySpan<byte>>();
        _bareLookup = bare.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    /// <summary>What a part contributes to the aggregate's list, in its order.</summary>
    public ExposedEntry[] Listed(int part) => _listed[part];

    public bool TryGetExposed(ReadOnlySpan<byte> name, out NamedEntry entry) => _exposedLookup.TryGetValue(name, out entry);

    /// <summary>Everything of that own name, whichever upstream it belongs to.</summary>
    public bool TryGetBare(ReadOnlySpan<byte> ownName, out ReadOnlySpan<NamedEntry> entries)
    {
        var isKnown = _bareLookup.TryGetValue(ownName, out var all);
        entries = CollectionsMarshal.AsSpan(all);
        return isKnown;
    }

    private ExposedEntry[] AddPart(
        CatalogKind kind, IReadOnlyList<CatalogPart> parts, int number, Dictionary<byte[], List<NamedEntry>> bare, List<NameLoss> losses)
    {
        var part = parts[number];
        var listed = new List<ExposedEntry>(part[kind].Entries.Length);
        foreach (var entry in part[kind].Entries)
        {
            if (!part.Shows(kind, entry.Name))
            {
                continue;
            }

            var named = new NamedEntry(number, entry);
            ref var alike = ref CollectionsMarshal.GetValueRefOrAddDefault(bare, entry.Name, out _);
            (alike ??= []).Add(named);
            var name = ExposedNames.Expose(part.Upstream.NamePrefix, entry.Name);
            if (_exposed.TryAdd(name, named))
            {
                listed.Add(new ExposedEntry(entry, name));
            }
            else
            {
                losses.Add(new NameLoss(
                    kind, System.Text.Encoding.ASCII.GetString(name), parts[_exposed[name].Part].Upstream.Key, part.Upstream.Key));
            }
        }

        return [.. listed];
    }
}
