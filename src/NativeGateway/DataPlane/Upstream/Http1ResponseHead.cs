using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>The head of one HTTP/1.1 response, read strictly (RFC 9112): lines end with CRLF, nothing is folded, lengths are unambiguous.</summary>
internal sealed class Http1ResponseHead
{
    private const int MaxHeaders = 200;

    private static readonly SearchValues<byte> TokenBytes =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    public int Status { get; private set; }

    public bool IsChunked { get; private set; }

    public long? ContentLength { get; private set; }

    public bool KeepsAlive { get; private set; }

    public WireContent Content { get; private set; }

    public string? SessionId { get; private set; }

    public string? RetryAfter { get; private set; }

    /// <summary>What <c>Retry-After</c> asks for, as seconds or as a date; null without it.</summary>
    public TimeSpan? WaitOf(TimeProvider time)
    {
        var wait = int.TryParse(RetryAfter, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? TimeSpan.FromSeconds(seconds)
            : DateTimeOffset.TryParseExact(RetryAfter, "r", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) ? date - time.GetUtcNow()
            : (TimeSpan?)null;
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    /// <summary>Reads a head from the first byte on. Returns how long it is, or 0 while it is not whole.</summary>
    /// <exception cref="IOException">It is no proper head.</exception>
    public int Read(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return 0;
        }

        var lines = bytes[..(end + 2)];
        var statusEnd = lines.IndexOf("\r\n"u8);
        ReadStatus(lines[..statusEnd]);
        lines = lines[(statusEnd + 2)..];
        for (var count = 0; !lines.IsEmpty; count++)
        {
            var lineEnd = lines.IndexOf("\r\n"u8);
            ReadLine(lines[..lineEnd]);
            lines = lines[(lineEnd + 2)..];
            if (count == MaxHeaders)
            {
                throw Broken();
            }
        }

        if (IsChunked && ContentLength is not null)
        {
            // The chunks count, and whoever wrote both is not trusted with a second request (RFC 9112, 6.3).
            KeepsAlive = false;
        }

        return end + 4;
    }

    private void ReadStatus(ReadOnlySpan<byte> line)
    {
        (IsChunked, ContentLength, Content, SessionId, RetryAfter) = (false, null, WireContent.Other, null, null);
        var isWhole = line.Length >= 12 && line.StartsWith("HTTP/1."u8) && line[7] is (byte)'0' or (byte)'1' && line[8] == ' '
            && !line[9..12].ContainsAnyExceptInRange((byte)'0', (byte)'9') && (line.Length == 12 || line[12] == ' ') && !line.ContainsAny((byte)'\r', (byte)'\n');
        if (!isWhole)
        {
            throw Broken();
        }

        KeepsAlive = line[7] == '1';
        Status = ((line[9] - '0') * 100) + ((line[10] - '0') * 10) + line[11] - '0';
        if (Status is < 100 or 101)
        {
            throw Broken();
        }
    }

    private void ReadLine(ReadOnlySpan<byte> line)
    {
        var colon = line.IndexOf((byte)':');
        if (colon <= 0 || line[..colon].ContainsAnyExcept(TokenBytes) || line.ContainsAny((byte)'\r', (byte)'\n', (byte)0))
        {
            throw Broken();
        }

        var name = line[..colon];
        var value = line[(colon + 1)..].Trim(" \t"u8);
        switch (name.Length)
        {
            case 10 when Ascii.EqualsIgnoreCase(name, "Connection"u8):
                KeepsAlive &= !Ascii.EqualsIgnoreCase(value, "close"u8);
                break;
            case 11 when Ascii.EqualsIgnoreCase(name, "Retry-After"u8):
                RetryAfter = Encoding.ASCII.GetString(value);
                break;
            case 12 when Ascii.EqualsIgnoreCase(name, "Content-Type"u8):
                Content = ReadContent(value);
                break;
            case 14 when Ascii.EqualsIgnoreCase(name, "Content-Length"u8):
                ReadLength(value);
                break;
            case 14 when Ascii.EqualsIgnoreCase(name, "MCP-Session-Id"u8):
                SessionId = Encoding.Latin1.GetString(value);
                break;
            case 17 when Ascii.EqualsIgnoreCase(name, "Transfer-Encoding"u8):
                IsChunked = !IsChunked && Ascii.EqualsIgnoreCase(value, "chunked"u8) ? true : throw Broken();
                break;
            default:
                break;
        }
    }

    private void ReadLength(ReadOnlySpan<byte> value)
    {
        var isNumber = !value.ContainsAnyExceptInRange((byte)'0', (byte)'9') & Utf8Parser.TryParse(value, out long length, out var used)
            && used == value.Length && (ContentLength ?? length) == length;
        ContentLength = isNumber ? length : throw Broken();
    }

    private static WireContent ReadContent(ReadOnlySpan<byte> value)
    {
        var end = value.IndexOf((byte)';');
        var type = (end < 0 ? value : value[..end]).Trim(" \t"u8);
        return Ascii.EqualsIgnoreCase(type, "application/json"u8) ? WireContent.Json
            : Ascii.EqualsIgnoreCase(type, "text/event-stream"u8) ? WireContent.EventStream
            : WireContent.Other;
    }

    private static IOException Broken() => new("The head of the upstream's response is malformed.");
}
