using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Catalog;

/// <summary>One list of one upstream, complete, in the upstream's order. Immutable.</summary>
internal sealed class CatalogList
{
    public static readonly CatalogList Empty = new CatalogListBuilder(CatalogKind.Tools).Build();

    private readonly Dictionary<byte[], CatalogEntry>.AlternateLookup<ReadOnlySpan<byte>> _byName;

    internal CatalogList(CatalogEntry[] entries, Dictionary<byte[], CatalogEntry> byName, byte[] digest, CatalogFindings findings)
    {
        Entries = entries;
        _byName = byName.GetAlternateLookup<ReadOnlySpan<byte>>();
        Digest = digest;
        Findings = findings;
    }

    public CatalogEntry[] Entries { get; }

    /// <summary>SHA-256 over the entries' bytes: lists with the same digest are the same list.</summary>
    public byte[] Digest { get; }

    public CatalogFindings Findings { get; }

    /// <summary>Finds an entry by the text of its own name or URI.</summary>
    public bool TryGet(ReadOnlySpan<byte> name, [MaybeNullWhen(false)] out CatalogEntry entry) => _byName.TryGetValue(name, out entry);

    public bool SameAs(CatalogList other) => Digest.AsSpan().SequenceEqual(other.Digest);
}

/// <summary>What was wrong with a list that an upstream gave. Reported once, when the list is new.</summary>
/// <param name="Malformed">Entries that are none: no object, no name, a name twice.</param>
/// <param name="Duplicates">Entries whose name an earlier one of the same upstream has.</param>
/// <param name="BadHeaders">Tools with invalid <c>x-mcp-header</c> declarations, and what is invalid.</param>
/// <param name="CutShort">Why the list was not read to its end; null when it was.</param>
internal sealed record CatalogFindings(int Malformed, int Duplicates, IReadOnlyList<(string Tool, string Fault)> BadHeaders, string? CutShort);

/// <summary>Collects the entries of a list, page by page.</summary>
internal sealed class CatalogListBuilder(CatalogKind kind)
{
    public const int MaxEntries = 20_000;

    /// <summary>Bounds the memory that one list of one upstream may take.</summary>
    public const int MaxBytes = 32 * 1024 * 1024;

    private readonly List<CatalogEntry> _entries = [];
    private readonly Dictionary<byte[], CatalogEntry> _byName = new(Utf8Comparer.Instance);
    private readonly List<(string, string)> _badHeaders = [];
    private int _malformed;
    private int _duplicates;
    private long _bytes;
    private string? _cutShort;

    public CatalogKind Kind => kind;

    /// <summary>The list takes no more entries.</summary>
    public bool IsCut => _cutShort is not null;

    /// <summary>Ends the list where it is.</summary>
    public void Cut(string reason) => _cutShort ??= reason;

    public void Add(ReadOnlySpan<byte> json)
    {
        if (_entries.Count == MaxEntries || _bytes + json.Length > MaxBytes)
        {
            Cut("it is too long");
        }

        if (IsCut)
        {
            return;
        }

        var entry = CatalogEntryReader.Read(kind, json, out var headerFault);
        if (entry is null)
        {
            _malformed++;
        }
        else if (headerFault is not null)
        {
            _badHeaders.Add((System.Text.Encoding.UTF8.GetString(entry.Name), headerFault));
        }
        else if (!_byName.TryAdd(entry.Name, entry))
        {
            _duplicates++;
        }
        else
        {
            _entries.Add(entry);
            _bytes += json.Length;
        }
    }

    public CatalogList Build()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (var entry in _entries)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(length, entry.Json.Length);
            hash.AppendData(length);
            hash.AppendData(entry.Json);
        }

        var findings = new CatalogFindings(_malformed, _duplicates, _badHeaders, _cutShort);
        return new CatalogList([.. _entries], _byName, hash.GetHashAndReset(), findings);
    }
}
