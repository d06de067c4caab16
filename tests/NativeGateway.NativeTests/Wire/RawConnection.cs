using System.Net;
using System.Net.Sockets;
using System.Text;
using NativeGateway.Shared;

namespace NativeGateway.NativeTests.Wire;

/// <summary>One TCP connection to the gateway, driven by hand. Every wait is bounded by the tests' one limit.</summary>
internal sealed class RawConnection : IDisposable
{
    private readonly NetworkStream _stream;
    private readonly WireReader _reader;
    private readonly int _port;
    private string _streamed = "";

    private RawConnection(Socket socket, int port)
    {
        _port = port;
        _stream = new NetworkStream(socket, ownsSocket: true);
        _reader = new WireReader(_stream);
    }

    /// <param name="from">A loopback address to come from: limits per address then count for this one alone.</param>
    public static async Task<RawConnection> OpenAsync(int port, IPAddress? from = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.Bind(new IPEndPoint(from ?? IPAddress.Loopback, 0));
            using var limit = new CancellationTokenSource(TestTime.Limit);
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), limit.Token);
            return new RawConnection(socket, port);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public async Task WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        using var limit = new CancellationTokenSource(TestTime.Limit);
        await _stream.WriteAsync(bytes, limit.Token);
    }

    /// <summary>False when the peer no longer takes bytes.</summary>
    public async Task<bool> TryWriteAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await WriteAsync(bytes);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Sends a request and reads the whole answer.</summary>
    public async Task<Reply> SendAsync(RawRequest request)
    {
        await WriteAsync(request.ToBytes(_port));
        return await ReadReplyAsync();
    }

    /// <summary>The next whole answer; a connection that ends before it fails the test.</summary>
    public async Task<Reply> ReadReplyAsync()
    {
        return await TryReadReplyAsync() ?? throw new IOException("The gateway closed the connection without a whole answer.");
    }

    /// <summary>The next whole answer; null when the gateway closes the connection before its end.</summary>
    public async Task<Reply?> TryReadReplyAsync()
    {
        using var limit = new CancellationTokenSource(TestTime.Limit);
        var head = await _reader.ReadHeadAsync(limit.Token);
        if (head is null)
        {
            return null;
        }

        var hasNoBody = head.StartLine.Contains(" 204 ", StringComparison.Ordinal) || head.StartLine.Contains(" 100 ", StringComparison.Ordinal);
        // To HTTP/1.0 a stream is sent without chunks: the end of the connection is its end.
        var body = hasNoBody ? []
            : head["Content-Length"] is null && !head.IsChunked ? await _reader.ReadToEndAsync(limit.Token)
            : await _reader.ReadBodyAsync(head, limit.Token);
        return body is null ? null : new Reply(head, body);
    }

    public async Task<WireHead> ReadHeadAsync()
    {
        using var limit = new CancellationTokenSource(TestTime.Limit);
        return await _reader.ReadHeadAsync(limit.Token) ?? throw new IOException("The gateway closed the connection without an answer.");
    }

    /// <summary>The data of the next event of a stream whose head was read, comments skipped; null when the stream ends.</summary>
    public Task<string?> ReadEventAsync() => ReadFieldAsync("data:");

    /// <summary>The id of the next event that has one; null when the stream ends.</summary>
    public Task<string?> ReadEventIdAsync() => ReadFieldAsync("id:");

    public void Dispose() => _stream.Dispose();

    private async Task<string?> ReadFieldAsync(string field)
    {
        using var limit = new CancellationTokenSource(TestTime.Limit);
        while (true)
        {
            var end = _streamed.IndexOf('\n', StringComparison.Ordinal);
            if (end >= 0)
            {
                var line = _streamed[..end];
                _streamed = _streamed[(end + 1)..];
                // Events without data only carry an id to resume from.
                if (line.StartsWith(field, StringComparison.Ordinal) && line[field.Length..].Trim() is { Length: > 0 } value)
                {
                    return value;
                }
            }
            else if (await _reader.ReadChunkAsync(limit.Token) is { Length: > 0 } chunk)
            {
                _streamed += Encoding.UTF8.GetString(chunk);
            }
            else
            {
                return null;
            }
        }
    }
}
