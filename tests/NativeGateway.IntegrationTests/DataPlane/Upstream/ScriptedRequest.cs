using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using NativeGateway.Shared;

namespace NativeGateway.IntegrationTests.DataPlane.Upstream;

/// <summary>One HTTP request that a scripted upstream received, and the bytes it answers.</summary>
internal sealed class ScriptedRequest(Socket socket, string method, string target, IReadOnlyDictionary<string, string> headers, string body)
{
    private readonly JsonElement _message = body.Length == 0 ? default : JsonDocument.Parse(body).RootElement.Clone();

    public string Method => method;

    /// <summary>Path and query.</summary>
    public string Target => target;

    public string Body => body;

    /// <summary>By name, in any case; several of one name are joined with a bar.</summary>
    public IReadOnlyDictionary<string, string> Headers => headers;

    public JsonElement Message => _message;

    /// <summary>The JSON-RPC method, "response" for a response, or else the HTTP method.</summary>
    public string Label => body.Length == 0 ? method : _message.TryGetProperty("method", out var name) ? name.GetString()! : "response";

    /// <summary>The id as it stands in the message.</summary>
    public string Id => _message.GetProperty("id").GetRawText();

    public string? Header(string name) => headers.GetValueOrDefault(name);

    public Task WriteAsync(string text) => socket.SendAsync(Encoding.UTF8.GetBytes(text), SocketFlags.None);

    public Task AnswerAsync(int status, string? contentType = null, string content = "", string? extraHeaders = null)
    {
        var type = contentType is null ? "" : $"Content-Type: {contentType}\r\n";
        return WriteAsync($"HTTP/1.1 {status} X\r\n{type}{extraHeaders}Content-Length: {Encoding.UTF8.GetByteCount(content)}\r\n\r\n{content}");
    }

    public Task JsonAsync(string content, int status = 200, string? extraHeaders = null) =>
        AnswerAsync(status, "application/json", content, extraHeaders);

    public Task ResultAsync(string result, string? extraHeaders = null) => JsonAsync(Result(result), 200, extraHeaders);

    public Task ErrorAsync(int status, int code, string? id = null, string data = "null", string? extraHeaders = null) =>
        JsonAsync($$$"""{"jsonrpc":"2.0","id":{{{id ?? Id}}},"error":{"code":{{{code}}},"message":"m","data":{{{data}}}}}""", status, extraHeaders);

    /// <summary>The response to this request.</summary>
    public string Result(string result) => $$"""{"jsonrpc":"2.0","id":{{Id}},"result":{{result}}}""";

    public Task BeginEventsAsync(string extraHeaders = "") =>
        WriteAsync($"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n{extraHeaders}Transfer-Encoding: chunked\r\n\r\n");

    public Task EventAsync(string data, string? id = null) => ChunkAsync($"{(id is null ? "" : $"id: {id}\n")}data: {data}\n\n");

    public Task ChunkAsync(string text) => WriteAsync($"{Encoding.UTF8.GetByteCount(text):x}\r\n{text}\r\n");

    public Task EndAsync() => WriteAsync("0\r\n\r\n");

    /// <summary>Ends the connection in the middle of a body; what was sent before still arrives.</summary>
    public void Close() => socket.Close();

    /// <summary>Drops the connection as a crashed process would.</summary>
    public void Abort()
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Close();
    }

    /// <summary>Completes when the gateway closes the connection.</summary>
    public async Task ClosedAsync()
    {
        try
        {
            while (await socket.ReceiveAsync(new byte[256], SocketFlags.None).WaitAsync(TestTime.Limit) > 0)
            {
                // Nothing is expected here.
            }
        }
        catch (SocketException)
        {
            // Closed by force is closed as well.
        }
    }
}
