using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Catalog;

/// <summary>Makes the catalog of a workspace out of its configuration and of what is known of its upstreams.</summary>
internal static class CatalogBuilder
{
    /// <param name="previous">The catalog that this one replaces; its tables are taken over when nothing in them would differ.</param>
    public static WorkspaceCatalog Build(Workspace workspace, Func<Guid, UpstreamOffer> offers, WorkspaceCatalog? previous)
    {
        var parts = new CatalogPart[workspace.Upstreams.Count];
        for (var i = 0; i < parts.Length; i++)
        {
            var upstream = workspace.Upstreams[i];
            parts[i] = new CatalogPart(upstream, offers(upstream.Id), new UriPrefix(upstream.KeyUtf8));
        }

        var tables = previous is not null && HaveSameNames(previous.Parts, parts) ? previous.Tables : BuildTables(parts);
        return new WorkspaceCatalog(workspace, parts, tables);
    }

    /// <summary>The lists of an aggregate that differ between two catalogs of one workspace.</summary>
    public static CatalogKinds Compare(WorkspaceCatalog before, WorkspaceCatalog after)
    {
        var changes = CatalogKinds.None;
        foreach (var kind in CatalogKindTraits.Each)
        {
            changes |= before.Tables.Versions[(int)kind] == after.Tables.Versions[(int)kind] ? CatalogKinds.None : kind.AsFlag();
        }

        return changes;
    }

    private static CatalogTables BuildTables(CatalogPart[] parts)
    {
        var losses = new List<NameLoss>();
        return new CatalogTables(
            new CatalogNames(CatalogKind.Tools, parts, losses),
            new CatalogNames(CatalogKind.Prompts, parts, losses),
            Array.ConvertAll(CatalogKindTraits.Each, kind => VersionOf(kind, parts)),
            losses);
    }

    private static bool HaveSameNames(IReadOnlyList<CatalogPart> before, CatalogPart[] after)
    {
        if (before.Count != after.Length)
        {
            return false;
        }

        for (var i = 0; i < after.Length; i++)
        {
            var (was, isNow) = (before[i].Upstream, after[i].Upstream);
            var same = HaveSameLists(before[i], after[i])
                && was.Id == isNow.Id
                && was.Key == isNow.Key
                && was.NamePrefix.AsSpan().SequenceEqual(isNow.NamePrefix)
                && was.Config.Tools.Allow.SequenceEqual(isNow.Config.Tools.Allow)
                && was.Config.Tools.Deny.SequenceEqual(isNow.Config.Tools.Deny);
            if (!same)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A refresh that finds nothing new keeps the list objects, so comparing references is enough.</summary>
    private static bool HaveSameLists(CatalogPart before, CatalogPart after) =>
        Array.TrueForAll(CatalogKindTraits.Each, kind => ReferenceEquals(before[kind], after[kind]));

    /// <summary>A hash of all that the aggregate's list of one kind is made of.</summary>
    private static ulong VersionOf(CatalogKind kind, CatalogPart[] parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in parts)
        {
            var list = part[kind];
            if (list.Entries.Length == 0)
            {
                continue;
            }

            // The zero bytes keep the texts apart; none of them can contain one.
            hash.AppendData(part.Upstream.KeyUtf8);
            hash.AppendData([0]);
            hash.AppendData(part.Upstream.NamePrefix);
            hash.AppendData([0]);
            hash.AppendData(list.Digest);
            if (kind == CatalogKind.Tools)
            {
                AppendFilter(hash, part.Upstream.Config.Tools);
            }
        }

        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(digest);
        return BinaryPrimitives.ReadUInt64BigEndian(digest);
    }

    private static void AppendFilter(IncrementalHash hash, GlobRule filter)
    {
        foreach (var glob in filter.Allow)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"+{glob}\0"));
        }

        foreach (var glob in filter.Deny)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"-{glob}\0"));
        }
    }
}
