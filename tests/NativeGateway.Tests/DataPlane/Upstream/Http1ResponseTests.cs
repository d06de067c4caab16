using System.Text;
using NativeGateway.DataPlane.Upstream;

namespace NativeGateway.Tests.DataPlane.Upstream;

public class Http1ResponseTests
{
    private readonly Http1ResponseHead _head = new();

    [Fact]
    public void A_head_is_understood()
    {
        var text = "HTTP/1.1 202 Fine by me\r\ncontent-type: Application/JSON; charset=utf-8\r\nContent-Length: 12\r\nMcp-Session-Id: s\r\nRetry-After: 3\r\n\r\n";

        Assert.Equal(text.Length, Read(text + "rest"));

        Assert.Equal((202, WireContent.Json, 12L, false, true), (_head.Status, _head.Content, _head.ContentLength, _head.IsChunked, _head.KeepsAlive));
        Assert.Equal(("s", "3"), (_head.SessionId, _head.RetryAfter));
    }

    [Fact]
    public void Every_beginning_of_a_head_is_incomplete()
    {
        var text = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        for (var length = 0; length < text.Length; length++)
        {
            Assert.Equal(0, Read(text[..length]));
        }

        Assert.Equal(text.Length, Read(text));
        Assert.Equal((WireContent.EventStream, true), (_head.Content, _head.IsChunked));
    }

    [Theory]
    [InlineData("HTTP/1.0 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n")]
    public void Some_heads_end_the_connection(string text)
    {
        Assert.True(Read(text) > 0);
        Assert.False(_head.KeepsAlive);
    }

    [Theory]
    [InlineData("HTTP/2.0 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 20 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\n\r\n")]
    [InlineData("http/1.1 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX: a\r\n folded\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX: a\nY: b\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX : a\r\n\r\n")]
    public void Anything_else_is_broken(string text) => Assert.Throws<IOException>(() => Read(text));

    [Theory]
    [InlineData("Content-Length: 11\r\n", "hello world")]
    [InlineData("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n1;ext=\"1\"\r\n \r\n00005\r\nworld\r\n0\r\nTrailer: x\r\n\r\n")]
    public void A_body_is_the_same_however_it_is_cut(string framing, string body)
    {
        var source = Encoding.ASCII.GetBytes(body);
        for (var cut = 0; cut <= source.Length; cut++)
        {
            for (var room = 1; room < 12; room += 5)
            {
                var taken = Take(framing, source, cut, room, out var rest);
                Assert.Equal(("hello world", 0), (taken, rest));
            }
        }
    }

    [Theory]
    [InlineData("g\r\n")]
    [InlineData("\r\n")]
    [InlineData("-1\r\n")]
    [InlineData("5\n")]
    [InlineData("5\r\nhelloX")]
    [InlineData("5\r\nhello\rX")]
    [InlineData("1234567890123456\r\n")]
    [InlineData("5;\n")]
    public void Broken_chunks_are_found(string body)
    {
        var source = Encoding.ASCII.GetBytes(body);
        Assert.Throws<IOException>(() => Take("Transfer-Encoding: chunked\r\n", source, source.Length, 100, out _));
    }

    [Fact]
    public void Without_a_length_the_connection_is_the_body()
    {
        var body = Begin("");
        Assert.True(body.EndsWithConnection);
        Assert.False(body.IsAtEnd);
        body.Ended();
        Assert.True(body.IsAtEnd);
    }

    private string Take(string framing, byte[] source, int cut, int room, out int rest)
    {
        var body = Begin(framing);
        var text = new StringBuilder();
        var buffer = new byte[room];
        var position = 0;
        foreach (var end in (int[])[cut, source.Length])
        {
            int count, used;
            do
            {
                count = body.Take(source.AsSpan(position, end - position), buffer, out used);
                position += used;
                text.Append(Encoding.ASCII.GetString(buffer, 0, count));
            }
            while (used > 0);
        }

        Assert.True(body.IsAtEnd);
        rest = source.Length - position;
        return text.ToString();
    }

    private Http1Body Begin(string framing)
    {
        Assert.True(Read($"HTTP/1.1 200 OK\r\n{framing}\r\n") > 0);
        var body = new Http1Body();
        body.Begin(_head);
        return body;
    }

    private int Read(string text) => _head.Read(Encoding.ASCII.GetBytes(text));
}
