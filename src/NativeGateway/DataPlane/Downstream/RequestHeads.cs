using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using NativeGateway.DataPlane.Proxy;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>Reads the facts of a <see cref="RequestHead"/> out of an HTTP request.</summary>
internal static class RequestHeads
{
    /// <summary>An <c>X-Request-Id</c>.</summary>
    public static string NewId() => RandomNumberGenerator.GetHexString(16, lowercase: true);

    public static RequestHead Read(HttpContext context, ReadOnlyMemory<byte> upstreamName, AddressSet trustedProxies)
    {
        var request = context.Request;
        var headers = request.Headers;
        var accept = headers.Accept;
        var any = accept.Count == 0 || Lists(accept, "*/*");
        return new RequestHead
        {
            RequestId = NewId(),
            RemoteAddress = CallerAddress(context, trustedProxies),
            OnLoopback = context.Connection.LocalIpAddress is { } local && IPAddress.IsLoopback(local),
            Host = request.Host.Value,
            Origin = headers.Origin.Count == 0 ? null : headers.Origin.ToString(),
            Credential = Credential(headers),
            UpstreamName = upstreamName,
            ContentLength = request.ContentLength,
            IsJson = request.ContentType is { } type && IsJson(type),
            AcceptsJson = any || Lists(accept, "application/json") || Lists(accept, "application/*"),
            AcceptsEventStream = any ? accept.Count > 0 : Lists(accept, "text/event-stream") || Lists(accept, "text/*"),
            ProtocolVersion = Single(headers["MCP-Protocol-Version"]),
            SessionId = Single(headers["Mcp-Session-Id"]),
            LastEventId = Single(headers["Last-Event-ID"]),
            MirroredMethod = Single(headers["Mcp-Method"]),
            MirroredName = Single(headers["Mcp-Name"]),
            FindHeader = name => Single(headers[name]),
            TraceParent = Single(headers.TraceParent),
        };
    }

    /// <summary>
    /// The presented key: <c>Authorization: Bearer</c> or <c>ApiKey</c>, or <c>X-API-Key</c>. Two different keys in one request are no key:
    /// which one counts must not depend on who reads the request.
    /// </summary>
    private static byte[] Credential(IHeaderDictionary headers)
    {
        var fromScheme = headers.Authorization.Count == 1 ? AfterScheme(headers.Authorization[0]!) : [];
        var plain = headers["X-API-Key"];
        if (plain.Count == 0)
        {
            return headers.Authorization.Count <= 1 ? Ascii(fromScheme) : [];
        }

        var isAmbiguous = plain.Count > 1 || (headers.Authorization.Count > 0 && !fromScheme.SequenceEqual(plain[0].AsSpan().Trim()));
        return isAmbiguous ? [] : Ascii(plain[0].AsSpan().Trim());
    }

    private static ReadOnlySpan<char> AfterScheme(string authorization)
    {
        var space = authorization.IndexOf(' ', StringComparison.Ordinal);
        if (space < 0)
        {
            return [];
        }

        var scheme = authorization.AsSpan(0, space);
        return scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase) || scheme.Equals("ApiKey", StringComparison.OrdinalIgnoreCase)
            ? authorization.AsSpan(space + 1).Trim()
            : [];
    }

    private static byte[] Ascii(ReadOnlySpan<char> text)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, bytes);
        return bytes;
    }

    /// <summary>The rightmost address that no trusted proxy vouches for (RFC 7239, 5.2, for its X- ancestor).</summary>
    private static IPAddress CallerAddress(HttpContext context, AddressSet trustedProxies)
    {
        var address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        var forwarded = context.Request.Headers["X-Forwarded-For"].ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        for (var hop = forwarded.Length - 1; hop >= 0 && trustedProxies.Contains(address); hop--)
        {
            if (!IPAddress.TryParse(forwarded[hop], out var previous))
            {
                break;
            }

            address = previous;
        }

        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
    }

    private static string? Single(StringValues values) => values.Count == 1 ? values[0]!.Trim(' ', '\t') : values.Count == 0 ? null : values.ToString();

    private static bool IsJson(string contentType)
    {
        var end = contentType.IndexOf(';', StringComparison.Ordinal);
        return (end < 0 ? contentType.AsSpan() : contentType.AsSpan(0, end)).Trim().Equals("application/json", StringComparison.OrdinalIgnoreCase);
    }

    private static bool Lists(StringValues accept, string type)
    {
        foreach (var value in accept)
        {
            foreach (var part in value.AsSpan().Split(','))
            {
                var item = value.AsSpan()[part];
                var end = item.IndexOf(';');
                if ((end < 0 ? item : item[..end]).Trim().Equals(type, StringComparison.OrdinalIgnoreCase))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
