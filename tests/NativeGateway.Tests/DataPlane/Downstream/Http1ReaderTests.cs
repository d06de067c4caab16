using System.Text;
using NativeGateway.DataPlane.Downstream;
using NativeGateway.Protocol;

namespace NativeGateway.Tests.DataPlane.Downstream;

public class Http1ReaderTests
{
    private const string Plain =
        "POST /mcp/up HTTP/1.1\r\nHost: localhost:80\r\nAuthorization: Bearer k\r\ncontent-length:  12 \r\nX-Other: a b\r\nAccept: */*\r\n\r\n";

    private readonly Http1Request _request = new();

    [Fact]
    public void A_plain_request_is_understood()
    {
        var bytes = Encoding.ASCII.GetBytes(Plain + "{\"body\":\"x\"}");

        Assert.Equal(Http1Verdict.Complete, Http1Reader.Read(bytes, _request));

        Assert.Equal((Plain.Length, 12, false), (_request.HeadLength, _request.ContentLength, _request.Closes));
        Assert.Equal("up", Text(bytes, _request.UpstreamName));
        Assert.Equal("localhost:80", Text(bytes, _request[KnownHeader.Host]));
        Assert.Equal("Bearer k", Text(bytes, _request[KnownHeader.Authorization]));
        Assert.Equal("*/*", Text(bytes, _request[KnownHeader.Accept]));
        Assert.False(_request[KnownHeader.Origin].IsPresent);
        Assert.Equal("a b", _request.Find(bytes, "x-other"));
        Assert.Null(_request.Find(bytes, "x-nothing"));
    }

    [Fact]
    public void Every_beginning_of_a_request_is_incomplete()
    {
        var bytes = Encoding.ASCII.GetBytes(Plain);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Equal(Http1Verdict.Incomplete, Http1Reader.Read(bytes.AsSpan(0, length), _request));
        }

        Assert.Equal(Http1Verdict.Complete, Http1Reader.Read(bytes, _request));
    }

    [Fact]
    public void A_head_that_came_before_is_known_again_whatever_its_length_says()
    {
        Assert.Equal(Http1Verdict.Complete, Read(Plain));
        Assert.False(_request.TryRepeat(Encoding.ASCII.GetBytes(Plain)));
        _request.Keep(Encoding.ASCII.GetBytes(Plain));

        Assert.True(_request.TryRepeat(Encoding.ASCII.GetBytes(Plain.Replace("12", "34", StringComparison.Ordinal) + "rest")));
        Assert.Equal(34, _request.ContentLength);
        Assert.False(_request.TryRepeat(Encoding.ASCII.GetBytes(Plain.Replace("12", "1x", StringComparison.Ordinal))));
        Assert.False(_request.TryRepeat(Encoding.ASCII.GetBytes(Plain.Replace("12", "1\r", StringComparison.Ordinal))));
        Assert.False(_request.TryRepeat(Encoding.ASCII.GetBytes(Plain.Replace("12", "123", StringComparison.Ordinal))));
        Assert.False(_request.TryRepeat(Encoding.ASCII.GetBytes(Plain.Replace("a b", "a c", StringComparison.Ordinal))));
        Assert.False(_request.TryRepeat(Encoding.ASCII.GetBytes(Plain[..^1])));
        Assert.Equal(Http1Verdict.Complete, Read(Plain));
        Assert.False(_request.TryRepeat(Encoding.ASCII.GetBytes(Plain)));
    }

    [Theory]
    [InlineData("close", true)]
    [InlineData("Keep-Alive", false)]
    public void Whether_the_connection_stays_is_understood(string connection, bool closes)
    {
        Assert.Equal(Http1Verdict.Complete, ReadWith($"Connection: {connection}"));
        Assert.Equal(closes, _request.Closes);
    }

    [Fact]
    public void Headers_of_one_name_that_mean_nothing_here_are_joined()
    {
        Assert.Equal(Http1Verdict.Complete, ReadWith("Mcp-Param-A: 1\r\nmcp-param-a: 2"));
        Assert.Equal("1,2", _request.Find(Encoding.ASCII.GetBytes(With("Mcp-Param-A: 1\r\nmcp-param-a: 2")), "Mcp-Param-A"));
    }

    [Theory]
    [InlineData("Transfer-Encoding: chunked")]
    [InlineData("Transfer-Encoding: identity")]
    [InlineData("Transfer-Encoding:\tchunked")]
    [InlineData("transfer-encoding: xchunked")]
    [InlineData("Transfer-Encoding : chunked")]
    [InlineData("Transfer-Encoding\t: chunked")]
    [InlineData("Content-Length: 5")]
    [InlineData("Content-Length : 5")]
    [InlineData("Host: b")]
    [InlineData("Authorization: Bearer a\r\nAuthorization: Bearer b")]
    [InlineData("Expect: 100-continue")]
    [InlineData("Upgrade: websocket")]
    [InlineData("Connection: upgrade")]
    [InlineData("Connection: keep-alive, close")]
    [InlineData("Connection: content-length")]
    [InlineData("Trailer: X")]
    [InlineData("TE: trailers")]
    [InlineData("X: a\rb")]
    [InlineData("X: a\nb")]
    [InlineData("X: a\n b")]
    [InlineData("X: a\r\n folded")]
    [InlineData("X: a\r\n\tfolded")]
    [InlineData(" X: a")]
    [InlineData("X: a\0b")]
    [InlineData("X: \u007f")]
    [InlineData("X: ä")]
    [InlineData("X y: a")]
    [InlineData("X")]
    [InlineData(": a")]
    [InlineData("(X): a")]
    [InlineData("Origin:")]
    public void What_is_not_plain_is_left_to_Kestrel(string lines) => Assert.Equal(Http1Verdict.Foreign, ReadWith(lines));

    [Theory]
    [InlineData("5, 5")]
    [InlineData("+5")]
    [InlineData("-5")]
    [InlineData("0x5")]
    [InlineData("5 5")]
    [InlineData("")]
    [InlineData("5_")]
    [InlineData("99999999999999999999")]
    [InlineData("1234567890")]
    public void A_length_that_is_no_plain_number_is_left_to_Kestrel(string length) =>
        Assert.Equal(Http1Verdict.Foreign, Read($"POST /mcp HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n"));

    [Theory]
    [InlineData("GET /mcp HTTP/1.1\r\n")]
    [InlineData("POST /mcpx HTTP/1.1\r\n")]
    [InlineData("POST /mcp/ HTTP/1.1\r\n")]
    [InlineData("POST /mcp/a/b HTTP/1.1\r\n")]
    [InlineData("POST /mcp/.. HTTP/1.1\r\n")]
    [InlineData("POST /mcp/%61 HTTP/1.1\r\n")]
    [InlineData("POST /mcp?x HTTP/1.1\r\n")]
    [InlineData("POST http://a/mcp HTTP/1.1\r\n")]
    [InlineData("POST  /mcp HTTP/1.1\r\n")]
    [InlineData("POST /mcp  HTTP/1.1\r\n")]
    [InlineData("POST /mcp HTTP/1.0\r\n")]
    [InlineData("POST /mcp HTTP/1.1 \r\n")]
    [InlineData("POST /mcp HTTP/1.1\n")]
    [InlineData("post /mcp HTTP/1.1\r\n")]
    [InlineData("\r\nPOST /mcp HTTP/1.1\r\n")]
    [InlineData("\u0016\u0003\u0001")]
    [InlineData("PRI * HTTP/2.0\r\n")]
    public void Another_first_line_is_left_to_Kestrel_at_once(string start) => Assert.Equal(Http1Verdict.Foreign, Read(start));

    [Theory]
    [InlineData("")]
    [InlineData(":80")]
    [InlineData("a:")]
    [InlineData("a:b")]
    [InlineData("a b")]
    [InlineData("user@a")]
    [InlineData("a/b")]
    [InlineData("[::1]")]
    public void A_host_that_is_no_plain_name_is_left_to_Kestrel(string host) =>
        Assert.Equal(Http1Verdict.Foreign, Read($"POST /mcp HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1\r\n\r\n"));

    [Fact]
    public void A_head_without_host_or_length_is_left_to_Kestrel()
    {
        Assert.Equal(Http1Verdict.Foreign, Read("POST /mcp HTTP/1.1\r\nHost: a\r\n\r\n"));
        Assert.Equal(Http1Verdict.Foreign, Read("POST /mcp HTTP/1.1\r\nContent-Length: 1\r\n\r\n"));
    }

    [Fact]
    public void More_headers_than_any_client_sends_are_left_to_Kestrel() =>
        Assert.Equal(Http1Verdict.Foreign, ReadWith(string.Join("\r\n", Enumerable.Range(0, 100).Select(i => $"X-{i}: 1"))));

    [Theory]
    [InlineData(15_000, true)]
    [InlineData(17_000, false)]
    public void A_head_longer_than_any_plain_one_is_left_to_Kestrel(int padding, bool isPlain)
    {
        var verdict = isPlain ? Http1Verdict.Complete : Http1Verdict.Foreign;
        var line = $"X: {new string('x', padding)}";
        Assert.Equal(verdict, ReadWith(line));
        Assert.Equal(isPlain ? Http1Verdict.Incomplete : Http1Verdict.Foreign, Read($"POST /mcp HTTP/1.1\r\n{line}"));
        Assert.Equal(verdict, Read($"POST /mcp/{new string('p', padding)} HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n"));
    }

    private Http1Verdict ReadWith(string lines) => Read(With(lines));

    private static string With(string lines) => $"POST /mcp HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n{lines}\r\n\r\n";

    private Http1Verdict Read(string text) => Http1Reader.Read(Encoding.Latin1.GetBytes(text), _request);

    private static string Text(byte[] bytes, ByteRange range) => Encoding.ASCII.GetString(range.Of(bytes));
}
