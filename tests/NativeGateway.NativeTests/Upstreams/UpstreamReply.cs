using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace NativeGateway.NativeTests.Upstreams;

/// <summary>Writes an upstream's answer to one request, byte for byte.</summary>
internal sealed class UpstreamReply(NetworkStream stream, Socket connection)
{
    private readonly Lock _writing = new();

    /// <summary>The connection was broken on purpose: nothing more can be said on it.</summary>
    public bool IsBroken { get; private set; }

    public Task JsonAsync(string json, int status = 200, string headers = "") => JsonAsync(Encoding.UTF8.GetBytes(json), status, headers);

    /// <param name="headers">Complete header lines.</param>
    public async Task JsonAsync(byte[] json, int status = 200, string headers = "")
    {
        await WriteAsync([.. Head(status, $"Content-Type: application/json\r\nContent-Length: {json.Length.ToString(CultureInfo.InvariantCulture)}\r\n{headers}"), .. json]);
    }

    public Task EmptyAsync(int status) => WriteAsync(Head(status, "Content-Length: 0\r\n"));

    /// <summary>A result for a request.</summary>
    /// <param name="result">Raw JSON.</param>
    public Task ResultAsync(UpstreamRequest request, string result, string headers = "") =>
        JsonAsync($$"""{"jsonrpc":"2.0","id":{{request.Id}},"result":{{result}}}""", headers: headers);

    /// <param name="error">Raw JSON object.</param>
    public Task ErrorAsync(UpstreamRequest request, string error, int status = 200) =>
        JsonAsync($$"""{"jsonrpc":"2.0","id":{{request.Id}},"error":{{error}}}""", status);

    public Task BeginStreamAsync() => WriteAsync(Head(200, "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nCache-Control: no-cache\r\n"));

    public Task EventAsync(string json) => ChunkAsync($"event: message\ndata: {json}\n\n");

    /// <summary>An event without data, from which the stream can be taken up again at once.</summary>
    public Task PrimeAsync(string id) => ChunkAsync($"id: {id}\nretry: 1\ndata: \n\n");

    public Task EndStreamAsync() => WriteAsync("0\r\n\r\n"u8.ToArray());

    /// <summary>Resets the connection, as a killed process does.</summary>
    public void Drop()
    {
        IsBroken = true;
        HttpUpstream.Reset(connection);
    }

    /// <summary>Begins an answer and breaks it off in its middle.</summary>
    public async Task DropInBodyAsync()
    {
        await WriteAsync([.. Head(200, "Content-Type: application/json\r\nContent-Length: 1000\r\n"), .. "{\"jsonrpc\":\"2.0\","u8]);
        IsBroken = true;
        connection.Shutdown(SocketShutdown.Both);
    }

    /// <summary>Raw bytes instead of an answer.</summary>
    public Task WriteAsync(byte[] bytes)
    {
        // Announcements come from the test while an answer may be written.
        lock (_writing)
        {
            stream.Write(bytes);
            return Task.CompletedTask;
        }
    }

    private Task ChunkAsync(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return WriteAsync([.. Encoding.ASCII.GetBytes(bytes.Length.ToString("x", CultureInfo.InvariantCulture) + "\r\n"), .. bytes, .. "\r\n"u8]);
    }

    private static byte[] Head(int status, string headers) =>
        Encoding.ASCII.GetBytes($"HTTP/1.1 {status.ToString(CultureInfo.InvariantCulture)} Scripted\r\n{headers}\r\n");
}
