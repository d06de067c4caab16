using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace NativeGateway.Model;

/// <summary>
/// A set of addresses and CIDR blocks, asked without allocating. IPv4-mapped IPv6 addresses count as the IPv4 address they carry, in the
/// set and in the question: both are compared in the mapped form.
/// </summary>
internal sealed class AddressSet
{
    public static readonly AddressSet None = new([]);

    /// <summary>Where the 32 bits of an IPv4 address stand in its mapped form.</summary>
    private const int MappedBits = 96;

    private readonly Block[] _blocks;

    private AddressSet(Block[] blocks) => _blocks = blocks;

    private readonly record struct Block(UInt128 Base, UInt128 Mask);

    /// <summary>Null with the first entry that is neither an address nor a block in <paramref name="bad"/>.</summary>
    public static AddressSet? TryParse(IReadOnlyList<string> entries, out string? bad)
    {
        var blocks = new Block[entries.Count];
        for (var i = 0; i < entries.Count; i++)
        {
            if (!TryParse(entries[i], out blocks[i]))
            {
                bad = entries[i];
                return null;
            }
        }

        bad = null;
        return new AddressSet(blocks);
    }

    public bool Contains(IPAddress address)
    {
        var bits = BitsOf(address);
        foreach (var block in _blocks)
        {
            if ((bits & block.Mask) == block.Base)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The 128 bits of an address, IPv4 in its mapped form.</summary>
    public static UInt128 BitsOf(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            address.TryWriteBytes(bytes[12..], out _);
            return new UInt128(0, 0xFFFF_0000_0000UL | BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]));
        }

        address.TryWriteBytes(bytes, out _);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    private static bool TryParse(string entry, out Block block)
    {
        block = default;
        var slash = entry.IndexOf('/', StringComparison.Ordinal);
        var text = slash < 0 ? entry : entry[..slash];

        // What else the parser takes for IPv4 ("10", "0x7f.1", "010.0.0.1" in octal) would rarely mean what its writer meant.
        if (!IPAddress.TryParse(text, out var address) || (address.AddressFamily == AddressFamily.InterNetwork && address.ToString() != text))
        {
            return false;
        }

        var isShort = address.AddressFamily == AddressFamily.InterNetwork;
        var length = isShort ? 32 : 128;
        if (slash >= 0 && (!int.TryParse(entry.AsSpan(slash + 1), System.Globalization.NumberStyles.None, null, out length) || length > (isShort ? 32 : 128)))
        {
            return false;
        }

        var prefix = isShort ? length + MappedBits : length;
        var mask = prefix == 0 ? UInt128.Zero : UInt128.MaxValue << (128 - prefix);
        var bits = BitsOf(address);
        block = new Block(bits, mask);

        // Bits behind the prefix are a slip of the pen: "10.1.0.0/8" may have meant one or the other.
        return (bits & mask) == bits;
    }
}
