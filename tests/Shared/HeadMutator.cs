using System.Text;

namespace NativeGateway.Shared;

/// <summary>
/// Heads of HTTP/1.1 requests with faults by chance, the same ones for the same seed: bytes changed, removed, repeated or put in, ends cut off, pieces and whole
/// lines that mean something to a parser, and the rest of one head behind the beginning of another.
/// </summary>
/// <param name="authorization">The value of the header of that name, so that heads which stay whole are let in.</param>
/// <param name="contentLength">What whole heads announce.</param>
public sealed class HeadMutator(int seed, string authorization, int contentLength)
{
    private const int MaxFaults = 4;

    private static readonly byte[][] Pieces =
    [
        .. new[]
        {
            "\r", "\n", "\r\n", "\r\n ", "\r\n\t", "\r\n\r\n", "\n\n", "\t", " ", "\v", ":", ": ", " :", ",", ";", "0", "7", "77", "+7", "-", "0x", "\0", "\u007f", "\u0080", "\u00ff",
            "\"", "(", "/", "//", "..", "?", "#", "%41", "%2f", "[::1]", "close", "keep-alive", "upgrade", "chunked", "identity", "HTTP/1.0", "http/1.1", "HTTP/2.0", "GET ", "POST ",
            "/mcp", "http://a/mcp", "0\r\n\r\n",
        }.Select(Encoding.Latin1.GetBytes),
    ];

    private static readonly byte[][] Lines =
    [
        .. new[]
        {
            "Content-Length: 7\r\n", "Content-Length:7\r\n", "Content-Length: +7\r\n", "Content-Length : 7\r\n", "Content-Length: 7, 7\r\n", "Content-Length: 0\r\n",
            "Transfer-Encoding: chunked\r\n", "Transfer-Encoding : chunked\r\n", "Transfer-Encoding:\vchunked\r\n", "Transfer-Encoding: xchunked\r\n", "Transfer_Encoding: chunked\r\n",
            "X: a\nTransfer-Encoding: chunked\r\n", "Connection: close\r\n", "Connection: Transfer-Encoding\r\n", "Connection: upgrade\r\n", "Upgrade: h2c\r\n",
            "HTTP2-Settings: AAMAAABkAAQAAP__\r\n", "Expect: 100-continue\r\n", "Host: b\r\n", "Host:\r\n", "TE: trailers\r\n", "Trailer: Host\r\n", "X:\r\n", "_: 1\r\n", "X-B: a b\r\n",
            " folded\r\n", "\tfolded\r\n", "Bad Name: 1\r\n", ": 1\r\n", "Accept: */*\r\n", "Mcp-Session-Id: s\r\n",
        }.Select(Encoding.Latin1.GetBytes),
    ];

    private readonly Random _random = new(seed);
    private readonly byte[][] _heads = [.. Heads(authorization, contentLength).Select(Encoding.Latin1.GetBytes)];
    private byte[] _bytes = new byte[4096];
    private int _length;

    /// <summary>The next head, until the next call.</summary>
    public ReadOnlySpan<byte> Next()
    {
        var head = _heads[_random.Next(_heads.Length)];
        _length = 0;
        Insert(0, head);
        for (var faults = _random.Next(MaxFaults + 1); faults > 0 && _length > 0; faults--)
        {
            AddFault(_random.Next(_length));
        }

        return _bytes.AsSpan(0, _length);
    }

    private static string[] Heads(string authorization, int contentLength)
    {
        var plain = $"Host: localhost:80\r\nAuthorization: {authorization}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n";
        var length = $"Content-Length: {contentLength}\r\n\r\n";
        return
        [
            $"POST /mcp HTTP/1.1\r\n{plain}{length}",
            $"POST /mcp/up HTTP/1.1\r\n{plain}X-A: 1\r\n{length}",
            $"POST /mcp HTTP/1.1\r\n{plain}Connection: keep-alive\r\nMCP-Protocol-Version: 2025-06-18\r\nUser-Agent: a (b; c)\r\n{length}",
            $"POST /mcp HTTP/1.1\r\nhost:localhost\r\nAUTHORIZATION:\t{authorization} \r\nOrigin: http://localhost\r\nX-Forwarded-For: 10.0.0.1\r\n{length}",
            $"POST /mcp HTTP/1.1\r\n{plain}Transfer-Encoding: chunked\r\n{length}",
            $"POST /mcp HTTP/1.1\r\n{plain}Transfer-Encoding: chunked\r\n\r\n",
            $"POST http://localhost:80/mcp HTTP/1.1\r\n{plain}{length}",
            $"POST /mcp HTTP/1.0\r\n{plain}{length}",
            $"POST /mcp HTTP/1.1\r\n{plain}Expect: 100-continue\r\n{length}",
            $"GET /health/live HTTP/1.1\r\n{plain}\r\n",
        ];
    }

    private void AddFault(int at)
    {
        switch (_random.Next(9))
        {
            case 0:
                _bytes[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 1:
                _bytes[at] = (byte)_random.Next(256);
                break;
            case 2:
                Remove(at, _random.Next(1, 13));
                break;
            case 3:
                Insert(at, _bytes.AsSpan(at, Math.Min(_random.Next(1, 64), _length - at)).ToArray());
                break;
            case 4 or 5:
                Insert(at, Pieces[_random.Next(Pieces.Length)]);
                break;
            case 6:
                // Whole lines where lines begin.
                var end = _bytes.AsSpan(at, _length - at).IndexOf("\r\n"u8);
                Insert(end < 0 ? at : at + end + 2, Lines[_random.Next(Lines.Length)]);
                break;
            case 7:
                _length = at;
                break;
            default:
                var other = _heads[_random.Next(_heads.Length)];
                _length = at;
                Insert(at, other.AsSpan(_random.Next(other.Length)));
                break;
        }
    }

    private void Remove(int at, int count)
    {
        count = Math.Min(count, _length - at);
        _bytes.AsSpan(at + count, _length - at - count).CopyTo(_bytes.AsSpan(at));
        _length -= count;
    }

    private void Insert(int at, ReadOnlySpan<byte> piece)
    {
        if (_length + piece.Length > _bytes.Length)
        {
            Array.Resize(ref _bytes, 2 * (_length + piece.Length));
        }

        _bytes.AsSpan(at, _length - at).CopyTo(_bytes.AsSpan(at + piece.Length));
        piece.CopyTo(_bytes.AsSpan(at));
        _length += piece.Length;
    }
}
