using System.Numerics;
using System.Runtime.CompilerServices;

namespace NativeGateway.Protocol;

/// <summary>
/// Compares bytes in a time that tells only how many there are. The library's own comparison of that kind goes byte by byte, which is too dear for a
/// whole head of a request.
/// </summary>
internal static class FixedTime
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool Equals(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
    {
        if (one.Length != other.Length)
        {
            return false;
        }

        var different = Vector<byte>.Zero;
        var position = 0;
        for (; position <= one.Length - Vector<byte>.Count; position += Vector<byte>.Count)
        {
            different |= new Vector<byte>(one[position..]) ^ new Vector<byte>(other[position..]);
        }

        var rest = 0;
        for (; position < one.Length; position++)
        {
            rest |= one[position] ^ other[position];
        }

        return different == Vector<byte>.Zero & rest == 0;
    }
}
