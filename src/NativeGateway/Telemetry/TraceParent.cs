using System.Buffers.Text;
using System.Globalization;

namespace NativeGateway.Telemetry;

/// <summary>A <c>traceparent</c> (W3C Trace Context): which trace, which span in it, and whether it is sampled.</summary>
internal readonly record struct TraceParent(ulong TraceHigh, ulong TraceLow, ulong SpanId, bool IsSampled)
{
    private const int Length = 55;

    /// <summary>False for what is none: then a trace begins here.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out TraceParent parent)
    {
        Span<byte> ascii = stackalloc byte[Length];
        parent = default;
        return text.Length >= Length && System.Text.Encoding.ASCII.TryGetBytes(text[..Length], ascii, out _) && TryParse(ascii, text.Length, out parent);
    }

    public static bool TryParse(ReadOnlySpan<byte> text, out TraceParent parent)
    {
        parent = default;
        return text.Length >= Length && TryParse(text[..Length], text.Length, out parent);
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"00-{TraceHigh:x16}{TraceLow:x16}-{SpanId:x16}-{(IsSampled ? "01" : "00")}");

    /// <summary>Later versions may be longer, and only they; version ff is none.</summary>
    private static bool TryParse(ReadOnlySpan<byte> text, int wholeLength, out TraceParent parent)
    {
        parent = default;
        if (text[2] != '-' || text[35] != '-' || text[52] != '-' || (wholeLength > Length && text[..2].SequenceEqual("00"u8)) || text[..2].SequenceEqual("ff"u8)
            || !TryRead(text[..2], out _) || !TryRead(text[3..19], out var high) || !TryRead(text[19..35], out var low)
            || !TryRead(text[36..52], out var span) || !TryRead(text[53..55], out var flags) || (high | low) == 0 || span == 0)
        {
            return false;
        }

        parent = new TraceParent(high, low, span, (flags & 1) != 0);
        return true;
    }

    /// <summary>Lower-case hexadecimal digits only.</summary>
    private static bool TryRead(ReadOnlySpan<byte> digits, out ulong value) =>
        Utf8Parser.TryParse(digits, out value, out int read, 'x') && read == digits.Length && !digits.ContainsAnyInRange((byte)'A', (byte)'F');
}
