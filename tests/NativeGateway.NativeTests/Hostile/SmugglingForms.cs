using System.Globalization;
using System.Text;

namespace NativeGateway.NativeTests.Hostile;

/// <summary>
/// Published forms of request smuggling and desynchronization, each with a whole call hidden where only a wrong reading of the lengths finds it, and
/// the answers that the gateway gives to it and to the marker behind it.
/// </summary>
internal static class SmugglingForms
{
    /// <summary>Stands for a key in all texts, and is as long as one: lengths stay what they say.</summary>
    public const string Key = "ngw_kkkkkkkkkkkk_kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";

    /// <summary>What an upstream would see of a hidden call.</summary>
    public const string Secret = "hidden-call";

    private const string Lines = $"Host: 127.0.0.1\r\nAuthorization: Bearer {Key}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n";
    private const string Ping = """{"jsonrpc":"2.0","id":"outer","method":"ping"}""";

    private static readonly string Hidden = Call("smuggled", Secret);

    /// <summary>An honest request, in the place of a form.</summary>
    public static string Outer { get; } = Post("Content-Length: " + Number(Ping.Length), Ping);

    /// <summary>An honest call, sent after each form.</summary>
    public static string Marker { get; } = Call("marker", "marker").Replace("Host:", "Connection: close\r\nHost:", StringComparison.Ordinal);

    public static IReadOnlyDictionary<string, (string Text, string Answers)> All { get; } = new Dictionary<string, (string, string)>(
        [.. Lengths(), .. Encodings(), .. Chunks(), .. LineEnds(), .. Starts(), .. Connections()]);

    /// <summary>A length, or something like it, before a body that is a whole call.</summary>
    private static IEnumerable<KeyValuePair<string, (string, string)>> Lengths()
    {
        var all = Number(Hidden.Length);
        yield return Form("two lengths, the first 0", Post($"Content-Length: 0\r\nContent-Length: {all}", Hidden), "400");
        yield return Form("two lengths, the second 0", Post($"Content-Length: {all}\r\nContent-Length: 0", Hidden), "400");
        yield return Form("the same length twice", Post($"Content-Length: {all}\r\nContent-Length: {all}", Hidden), "400");
        yield return Form("two lengths in one line", Post($"Content-Length: 0, {all}", Hidden), "400");
        yield return Form("the same length twice in one line", Post($"Content-Length: {all}, {all}", Hidden), "400");
        // Kestrel alone takes the sign for part of a number, and means by it what was meant.
        yield return Form("a length with a plus", Post($"Content-Length: +{all}", Hidden), "400, 200 marker");
        foreach (var length in (string[])["-", "0x", "\v", "\0", "\u00a0", "\"", "1e", "0,", "0 ", "0;", "0\t"])
        {
            yield return Form($"a length after {Name(length)}", Post($"Content-Length: {length}{all}", Hidden), "400");
        }

        foreach (var length in (string[])["\v", "\0", "\u00a0", "\"", ".0", ",", ";", "_0", " 0", "L"])
        {
            yield return Form($"a length before {Name(length)}", Post($"Content-Length: {all}{length}", Hidden), "400");
        }

        yield return Form("a length of 2^64", Post("Content-Length: 18446744073709551616", Hidden), "400");
        yield return Form("a length of 2^32", Post("Content-Length: 4294967296", Hidden), "413");
        yield return Form("an empty length", Post("Content-Length:", Hidden), "400");
        yield return Form("a length with a space before the colon", Post($"Content-Length : {all}", Hidden), "400");
        yield return Form("a length with a line break before the colon", Post($"Content-Length\r\n : {all}", Hidden), "400");
        yield return Form("a folded length", Post($"Content-Length:\r\n {all}", Hidden), "400");
        yield return Form("a length with leading zeros", Post($"Content-Length: 000{all}", Hidden), "400, 200 marker");
        yield return Form("CL.0 where no body is expected", $"GET /health/live HTTP/1.1\r\n{Lines}Content-Length: {all}\r\n\r\n{Hidden}", "200, 200 marker");
        yield return Form("CL.0 where nothing is found", $"POST /nothing HTTP/1.1\r\n{Lines}Content-Length: {all}\r\n\r\n{Hidden}", "404, 200 marker");
        yield return Form("CL.0 in another method", $"OPTIONS /mcp HTTP/1.1\r\n{Lines}Content-Length: {all}\r\n\r\n{Hidden}", "405, 200 marker");
    }

    /// <summary>TE.TE and CL.TE: a Transfer-Encoding that one reader sees and another does not; by the length, everything is body.</summary>
    private static IEnumerable<KeyValuePair<string, (string, string)>> Encodings()
    {
        var body = "0\r\n\r\n" + Hidden;
        var length = "Content-Length: " + Number(body.Length);
        (string Line, string Answers)[] lines =
        [
            ("Transfer-Encoding: chunked", "400"),
            ("Transfer-Encoding:\tchunked", "400"),
            ("Transfer-Encoding:chunked", "400"),
            ("tRANSFER-eNCODING: cHUNKED", "400"),
            ("Transfer-Encoding: chunked\t", "400"),
            ("Transfer-Encoding : chunked", "400"),
            ("Transfer-Encoding\t: chunked", "400"),
            ("Transfer-Encoding\r\n : chunked", "400"),
            ("Transfer-Encoding\n : chunked", "400"),
            (" Transfer-Encoding: chunked", "400"),
            ("\tTransfer-Encoding: chunked", "400"),
            ("X: 1\r\n Transfer-Encoding: chunked", "400"),
            ("X: 1\nTransfer-Encoding: chunked", "400"),
            ("X: 1\rTransfer-Encoding: chunked", "400"),
            ("X: 1\0Transfer-Encoding: chunked", "400"),
            ("Transfer-Encoding:\r\n chunked", "400"),
            ("Transfer-Encoding:\n chunked", "400"),
            ("Transfer-Encoding: \vchunked", "400"),
            ("Transfer-Encoding: \fchunked", "400"),
            ("Transfer-Encoding: \u00a0chunked", "400"),
            ("Transfer-Encoding: chunked\0", "400"),
            ("Transfer-Encoding: chunked\r", "400"),
            ("Transfer-Encoding\0: chunked", "400"),
            ("Transfer-Encoding: xchunked", "400"),
            ("Transfer-Encoding: chunkedx", "400"),
            ("Transfer-Encoding: chunk", "400"),
            ("Transfer-Encoding: \"chunked\"", "400"),
            ("Transfer-Encoding: 'chunked'", "400"),
            ("Transfer-Encoding: chunked;q=1", "400"),
            ("Transfer-Encoding: ,chunked", "400"),
            ("Transfer-Encoding: chunked,", "400"),
            ("Transfer-Encoding: chunked, identity", "400"),
            ("Transfer-Encoding: identity, chunked", "400"),
            ("Transfer-Encoding: identity", "400"),
            ("Transfer-Encoding: gzip, chunked", "400"),
            ("Transfer-Encoding: chunked, chunked", "400"),
            ("Transfer-Encoding:", "400"),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: x", "400"),
            ("Transfer-Encoding: x\r\nTransfer-Encoding: chunked", "400"),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "400"),
            ("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", "400"),
            ("Transfer_Encoding: chunked", "400, 200 marker"),
            ("Transfer Encoding: chunked", "400"),
            ("X-Transfer-Encoding: chunked", "400, 200 marker"),
            ("Content-Encoding: chunked", "400, 200 marker"),
            ("TE: chunked", "400, 200 marker"),
            ("Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked", "400"),
        ];
        foreach (var (line, answers) in lines)
        {
            yield return Form($"{Name(line)} after a length", Post($"{length}\r\n{line}", body), answers);
            yield return Form($"{Name(line)} before a length", Post($"{line}\r\n{length}", body), answers);
        }
    }

    /// <summary>TE.CL, and chunks that readers have taken apart in different ways.</summary>
    private static IEnumerable<KeyValuePair<string, (string, string)>> Chunks()
    {
        var chunk = $"{Hex(Hidden.Length)}\r\n{Hidden}\r\n0\r\n\r\n";
        yield return Form("TE.CL", Post("Content-Length: 4\r\nTransfer-Encoding: chunked", chunk), "400");
        yield return Form("TE.CL, the length last", Post("Transfer-Encoding: chunked\r\nContent-Length: 4", chunk), "400");
        yield return Form("chunked in HTTP/1.0", Post("Transfer-Encoding: chunked", chunk).Replace("HTTP/1.1", "HTTP/1.0", StringComparison.Ordinal), "400");
        foreach (var size in (string[])["0x", "+", "-", " ", "\t", "\v", "\0", "1_", "\""])
        {
            yield return Form($"a chunk size after {Name(size)}", Chunked(size + chunk), "400");
        }

        foreach (var rest in (string[])[" ", "\t", "\0", "h", " 1", ","])
        {
            yield return Form($"a chunk size before {Name(rest)}", Chunked($"{Hex(Hidden.Length)}{rest}\r\n{Hidden}\r\n0\r\n\r\n"), "400");
        }

        yield return Form("a chunk size beyond 2^64", Chunked($"1000000000000000{Hex(Hidden.Length)}\r\n{Hidden}\r\n0\r\n\r\n"), "400");
        yield return Form("a chunk size beyond 2^32", Chunked($"100000{Hex(Hidden.Length)}\r\n{Hidden}\r\n0\r\n\r\n"), "400");
        yield return Form("a chunk size with leading zeros", Chunked("0000000" + chunk), "400");
        yield return Form("a chunk extension", Chunked($"{Hex(Hidden.Length)};a=b\r\n{Hidden}\r\n0\r\n\r\n"), "400, 200 marker");
        yield return Form("a chunk extension that ends in a bare LF", Chunked($"2;\nxx\r\n{Hex(Hidden.Length)}\r\n0\r\n\r\n{Hidden}\r\n0\r\n\r\n"), "400");
        yield return Form("a chunk extension with a bare CR", Chunked($"2;\rxx\r\n{Hex(Hidden.Length)}\r\n0\r\n\r\n{Hidden}\r\n0\r\n\r\n"), "400");
        yield return Form("a chunk extension with a quoted line break", Chunked($"2;a=\"\r\n\"\r\n{Hidden}\r\n0\r\n\r\n"), "400");
        yield return Form("a chunk size that ends in a bare LF", Chunked($"{Hex(Hidden.Length)}\n{Hidden}\r\n0\r\n\r\n"), "400");
        yield return Form("a chunk size that ends in a bare CR", Chunked($"{Hex(Hidden.Length)}\r{Hidden}\r\n0\r\n\r\n"), "400");
        yield return Form("chunk data that ends in a bare LF", Chunked($"2\r\n{{}}\n{chunk}"), "400");
        yield return Form("chunk data that ends in nothing", Chunked($"2\r\n{{}}{chunk}"), "400");
        yield return Form("chunk data that is two bytes longer than its size", Chunked($"2\r\n{{}}xx\r\n{chunk}"), "400");
        yield return Form("a last chunk that ends in a bare LF", Chunked($"0\n\n{Hidden}"), "400");
        yield return Form("a last chunk that says -0", Chunked($"-0\r\n\r\n{Hidden}"), "400");
        yield return Form("a trailer that looks like a length", Chunked($"{PingChunk}0\r\nContent-Length: {Number(Hidden.Length)}\r\n\r\n"), "200 outer, 200 marker");
        yield return Form("a trailer that looks like an encoding", Chunked($"{PingChunk}0\r\nTransfer-Encoding: chunked\r\n\r\n"), "200 outer, 200 marker");
        yield return Form("a trailer that looks like a host", Chunked($"{PingChunk}0\r\nHost: evil.example\r\nAuthorization: none\r\n\r\n"), "200 outer, 200 marker");
        yield return Form("a folded trailer", Chunked($"{PingChunk}0\r\nX: 1\r\n {Hidden}\r\n\r\n"), "400");
        yield return Form("a trailer that is a request", Chunked($"{PingChunk}0\r\n{Hidden}"), "400");
    }

    /// <summary>Line ends and control characters in the head.</summary>
    private static IEnumerable<KeyValuePair<string, (string, string)>> LineEnds()
    {
        var length = "Content-Length: " + Number(Hidden.Length);
        yield return Form("bare LF everywhere", Post(length, "").Replace("\r\n", "\n", StringComparison.Ordinal) + Hidden, "400");
        yield return Form("bare CR everywhere", Post(length, "").Replace("\r\n", "\r", StringComparison.Ordinal) + Hidden, "400");
        yield return Form("a bare LF before the empty line", Post(length, "").Replace("\r\n\r\n", "\n\r\n", StringComparison.Ordinal) + Hidden, "400");
        yield return Form("a bare LF as the empty line", Post(length, "").Replace("\r\n\r\n", "\r\n\n", StringComparison.Ordinal) + Hidden, "400");
        yield return Form("a bare CR as the empty line", Post(length, "").Replace("\r\n\r\n", "\r\n\r", StringComparison.Ordinal) + Hidden, "400");
        yield return Form("a length behind a bare CR", Post($"X: 1\r{length}", Hidden), "400");
        yield return Form("a length behind a bare LF", Post($"X: 1\n{length}", Hidden), "400");
        yield return Form("an empty line with a space", Post($"X: 1\r\n \r\n{length}", Hidden), "400");
        foreach (var control in (char[])['\0', '\u0001', '\b', '\u001b', '\u007f'])
        {
            // No line ends there for anybody, so that nothing is read in two ways; NUL ends texts of C.
            var answers = control == '\0' ? "400" : "400, 200 marker";
            yield return Form($"{Name(control.ToString())} in a name", Post($"X{control}: 1\r\n{length}", Hidden), answers);
            yield return Form($"{Name(control.ToString())} in a value", Post($"X: 1{control}2\r\n{length}", Hidden), answers);
        }

        yield return Form("a line without a colon", Post($"X\r\n{length}", Hidden), "400");
        yield return Form("a line without a name", Post($": 1\r\n{length}", Hidden), "400");
    }

    /// <summary>First lines and hosts that readers route differently.</summary>
    private static IEnumerable<KeyValuePair<string, (string, string)>> Starts()
    {
        var length = $"Content-Length: {Number(Hidden.Length)}\r\n\r\n";
        var rest = Lines + length + Hidden;
        foreach (var start in (string[])["POST /mcp", "POST /mcp HTTP/1.1 HTTP/1.1", "POST  /mcp HTTP/1.1", "POST\t/mcp\tHTTP/1.1", "POST /mcp HTTP/1.1\0", "POST /mcp\u00a0HTTP/1.1", "POST http://evil.example/mcp HTTP/1.1", "POST /mcp\r\nX: HTTP/1.1", " POST /mcp HTTP/1.1"])
        {
            yield return Form($"first line {Name(start)}", $"{start}\r\n{rest}", "400");
        }

        foreach (var version in (string[])["HTTP/1.2", "HTTP/2.0", "HTTP/9.9", "http/1.1"])
        {
            yield return Form($"first line of {version}", $"POST /mcp {version}\r\n{rest}", "505");
        }

        yield return Form("a target without its slash", $"POST mcp HTTP/1.1\r\n{rest}", "405");
        yield return Form("a target with a fragment", $"POST /mcp#x HTTP/1.1\r\n{rest}", "404, 200 marker");
        yield return Form("a method in small letters", $"post /mcp HTTP/1.1\r\n{rest}", "400, 200 marker");
        yield return Form("an absolute target", $"POST http://127.0.0.1/mcp HTTP/1.1\r\n{rest}", "400, 200 marker");
        yield return Form("an empty line first", $"\r\nPOST /mcp HTTP/1.1\r\n{rest}", "400, 200 marker");
        yield return Form("an empty host", $"POST /mcp HTTP/1.1\r\nHost:\r\nAuthorization: Bearer {Key}\r\n{length}{Hidden}", "403, 200 marker");
        foreach (var host in (string[])["Host: a, b\r\n", "Host: a b\r\n", "Host: a@b\r\n", "Host: a/b\r\n", "Host : a\r\n", "Host: a\r\nHost: b\r\n", "Host: a\r\nHost: a\r\n", "X: 1\r\n", "Host: a\0\r\n", "Host:\r\n a\r\n"])
        {
            yield return Form($"host {Name(host)}", $"POST /mcp HTTP/1.1\r\n{host}Authorization: Bearer {Key}\r\n{length}{Hidden}", "400");
        }
    }

    /// <summary>What is said about the connection.</summary>
    private static IEnumerable<KeyValuePair<string, (string, string)>> Connections()
    {
        var length = "Content-Length: " + Number(Hidden.Length);
        yield return Form("a connection that drops the length", Post($"Connection: Content-Length\r\n{length}", Hidden), "400, 200 marker");
        yield return Form("a connection that is kept and closed", Post($"Connection: keep-alive, close\r\n{length}", Hidden), "400");
        yield return Form("a connection that is closed", Post($"Connection: close\r\n{length}", Hidden), "400");
        yield return Form("HTTP/1.0", Post(length, Hidden).Replace("HTTP/1.1", "HTTP/1.0", StringComparison.Ordinal), "400");
        yield return Form("HTTP/1.0 kept alive", Post($"Connection: keep-alive\r\n{length}", Hidden).Replace("HTTP/1.1", "HTTP/1.0", StringComparison.Ordinal), "400, 200 marker");
        yield return Form("an expectation", Post($"Expect: 100-continue\r\n{length}", Hidden), "400, 200 marker");
        yield return Form("an expectation of something else", Post($"Expect: x\r\n{length}", Hidden), "400, 200 marker");
        yield return Form("an expectation twice", Post($"Expect: 100-continue\r\nExpect: 100-continue\r\n{length}", Hidden), "400, 200 marker");
        yield return Form("an expectation where nothing is found", $"POST /nothing HTTP/1.1\r\n{Lines}Expect: 100-continue\r\n{length}\r\n\r\n{Hidden}", "404, 200 marker");
        yield return Form("h2c", Post($"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n{length}", Hidden), "400, 200 marker");
        yield return Form("h2c without its Connection", Post($"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n{length}", Hidden), "400, 200 marker");
        yield return Form("a WebSocket", Post($"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{length}", Hidden), "400, 200 marker");
        yield return Form("a WebSocket that is none", $"GET /mcp/connect HTTP/1.1\r\n{Lines}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 777\r\n{length}\r\n\r\n{Hidden}", "404, 200 marker");
        // Answered by a frame of HTTP/2, which says that this is the wrong version.
        yield return Form("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Hidden, "");
        yield return Form("another method in a header", Post($"X-HTTP-Method-Override: GET\r\n{length}", Hidden), "400, 200 marker");
        yield return Form("another path in a header", Post($"X-Original-URL: /health\r\nX-Rewrite-URL: /health\r\n{length}", Hidden), "400, 200 marker");
    }

    private static string PingChunk => $"{Hex(Ping.Length)}\r\n{Ping}\r\n";

    private static KeyValuePair<string, (string, string)> Form(string name, string text, string answers) => new(name, (text, answers));

    private static string Post(string framing, string body) => $"POST /mcp HTTP/1.1\r\n{Lines}{framing}\r\n\r\n{body}";

    private static string Chunked(string body) => Post("Transfer-Encoding: chunked", body);

    private static string Call(string id, string text)
    {
        var body = $$$"""{"jsonrpc":"2.0","id":"{{{id}}}","method":"tools/call","params":{"name":"up__echo","arguments":{"text":"{{{text}}}"} } }""";
        return Post("Content-Length: " + Number(body.Length), body);
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Hex(int number) => number.ToString("x", CultureInfo.InvariantCulture);

    /// <summary>Characters that cannot be seen are named.</summary>
    private static string Name(string text)
    {
        var name = new StringBuilder();
        foreach (var character in text)
        {
            name.Append(character switch
            {
                '\r' => "<CR>",
                '\n' => "<LF>",
                '\t' => "<TAB>",
                ' ' when text.Length <= 2 || text.StartsWith(' ') => "<SP>",
                < ' ' or > '~' => $"<{(int)character:x2}>",
                _ => character.ToString(),
            });
        }

        return name.ToString();
    }
}
