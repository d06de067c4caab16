using System.Net;
using System.Net.Sockets;
using System.Text;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Downstream;

/// <summary>One connection that the lean door and Kestrel serve one after the other.</summary>
public sealed class LeanDoorTests
{
    private const string Ping = """{"jsonrpc":"2.0","id":1,"method":"ping"}""";
    private const string Pong = """{"jsonrpc":"2.0","id":1,"result":{}}""";

    [Fact]
    public async Task A_connection_is_handed_over_in_its_middle_and_goes_on()
    {
        await using var front = await FrontHarness.StartAsync();
        using var socket = await ConnectAsync(front);
        await SendAsync(socket, Post(front, Ping) + "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n" + Post(front, Ping) + Post(front, Ping, "Connection: close\r\n"));

        var text = await ReadToEndAsync(socket);

        Assert.Equal(4, Count(text, "HTTP/1.1 200 OK"));
        Assert.Equal(3, Count(text, Pong));
        Assert.Contains("\"live\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_may_be_cut_anywhere()
    {
        await using var front = await FrontHarness.StartAsync();
        using var socket = await ConnectAsync(front);
        var request = Post(front, Ping);
        for (var cut = 1; cut < request.Length; cut += 7)
        {
            await SendAsync(socket, request[..cut]);
            await SendAsync(socket, request[cut..]);
        }

        await SendAsync(socket, Post(front, Ping, "Connection: close\r\n"));

        Assert.Equal(((request.Length - 2) / 7) + 2, Count(await ReadToEndAsync(socket), Pong));
    }

    [Theory]
    [InlineData(40)]
    [InlineData(15 * 1024)]
    [InlineData(16 * 1024)]
    [InlineData(60 * 1024)]
    [InlineData(63 * 1024)]
    [InlineData(64 * 1024)]
    [InlineData(200 * 1024)]
    [InlineData(2 * 1024 * 1024)]
    public async Task Bodies_of_any_size_are_answered(int padding)
    {
        await using var front = await FrontHarness.StartAsync();
        using var socket = await ConnectAsync(front);
        var body = $$"""{"jsonrpc":"2.0","id":1,"params":{"padding":"{{new string('x', padding)}}"},"method":"ping"}""";
        await SendAsync(socket, Post(front, body) + Post(front, Ping, "Connection: close\r\n"));

        var text = await ReadToEndAsync(socket);
        Assert.True(Count(text, Pong) == 2, text);
    }

    [Fact]
    public async Task Requests_that_begin_alike_are_told_apart_by_what_differs()
    {
        await using var front = await FrontHarness.StartAsync();
        using var socket = await ConnectAsync(front);
        var good = Post(front, Ping);
        var forged = good.Replace(front.Key[..^1], front.OtherKey[..^1], StringComparison.Ordinal);
        await SendAsync(socket, good + good + forged + good + Post(front, Ping, "Connection: close\r\n"));

        var text = await ReadToEndAsync(socket);
        Assert.True((Count(text, Pong), Count(text, "HTTP/1.1 401")) == (4, 1), text);
    }

    [Fact]
    public async Task Many_pipelined_requests_are_answered_in_order()
    {
        await using var front = await FrontHarness.StartAsync();
        using var socket = await ConnectAsync(front);
        var all = new StringBuilder();
        for (var id = 0; id < 200; id++)
        {
            all.Append(Post(front, $$"""{"jsonrpc":"2.0","id":{{id}},"method":"ping"}""", id == 199 ? "Connection: close\r\n" : ""));
        }

        var reading = ReadToEndAsync(socket);
        await SendAsync(socket, all.ToString());

        var text = await reading;
        var position = 0;
        for (var id = 0; id < 200; id++)
        {
            position = text.IndexOf($"\"id\":{id},", position, StringComparison.Ordinal);
            Assert.True(position >= 0, $"No answer to {id} where it should be.");
        }
    }

    [Fact]
    public async Task Idle_connections_end_with_the_gateway()
    {
        var front = await FrontHarness.StartAsync();
        using var socket = await ConnectAsync(front);
        await SendAsync(socket, Post(front, Ping));
        var reading = ReadToEndAsync(socket);

        await front.DisposeAsync();

        Assert.Contains(Pong, await reading, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_that_rests_lets_go_of_the_snapshot_of_its_last_request_and_goes_on()
    {
        await using var front = await FrontHarness.StartAsync();
        using var socket = await ConnectAsync(front);
        await SendAsync(socket, Post(front, Ping));
        await ReadAsync(socket, Pong);

        var replaced = front.ReplaceSnapshot();
        await front.ExchangeAsync(HttpMethod.Post, "/mcp", Ping);

        for (var ended = DateTime.UtcNow + TestTime.Limit; replaced.IsAlive; await Task.Delay(100))
        {
            Assert.True(DateTime.UtcNow < ended, "The snapshot is still held.");
            GC.Collect();
        }

        await SendAsync(socket, Post(front, Ping, "Connection: close\r\n"));
        Assert.Contains(Pong, await ReadToEndAsync(socket), StringComparison.Ordinal);
    }

    private static string Post(FrontHarness front, string body, string headers = "") =>
        $"POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {front.Key}\r\nContent-Type: application/json\r\n{headers}Content-Length: {body.Length}\r\n\r\n{body}";

    private static async Task<Socket> ConnectAsync(FrontHarness front)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, front.Address.Port).WaitAsync(TestTime.Limit);
        return socket;
    }

    private static async Task SendAsync(Socket socket, string text)
    {
        using var limit = new CancellationTokenSource(TestTime.Limit);
        ReadOnlyMemory<byte> bytes = Encoding.ASCII.GetBytes(text);
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await socket.SendAsync(bytes, limit.Token)..];
        }
    }

    /// <summary>Reads until that has come.</summary>
    private static async Task ReadAsync(Socket socket, string awaited)
    {
        using var limit = new CancellationTokenSource(TestTime.Limit);
        var text = "";
        var buffer = new byte[4 * 1024];
        while (!text.Contains(awaited, StringComparison.Ordinal))
        {
            var count = await socket.ReceiveAsync(buffer, limit.Token);
            Assert.NotEqual(0, count);
            text += Encoding.ASCII.GetString(buffer, 0, count);
        }
    }

    private static async Task<string> ReadToEndAsync(Socket socket)
    {
        using var limit = new CancellationTokenSource(TestTime.Limit);
        var text = new StringBuilder();
        var buffer = new byte[16 * 1024];
        int count;
        while ((count = await socket.ReceiveAsync(buffer, limit.Token)) > 0)
        {
            text.Append(Encoding.ASCII.GetString(buffer, 0, count));
        }

        return text.ToString();
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;
}
