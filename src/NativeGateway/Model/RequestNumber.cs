using System.Buffers;
using System.Buffers.Text;
using System.Globalization;

namespace NativeGateway.Model;

/// <summary>
/// What an <c>X-Request-Id</c> says: 64 bits, of which the first 16 tell the processes of one database apart and the others are random, written as
/// 16 hexadecimal digits.
/// </summary>
internal readonly record struct RequestNumber(ulong Value)
{
    /// <summary>Characters of its text.</summary>
    public const int Length = 16;

    private const int ProcessBits = 16, NumberBits = 64 - ProcessBits;

    private static readonly ulong Process = (ulong)Random.Shared.Next(1 << ProcessBits);

    public static RequestNumber New() => new((Process << NumberBits) | (ulong)Random.Shared.NextInt64(1L << NumberBits));

    /// <summary>Whether an id may be one of this process; the ids of one process in 65,536 others look the same.</summary>
    public static bool IsOfThisProcess(string requestId) =>
        ulong.TryParse(requestId, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number) && number >> NumberBits == Process;

    /// <summary>Writes <see cref="Length"/> ASCII digits.</summary>
    public void Format(Span<byte> destination) => Utf8Formatter.TryFormat(Value, destination, out _, new StandardFormat('x', Length));

    public override string ToString() => Value.ToString("x16", CultureInfo.InvariantCulture);
}
