using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using NativeGateway.DataPlane.Proxy;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>The headers that decide something, as they came: all values of one name.</summary>
internal readonly record struct HeaderTexts
{
    public string? Host { get; init; }

    public StringValues Origin { get; init; }

    public StringValues Accept { get; init; }

    public StringValues ContentType { get; init; }

    public StringValues Authorization { get; init; }

    public StringValues ApiKey { get; init; }

    public StringValues ForwardedFor { get; init; }

    public StringValues ProtocolVersion { get; init; }

    public StringValues SessionId { get; init; }

    public StringValues LastEventId { get; init; }

    public StringValues MirroredMethod { get; init; }

    public StringValues MirroredName { get; init; }

    public StringValues TraceParent { get; init; }

    public StringValues TraceState { get; init; }
}

/// <summary>Reads the facts of a <see cref="RequestHead"/> out of an HTTP request.</summary>
internal static class RequestHeads
{
    public static RequestHead Read(HttpContext context, ReadOnlyMemory<byte> upstreamName, AddressSet trustedProxies)
    {
        var (request, connection) = (context.Request, context.Connection);
        var headers = request.Headers;
        var texts = new HeaderTexts
        {
            Host = request.Host.Value,
            Origin = headers.Origin,
            Accept = headers.Accept,
            ContentType = headers.ContentType,
            Authorization = headers.Authorization,
            ApiKey = headers["X-API-Key"],
            ForwardedFor = headers["X-Forwarded-For"],
            ProtocolVersion = headers["MCP-Protocol-Version"],
            SessionId = headers["Mcp-Session-Id"],
            LastEventId = headers["Last-Event-ID"],
            MirroredMethod = headers["Mcp-Method"],
            MirroredName = headers["Mcp-Name"],
            TraceParent = headers.TraceParent,
            TraceState = headers.TraceState,
        };
        var address = CallerAddress(connection.RemoteIpAddress ?? IPAddress.None, texts.ForwardedFor, trustedProxies);
        var onLoopback = connection.LocalIpAddress is { } local && IPAddress.IsLoopback(local);
        return Create(texts, address, onLoopback, upstreamName, request.ContentLength, name => Single(headers[name]));
    }

    /// <param name="address">The caller, see <see cref="CallerAddress"/>.</param>
    /// <param name="findHeader">Any header by its name; null when it is absent.</param>
    public static RequestHead Create(
        in HeaderTexts texts,
        IPAddress address,
        bool onLoopback,
        ReadOnlyMemory<byte> upstreamName,
        long? contentLength,
        Func<string, string?> findHeader)
    {
        var accept = texts.Accept;
        var any = accept.Count == 0 || Lists(accept, "*/*");
        return new RequestHead
        {
            Number = RequestNumber.New(),
            RemoteAddress = address,
            OnLoopback = onLoopback,
            Host = texts.Host,
            Origin = texts.Origin.Count == 0 ? null : texts.Origin.ToString(),
            Credential = Credential(texts.Authorization, texts.ApiKey),
            UpstreamName = upstreamName,
            ContentLength = contentLength,
            IsJson = texts.ContentType.ToString() is { Length: > 0 } type && IsJson(type),
            AcceptsJson = any || Lists(accept, "application/json") || Lists(accept, "application/*"),
            AcceptsEventStream = any ? accept.Count > 0 : Lists(accept, "text/event-stream") || Lists(accept, "text/*"),
            ProtocolVersion = Single(texts.ProtocolVersion),
            SessionId = Single(texts.SessionId),
            LastEventId = Single(texts.LastEventId),
            MirroredMethod = Single(texts.MirroredMethod),
            MirroredName = Single(texts.MirroredName),
            FindHeader = findHeader,
            TraceParent = Single(texts.TraceParent),
            TraceState = Single(texts.TraceState),
        };
    }

    /// <summary>
    /// The presented key: <c>Authorization: Bearer</c> or <c>ApiKey</c>, or <c>X-API-Key</c>. Two different keys in one request are no key:
    /// which one counts must not depend on who reads the request.
    /// </summary>
    private static byte[] Credential(StringValues authorization, StringValues plain)
    {
        var fromScheme = authorization.Count == 1 ? AfterScheme(authorization[0]!) : [];
        if (plain.Count == 0)
        {
            return authorization.Count <= 1 ? Ascii(fromScheme) : [];
        }

        var isAmbiguous = plain.Count > 1 || (authorization.Count > 0 && !fromScheme.SequenceEqual(plain[0].AsSpan().Trim()));
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

    /// <summary>
    /// The rightmost address that no trusted proxy vouches for (RFC 7239, 5.2, for its X- ancestor). <see cref="IPAddress.None"/> when a trusted
    /// proxy names none there: the proxy's own address would let through to an organization what is only meant for its network.
    /// </summary>
    public static IPAddress CallerAddress(IPAddress address, StringValues forwardedFor, AddressSet trustedProxies)
    {
        var forwarded = forwardedFor.ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        for (var hop = forwarded.Length - 1; hop >= 0 && trustedProxies.Contains(address); hop--)
        {
            address = ForwardedAddress(forwarded[hop]) ?? IPAddress.None;
        }

        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
    }

    /// <summary>An address with or without a port. Null for anything else, also for the short and numeric forms that no proxy writes.</summary>
    private static IPAddress? ForwardedAddress(string text)
    {
        if (!IPEndPoint.TryParse(text, out var place))
        {
            return null;
        }

        var address = place.Address;
        var isPlain = address.AddressFamily == AddressFamily.InterNetworkV6 || text.AsSpan().StartsWith(address.ToString());
        return isPlain ? address : null;
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
