using System.Buffers;
using System.Security.Cryptography;

namespace NativeGateway.DataPlane.Catalog;

/// <summary>
/// The names under which tools and prompts are offered: prefix and own name, within what every model vendor accepts,
/// <c>^[a-zA-Z0-9_-]{1,64}$</c>. What does not fit is replaced or cut and gets a hash of the whole, so that different names stay different and
/// a name stays the same for ever. Nothing is read back from an exposed name: it is found in a table.
/// </summary>
internal static class ExposedNames
{
    public const int MaxLength = 64;

    private const int HashLength = 8;

    private static readonly SearchValues<byte> Allowed =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"u8);

    /// <param name="prefix">With its separator; empty for none.</param>
    /// <param name="own">The upstream's own name, as text.</param>
    public static byte[] Expose(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> own)
    {
        var fits = prefix.Length + own.Length is > 0 and <= MaxLength && !prefix.ContainsAnyExcept(Allowed) && !own.ContainsAnyExcept(Allowed);
        return fits ? [.. prefix, .. own] : Hashed([.. prefix, .. own]);
    }

    private static byte[] Hashed(byte[] name)
    {
        var exposed = new List<byte>(MaxLength);
        foreach (var letter in name)
        {
            if (exposed.Count == MaxLength - HashLength - 1)
            {
                break;
            }

            // Bytes 0x80–0xBF continue a character whose first byte has already become an underscore.
            if ((letter & 0xC0) != 0x80)
            {
                exposed.Add(Allowed.Contains(letter) ? letter : (byte)'_');
            }
        }

        exposed.Add((byte)'_');
        AddHash(exposed, name);
        return [.. exposed];
    }

    /// <summary>40 bits of SHA-256 in base32 (RFC 4648), lower case.</summary>
    private static void AddHash(List<byte> exposed, byte[] name)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(name, hash);
        var bits = System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(hash);
        for (var i = 0; i < HashLength; i++)
        {
            exposed.Add("abcdefghijklmnopqrstuvwxyz234567"u8[(int)(bits >> 59)]);
            bits <<= 5;
        }
    }
}
