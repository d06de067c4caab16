using System.Buffers.Text;
using System.Text;

namespace NativeGateway.Protocol;

/// <summary>
/// Values of <c>Mcp-Name</c> and <c>Mcp-Param-*</c>: plain when they can stand in a header, else <c>=?base64?…?=</c> around the UTF-8 bytes
/// (2026-07-28, basic/transports/streamable-http, "Header Value Encoding").
/// </summary>
internal static class MirroredHeader
{
    private const string Prefix = "=?base64?";
    private const string Suffix = "?=";

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The text that a header value stands for. False for a broken base64 form; a value with only one of the marks is literal.</summary>
    public static bool TryDecode(string value, out string text)
    {
        text = value.Trim(' ', '\t');
        if (text.Length < Prefix.Length + Suffix.Length
            || !text.StartsWith(Prefix, StringComparison.Ordinal)
            || !text.EndsWith(Suffix, StringComparison.Ordinal))
        {
            return true;
        }

        var encoded = text.AsSpan(Prefix.Length, text.Length - Prefix.Length - Suffix.Length);
        if (encoded.ContainsAny(" \t\r\n") || !Base64.IsValid(encoded, out var length))
        {
            return false;
        }

        var bytes = new byte[length];
        try
        {
            return Convert.TryFromBase64Chars(encoded, bytes, out var written) && (text = StrictUtf8.GetString(bytes, 0, written)) is not null;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    /// <summary>The header value for a text.</summary>
    public static string Encode(string text)
    {
        var isPlain = text.Length > 0
            && text.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0
            && text[0] != ' '
            && text[^1] != ' '
            && !(text.StartsWith(Prefix, StringComparison.Ordinal) && text.EndsWith(Suffix, StringComparison.Ordinal));
        return isPlain ? text : Prefix + Convert.ToBase64String(Encoding.UTF8.GetBytes(text)) + Suffix;
    }
}
