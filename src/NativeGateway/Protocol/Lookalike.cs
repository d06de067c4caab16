using System.Text.Json;

namespace NativeGateway.Protocol;

/// <summary>
/// Finds member names that differ from an interpreted one only in case. Some readers (Go's encoding/json, .NET's web defaults) ignore case and
/// take the last such member: <c>{"name":"allowed","NAME":"forbidden"}</c> would be authorized as one tool and run as the other.
/// </summary>
internal static class Lookalike
{
    /// <summary>Longer raw names cannot be one: the longest interpreted name has 15 letters, an escaped letter six bytes.</summary>
    private const int MaxRawLength = 96;

    private static readonly byte[][] Envelope =
        ["jsonrpc"u8.ToArray(), "id"u8.ToArray(), "method"u8.ToArray(), "params"u8.ToArray(), "result"u8.ToArray(), "error"u8.ToArray()];

    private static readonly byte[][] Params =
    [
        "name"u8.ToArray(), "uri"u8.ToArray(), "ref"u8.ToArray(), "arguments"u8.ToArray(), "_meta"u8.ToArray(), "cursor"u8.ToArray(),
        "requestid"u8.ToArray(), "progresstoken"u8.ToArray(), "level"u8.ToArray(), "protocolversion"u8.ToArray(), "capabilities"u8.ToArray(),
        "clientinfo"u8.ToArray(), "notifications"u8.ToArray(), "inputresponses"u8.ToArray(), "requeststate"u8.ToArray(),
    ];

    private static readonly byte[][] Reference = ["name"u8.ToArray(), "uri"u8.ToArray()];

    /// <summary>To be asked for names that are none of the interpreted ones exactly.</summary>
    public static bool OfEnvelope(ref Utf8JsonReader reader) => IsAny(ref reader, Envelope);

    public static bool OfParams(ref Utf8JsonReader reader) => IsAny(ref reader, Params);

    public static bool OfReference(ref Utf8JsonReader reader) => IsAny(ref reader, Reference);

    private static bool IsAny(ref Utf8JsonReader reader, byte[][] names)
    {
        if (reader.ValueSpan.Length > MaxRawLength)
        {
            return false;
        }

        Span<byte> text = stackalloc byte[MaxRawLength];
        text = Fold(text[..reader.CopyString(text)]);
        foreach (var name in names)
        {
            if (text.SequenceEqual(name))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Lower case in place. The long s and the Kelvin sign are the only letters outside ASCII that fold into it.</summary>
    private static Span<byte> Fold(Span<byte> text)
    {
        var length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var rest = text[i..];
            if (rest.StartsWith("\u017F"u8))
            {
                text[length++] = (byte)'s';
                i += 1;
            }
            else if (rest.StartsWith("\u212A"u8))
            {
                text[length++] = (byte)'k';
                i += 2;
            }
            else
            {
                text[length++] = text[i] is >= (byte)'A' and <= (byte)'Z' ? (byte)(text[i] | 0x20) : text[i];
            }
        }

        return text[..length];
    }
}
