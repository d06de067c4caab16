using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace NativeGateway.Model;

/// <summary>An immutable table looked up by UTF-8 text as it stands in a message or a header, without making a string of it.</summary>
internal sealed class Utf8Table<T>
{
    private readonly Dictionary<byte[], T> _entries = new(Utf8Comparer.Instance);
    private readonly Dictionary<byte[], T>.AlternateLookup<ReadOnlySpan<byte>> _lookup;

    /// <param name="names">What each value is found by. On a repeated name the first one stays, those of an earlier function before later ones.</param>
    public Utf8Table(IEnumerable<T> values, params Func<T, string>[] names)
    {
        foreach (var name in names)
        {
            foreach (var value in values)
            {
                _entries.TryAdd(Encoding.UTF8.GetBytes(name(value)), value);
            }
        }

        _lookup = _entries.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    public int Count => _entries.Count;

    public IEnumerable<T> Values => _entries.Values;

    public bool TryGet(ReadOnlySpan<byte> name, [MaybeNullWhen(false)] out T value) => _lookup.TryGetValue(name, out value);
}

/// <summary>Compares UTF-8 texts by their bytes, stored as arrays and asked for as spans. Hashes are seeded per process.</summary>
internal sealed class Utf8Comparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    public static readonly Utf8Comparer Instance = new();

    private Utf8Comparer()
    {
    }

    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());

    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

    public int GetHashCode(ReadOnlySpan<byte> alternate)
    {
        var hash = default(HashCode);
        hash.AddBytes(alternate);
        return hash.ToHashCode();
    }

    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
}
