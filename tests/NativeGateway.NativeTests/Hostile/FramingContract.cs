using System.Globalization;
using System.Text;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Hostile;

/// <summary>HTTP as no honest client writes it: each door of the gateway must stand it alike.</summary>
public abstract class FramingContract(HostileGateway fixture)
{
    private const int Refused = 400;

    [Fact]
    public async Task A_request_may_be_split_at_every_byte()
    {
        var bytes = fixture.Call.ToBytes(fixture.Gateway.Port);
        var connections = await Task.WhenAll(Enumerable.Range(1, bytes.Length - 1).Select(_ => fixture.Gateway.ConnectAsync()));
        try
        {
            for (var i = 0; i < connections.Length; i++)
            {
                await connections[i].WriteAsync(bytes.AsMemory(0, i + 1));
            }

            // A round trip later the first parts have been read, each on its own.
            await fixture.CheckHealthyAsync();
            for (var i = 0; i < connections.Length; i++)
            {
                await connections[i].WriteAsync(bytes.AsMemory(i + 1));
            }

            foreach (var connection in connections)
            {
                var reply = await connection.ReadReplyAsync();
                Assert.True(reply.Status == 200, reply.ToString());
                Assert.Equal("hello", reply.Result.GetProperty("structuredContent").GetProperty("text").GetString());
            }
        }
        finally
        {
            Array.ForEach(connections, connection => connection.Dispose());
        }
    }

    [Fact]
    public async Task Chunks_of_one_byte_make_up_the_same_body()
    {
        using var connection = await fixture.Gateway.ConnectAsync();
        await connection.WriteAsync(fixture.Call.HeadBytes(fixture.Gateway.Port, "Transfer-Encoding: chunked"));
        foreach (var one in fixture.Call.Body)
        {
            await connection.WriteAsync(new byte[] { (byte)'1', 13, 10, one, 13, 10 });
        }

        await connection.WriteAsync("0\r\n\r\n"u8.ToArray());
        Assert.Equal(200, (await connection.ReadReplyAsync()).Status);
    }

    [Fact]
    public async Task Requests_may_follow_each_other_without_waiting_and_are_answered_in_order()
    {
        using var connection = await fixture.Gateway.ConnectAsync();
        var ids = Enumerable.Range(1, 50).Select(id => id.ToString(CultureInfo.InvariantCulture)).ToArray();
        await connection.WriteAsync(ids
            .SelectMany(id => RawRequest.Post("/mcp", Rpc.Call("up__echo", id: id)).As(fixture.Gateway.AdminKey).ToBytes(fixture.Gateway.Port)).ToArray());

        foreach (var id in ids)
        {
            Assert.Equal(id, (await connection.ReadReplyAsync()).Json.GetProperty("id").GetRawText());
        }
    }

    [Theory]
    [InlineData("Content-Length: 5\r\nContent-Length: 6")]
    [InlineData("Content-Length: -1")]
    [InlineData("Content-Length: 99999999999999999999")]
    [InlineData("Content-Length: 0x10")]
    [InlineData("Content-Length: 5, 5")]
    [InlineData("Transfer-Encoding: gzip")]
    [InlineData("Transfer-Encoding: chunked, identity")]
    [InlineData("Content-Length : 5")]
    [InlineData("Bad Header: 1\r\nContent-Length: 5")]
    [InlineData("X: a\rb\r\nContent-Length: 5")]
    [InlineData("X: a\0b\r\nContent-Length: 5")]
    [InlineData(" folded\r\nContent-Length: 5")]
    public async Task Ambiguous_framing_is_refused_and_the_connection_closed(string framing)
    {
        using var connection = await fixture.Gateway.ConnectAsync();
        await connection.TryWriteAsync(fixture.Call.HeadBytes(fixture.Gateway.Port, framing));
        await connection.TryWriteAsync("12345"u8.ToArray());

        await CheckRefusedAndClosedAsync(connection);
    }

    [Fact]
    public async Task A_length_beside_chunks_smuggles_no_second_request_in()
    {
        var smuggled = Encoding.ASCII.GetString(RawRequest.Post("/mcp", Rpc.Ping).As(fixture.Gateway.AdminKey).ToBytes(fixture.Gateway.Port));
        var body = $"0\r\n\r\n{smuggled}";
        using var connection = await fixture.Gateway.ConnectAsync();
        await connection.WriteAsync(
            fixture.Call.HeadBytes(fixture.Gateway.Port, $"Content-Length: {body.Length.ToString(CultureInfo.InvariantCulture)}\r\nTransfer-Encoding: chunked"));
        await connection.TryWriteAsync(Encoding.ASCII.GetBytes(body));

        await CheckRefusedAndClosedAsync(connection);
    }

    [Theory]
    [InlineData("zz\r\n")]
    [InlineData("-1\r\n")]
    [InlineData("ffffffffffffffffff\r\n")]
    [InlineData("5\r\n12345XX")]
    [InlineData("5\r\n1234567890\r\n0\r\n\r\n")]
    public async Task Broken_chunks_are_refused_and_the_connection_closed(string chunks)
    {
        using var connection = await fixture.Gateway.ConnectAsync();
        await connection.WriteAsync(fixture.Call.HeadBytes(fixture.Gateway.Port, "Transfer-Encoding: chunked"));
        await connection.TryWriteAsync(Encoding.ASCII.GetBytes(chunks));

        await CheckRefusedAndClosedAsync(connection);
    }

    [Fact]
    public async Task Too_many_or_too_large_headers_are_refused()
    {
        var request = fixture.Call;
        for (var i = 0; i < 500; i++)
        {
            request = request.Add($"X-Bomb-{i.ToString(CultureInfo.InvariantCulture)}", "x");
        }

        await CheckHeadRefusedAsync(request);
        await CheckHeadRefusedAsync(fixture.Call.With("X-Bomb", new string('b', 1_000_000)));
        await CheckHeadRefusedAsync(fixture.Call.With(new string('n', 100_000), "b"));
        await CheckHeadRefusedAsync(RawRequest.Post("/mcp/" + new string('p', 100_000), Rpc.Ping).As(fixture.Gateway.AdminKey));
        await fixture.CheckHealthyAsync();
    }

    [Theory]
    [InlineData("/mcp", "X-Long", 33_000, 431)]
    [InlineData("/mcp/", "X-Long", 33_000, 431)]
    [InlineData("/mcp", "Authorization", 33_000, 431)]
    [InlineData("/mcp", "X-Long", 31_000, 200)]
    public async Task A_head_just_too_long_gets_431_and_is_closed(string path, string header, int length, int status)
    {
        using var connection = await fixture.Gateway.ConnectAsync();
        var reply = await connection.SendAsync(RawRequest.Post(path, Rpc.Ping).As(fixture.Gateway.AdminKey).With(header, new string('x', length)));

        Assert.Equal(status, reply.Status);
        if (status == 431)
        {
            Assert.Null(await connection.TryReadReplyAsync());
        }
    }

    [Fact]
    public async Task A_target_just_too_long_gets_414_and_is_closed()
    {
        using var connection = await fixture.Gateway.ConnectAsync();
        var reply = await connection.SendAsync(RawRequest.Post("/mcp/" + new string('p', 17_000), Rpc.Ping).As(fixture.Gateway.AdminKey));

        Assert.Equal(414, reply.Status);
        Assert.Null(await connection.TryReadReplyAsync());
    }

    [Fact]
    public async Task One_header_too_many_gets_431_and_is_closed()
    {
        var request = fixture.Call;
        for (var i = 0; i < 100; i++)
        {
            request = request.Add($"X-{i.ToString(CultureInfo.InvariantCulture)}", "1");
        }

        using var connection = await fixture.Gateway.ConnectAsync();
        Assert.Equal(431, (await connection.SendAsync(request)).Status);
        Assert.Null(await connection.TryReadReplyAsync());
    }

    [Theory]
    [InlineData("\0\0\0\0\r\n\r\n")]
    [InlineData("\u0016\u0003\u0001\u0002\0\u0001\0\r\n\r\n")]
    [InlineData("POST /mcp\r\n\r\n")]
    [InlineData("POST /mcp HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n")]
    [InlineData("POST http://evil.example.com/mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")]
    [InlineData("POST /mcp HTTP/1.1\r\n\r\n")]
    [InlineData("POST /mcp HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]
    [InlineData("CONNECT evil.example.com:443 HTTP/1.1\r\nHost: evil.example.com:443\r\n\r\n")]
    public async Task What_is_no_proper_request_is_refused(string text)
    {
        using var connection = await fixture.Gateway.ConnectAsync();
        await connection.WriteAsync(Encoding.Latin1.GetBytes(text));

        var reply = await connection.TryReadReplyAsync();
        Assert.True(reply is null or { Status: >= 400 and (< 500 or 505) }, reply?.ToString());
        await fixture.CheckHealthyAsync();
    }

    private async Task CheckHeadRefusedAsync(RawRequest request)
    {
        using var connection = await fixture.Gateway.ConnectAsync();
        await connection.TryWriteAsync(request.ToBytes(fixture.Gateway.Port));

        // The gateway may close before it has read everything; then the kernel resets, and the answer may be lost.
        var reply = await connection.TryReadReplyAsync();
        Assert.True(reply is null or { Status: 400 or 414 or 431 }, reply?.ToString());
    }

    private async Task CheckRefusedAndClosedAsync(RawConnection connection)
    {
        var reply = await connection.TryReadReplyAsync();
        Assert.True(reply is null or { Status: >= Refused and < 500 or 501 }, reply?.ToString());
        Assert.Null(await connection.TryReadReplyAsync());
        await fixture.CheckHealthyAsync();
    }
}
