using System.Globalization;
using System.Text;

namespace NativeGateway.NativeTests.Wire;

/// <summary>An HTTP request as bytes, with every header under the test's control. Changing it makes a copy.</summary>
internal sealed class RawRequest
{
    private readonly List<KeyValuePair<string, string>> _headers;

    private RawRequest(string method, string path, byte[] body, List<KeyValuePair<string, string>> headers)
    {
        (Method, Path, Body, _headers) = (method, path, body, headers);
    }

    public string Method { get; }

    public string Path { get; }

    public byte[] Body { get; }

    /// <summary>A POST with the headers that every MCP client sends.</summary>
    public static RawRequest Post(string path, string body) => Post(path, Encoding.UTF8.GetBytes(body));

    public static RawRequest Post(string path, byte[] body) => new("POST", path, body,
    [
        new("Content-Type", "application/json"),
        new("Accept", "application/json, text/event-stream"),
    ]);

    public static RawRequest Bare(string method, string path) => new(method, path, [], []);

    /// <summary>Sets a header, in place of any of that name.</summary>
    public RawRequest With(string name, string value) => Without(name).Add(name, value);

    /// <summary>Adds a header, even where one of that name stands already.</summary>
    public RawRequest Add(string name, string value) => new(Method, Path, Body, [.. _headers, new(name, value)]);

    public RawRequest Without(string name)
    {
        return new(Method, Path, Body, [.. _headers.Where(header => !header.Key.Equals(name, StringComparison.OrdinalIgnoreCase))]);
    }

    public RawRequest WithBody(byte[] body) => new(Method, Path, body, _headers);

    public RawRequest As(string key) => With("Authorization", "Bearer " + key);

    public RawRequest InSession(string id) => With("Mcp-Session-Id", id);

    public byte[] ToBytes(int port) => [.. HeadBytes(port, Body.Length), .. Body];

    /// <summary>The head alone, announcing a body of that length.</summary>
    public byte[] HeadBytes(int port, long contentLength)
    {
        return HeadBytes(port, $"Content-Length: {contentLength.ToString(CultureInfo.InvariantCulture)}");
    }

    /// <param name="framing">The header line that says how the body is framed.</param>
    public byte[] HeadBytes(int port, string framing)
    {
        var head = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{Method} {Path} HTTP/1.1\r\n");
        if (!_headers.Exists(header => header.Key.Equals("Host", StringComparison.OrdinalIgnoreCase)))
        {
            head.Append(CultureInfo.InvariantCulture, $"Host: 127.0.0.1:{port}\r\n");
        }

        foreach (var (name, value) in _headers)
        {
            head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        }

        return Encoding.Latin1.GetBytes(head.Append(framing).Append("\r\n\r\n").ToString());
    }
}
