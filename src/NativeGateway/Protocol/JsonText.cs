using System.Buffers;
using System.Text;
using System.Text.Json;

namespace NativeGateway.Protocol;

/// <summary>JSON as text: raw string tokens and what they say, and documents as lines.</summary>
internal static class JsonText
{
    /// <summary>
    /// The text of a raw string token (with quotes), unescaped. Points into <paramref name="token"/> when it has no escapes, else into
    /// <paramref name="scratch"/>. False for a token that is no string, that holds half of an escaped surrogate pair, or that is escaped and
    /// longer than the scratch.
    /// </summary>
    public static bool TryGetText(ReadOnlySpan<byte> token, Span<byte> scratch, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (token.Length < 2 || token[0] != '"')
        {
            return false;
        }

        var inner = token[1..^1];
        if (!inner.Contains((byte)'\\'))
        {
            text = inner;
            return true;
        }

        if (inner.Length > scratch.Length)
        {
            return false;
        }

        var reader = new Utf8JsonReader(token);
        reader.Read();
        try
        {
            text = scratch[..reader.CopyString(scratch)];
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>The text of a raw string token as a string, or null for any other token and for one with half of an escaped surrogate pair.</summary>
    public static string? GetString(ReadOnlySpan<byte> token)
    {
        if (token.Length < 2 || token[0] != '"')
        {
            return null;
        }

        var reader = new Utf8JsonReader(token);
        reader.Read();
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>A text as a JSON string token with quotes.</summary>
    public static byte[] Quote(string text) => Encoding.UTF8.GetBytes($"\"{JsonEncodedText.Encode(text, Encoder)}\"");

    /// <summary>
    /// Writes a document on one line. It may be formatted over several: between tokens a blank is the same as a line break, and within strings a
    /// line break cannot stand unescaped.
    /// </summary>
    public static void WriteLine(IBufferWriter<byte> writer, ReadOnlySpan<byte> document)
    {
        var line = writer.GetSpan(document.Length)[..document.Length];
        document.CopyTo(line);
        line.Replace((byte)'\n', (byte)' ');
        line.Replace((byte)'\r', (byte)' ');
        writer.Advance(document.Length);
    }

    /// <summary>Escapes only what JSON demands, so that texts stay readable and short on the wire.</summary>
    public static readonly System.Text.Encodings.Web.JavaScriptEncoder Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
}
