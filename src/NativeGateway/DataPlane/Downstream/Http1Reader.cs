using System.Buffers;
using System.Buffers.Text;
using System.Text;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>What the bytes of a connection are so far.</summary>
internal enum Http1Verdict : byte
{
    /// <summary>The beginning of something that may become a request for this door.</summary>
    Incomplete,

    /// <summary>A whole head that this door understands completely.</summary>
    Complete,

    /// <summary>Anything else, well-formed or not: for Kestrel to judge.</summary>
    Foreign,
}

/// <summary>
/// Reads the head of <c>POST /mcp</c> or <c>POST /mcp/{server}</c> in the plainest form of HTTP/1.1 (RFC 9112): one Content-Length, no
/// Transfer-Encoding, no folding, no bare CR or LF, ASCII only. It refuses nothing: whatever is not exactly that is foreign, so it can accept
/// no request that Kestrel would refuse or understand differently.
/// </summary>
internal static class Http1Reader
{
    /// <summary>Less than Kestrel's limits for the first line and for all headers, so that this door takes nothing that those refuse.</summary>
    private const int MaxHead = 16 * 1024;

    private const int MaxHeaders = 90;
    private const int MaxLengthDigits = 9;

    private static readonly SearchValues<byte> TokenBytes =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    private static readonly SearchValues<byte> NameBytes =
        SearchValues.Create("-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    private static readonly SearchValues<byte> HostBytes =
        SearchValues.Create("-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    private static ReadOnlySpan<byte> Start => "POST /mcp"u8;

    private static ReadOnlySpan<byte> Version => " HTTP/1.1\r\n"u8;

    /// <summary>Reads from the first byte on; when the verdict is complete, <paramref name="request"/> is filled.</summary>
    public static Http1Verdict Read(ReadOnlySpan<byte> bytes, Http1Request request)
    {
        request.Clear();
        var verdict = ReadHead(bytes[..Math.Min(bytes.Length, MaxHead)], request);
        return verdict == Http1Verdict.Incomplete && bytes.Length >= MaxHead ? Http1Verdict.Foreign : verdict;
    }

    private static Http1Verdict ReadHead(ReadOnlySpan<byte> bytes, Http1Request request)
    {
        var common = Math.Min(bytes.Length, Start.Length);
        if (!bytes[..common].SequenceEqual(Start[..common]))
        {
            return Http1Verdict.Foreign;
        }

        var verdict = ReadTarget(bytes, request, out var position);
        if (verdict != Http1Verdict.Complete)
        {
            return verdict;
        }

        request.LinesStart = position;
        for (var count = 0; count <= MaxHeaders; count++)
        {
            verdict = ReadLine(bytes, request, ref position);
            if (verdict != Http1Verdict.Complete)
            {
                return verdict;
            }

            if (request.HeadLength > 0)
            {
                return IsWhole(request) ? Http1Verdict.Complete : Http1Verdict.Foreign;
            }
        }

        return Http1Verdict.Foreign;
    }

    private static Http1Verdict ReadTarget(ReadOnlySpan<byte> bytes, Http1Request request, out int position)
    {
        position = Start.Length;
        if (position < bytes.Length && bytes[position] == '/')
        {
            var name = bytes[(position + 1)..];
            var length = name.IndexOfAnyExcept(NameBytes);
            length = length < 0 ? name.Length : length;
            request.UpstreamName = new ByteRange(position + 1, length);
            position += 1 + length;
            if ((length == 0 && position < bytes.Length) || name is [(byte)'.', ..])
            {
                // Dots may be segments that a path is to be cleaned of.
                return Http1Verdict.Foreign;
            }
        }

        var rest = bytes[Math.Min(position, bytes.Length)..];
        var common = Math.Min(rest.Length, Version.Length);
        position += Version.Length;
        return !rest[..common].SequenceEqual(Version[..common]) ? Http1Verdict.Foreign
            : common == Version.Length ? Http1Verdict.Complete
            : Http1Verdict.Incomplete;
    }

    /// <summary>One line of the head. The empty one settles <see cref="Http1Request.HeadLength"/>.</summary>
    private static Http1Verdict ReadLine(ReadOnlySpan<byte> bytes, Http1Request request, ref int position)
    {
        var rest = bytes[position..];
        var end = rest.IndexOfAny((byte)'\r', (byte)'\n');
        if (end < 0 || (rest[end] == '\r' && end + 1 == rest.Length))
        {
            return Http1Verdict.Incomplete;
        }

        if (rest[end] == '\n' || rest[end + 1] != '\n')
        {
            return Http1Verdict.Foreign;
        }

        var start = position;
        position += end + 2;
        if (end == 0)
        {
            request.HeadLength = position;
            return Http1Verdict.Complete;
        }

        var line = rest[..end];
        var colon = line.IndexOf((byte)':');
        if (colon <= 0 || line[..colon].ContainsAnyExcept(TokenBytes))
        {
            return Http1Verdict.Foreign;
        }

        var from = colon + 1;
        while (from < end && line[from] is (byte)' ' or (byte)'\t')
        {
            from++;
        }

        var to = end;
        while (to > from && line[to - 1] is (byte)' ' or (byte)'\t')
        {
            to--;
        }

        var value = line[from..to];
        return value.ContainsAnyExceptInRange((byte)' ', (byte)'~') || !Take(line[..colon], value, start + from, request)
            ? Http1Verdict.Foreign
            : Http1Verdict.Complete;
    }

    /// <summary>False for what this door does not understand.</summary>
    private static bool Take(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, int start, Http1Request request)
    {
        if (IsForeign(name))
        {
            return false;
        }

        if (Find(name) is not { } known)
        {
            return true;
        }

        if (request[known].IsPresent)
        {
            return false;
        }

        request[known] = new ByteRange(start, value.Length);
        switch (known)
        {
            case KnownHeader.Host:
                return IsPlainHost(value);
            case KnownHeader.ContentLength:
                var isNumber = Utf8Parser.TryParse(value, out int length, out var used) && used == value.Length
                    && value.Length <= MaxLengthDigits && !value.ContainsAnyExceptInRange((byte)'0', (byte)'9');
                request.ContentLength = length;
                return isNumber;
            case KnownHeader.Connection:
                request.Closes = Ascii.EqualsIgnoreCase(value, "close"u8);
                return request.Closes || Ascii.EqualsIgnoreCase(value, "keep-alive"u8);
            default:
                // A range of no bytes cannot be told from an absent one.
                return !value.IsEmpty;
        }
    }

    private static bool IsWhole(Http1Request request) => request[KnownHeader.Host].IsPresent && request[KnownHeader.ContentLength].IsPresent;

    /// <summary>A name or an IPv4 address, with or without a port.</summary>
    private static bool IsPlainHost(ReadOnlySpan<byte> value)
    {
        var colon = value.IndexOf((byte)':');
        var name = colon < 0 ? value : value[..colon];
        return !name.IsEmpty && !name.ContainsAnyExcept(HostBytes)
            && (colon < 0 || (value[(colon + 1)..] is { Length: > 0 and <= 5 } port && !port.ContainsAnyExceptInRange((byte)'0', (byte)'9')));
    }

    /// <summary>Headers that change what the connection or the body is.</summary>
    private static bool IsForeign(ReadOnlySpan<byte> name) => name.Length switch
    {
        2 => Ascii.EqualsIgnoreCase(name, "TE"u8),
        6 => Ascii.EqualsIgnoreCase(name, "Expect"u8),
        7 => Ascii.EqualsIgnoreCase(name, "Upgrade"u8) || Ascii.EqualsIgnoreCase(name, "Trailer"u8),
        17 => Ascii.EqualsIgnoreCase(name, "Transfer-Encoding"u8),
        _ => false,
    };

    private static KnownHeader? Find(ReadOnlySpan<byte> name) => name.Length switch
    {
        4 => Is(name, "Host"u8, KnownHeader.Host),
        6 => Is(name, "Accept"u8, KnownHeader.Accept) ?? Is(name, "Origin"u8, KnownHeader.Origin),
        8 => Is(name, "Mcp-Name"u8, KnownHeader.MirroredName),
        9 => Is(name, "X-API-Key"u8, KnownHeader.ApiKey),
        10 => Is(name, "Connection"u8, KnownHeader.Connection) ?? Is(name, "Mcp-Method"u8, KnownHeader.MirroredMethod)
            ?? Is(name, "tracestate"u8, KnownHeader.TraceState),
        11 => Is(name, "traceparent"u8, KnownHeader.TraceParent),
        12 => Is(name, "Content-Type"u8, KnownHeader.ContentType),
        13 => Is(name, "Authorization"u8, KnownHeader.Authorization) ?? Is(name, "Last-Event-ID"u8, KnownHeader.LastEventId),
        14 => Is(name, "Content-Length"u8, KnownHeader.ContentLength) ?? Is(name, "Mcp-Session-Id"u8, KnownHeader.SessionId),
        15 => Is(name, "X-Forwarded-For"u8, KnownHeader.ForwardedFor),
        20 => Is(name, "MCP-Protocol-Version"u8, KnownHeader.ProtocolVersion),
        _ => null,
    };

    private static KnownHeader? Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> known, KnownHeader header) =>
        Ascii.EqualsIgnoreCase(name, known) ? header : null;
}
