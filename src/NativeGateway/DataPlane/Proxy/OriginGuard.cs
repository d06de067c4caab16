using NativeGateway.Model;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// Refuses requests that a foreign web page makes a browser send (DNS rebinding; 2026-07-28 and 2025-11-25, basic/transports, "Security").
/// An absent <c>Origin</c> is normal for clients that are no browser. On a loopback listener the <c>Host</c> must be a loopback name, too.
/// </summary>
internal static class OriginGuard
{
    private static readonly GatewayError BadOrigin = new(
        ErrorKind.ForbiddenOrigin, "This Origin is not allowed (network.allowedOrigins).");

    private static readonly GatewayError BadHost = new(
        ErrorKind.ForbiddenOrigin,
        "This Host is not allowed on a loopback listener: use localhost, 127.0.0.1 or [::1], or name the public origin in network.allowedOrigins.");

    public static GatewayError? Check(RequestHead head, GatewaySettings settings)
    {
        if (head.OnLoopback && !IsLoopbackName(HostOf(head.Host)) && !IsAllowedHost(head.Host, settings))
        {
            return BadHost;
        }

        return head.Origin is null || IsAllowedOrigin(head, settings) ? null : BadOrigin;
    }

    /// <summary>A reverse proxy on the same machine passes the public name on: it is known when its origin is.</summary>
    private static bool IsAllowedHost(string? host, GatewaySettings settings)
    {
        foreach (var allowed in settings.AllowedOrigins)
        {
            if (AuthorityOf(allowed).Equals(host, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsAllowedOrigin(RequestHead head, GatewaySettings settings)
    {
        foreach (var allowed in settings.AllowedOrigins)
        {
            if (string.Equals(allowed, head.Origin, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return head.OnLoopback && IsLoopbackName(HostOf(AuthorityOf(head.Origin!)));
    }

    private static ReadOnlySpan<char> AuthorityOf(string origin)
    {
        var schemeEnd = origin.IndexOf("://", StringComparison.Ordinal);
        return schemeEnd < 0 ? [] : origin.AsSpan(schemeEnd + 3);
    }

    private static ReadOnlySpan<char> HostOf(ReadOnlySpan<char> authority)
    {
        var bracket = authority.LastIndexOf(']');
        var colon = authority.LastIndexOf(':');
        return colon > bracket ? authority[..colon] : authority;
    }

    private static bool IsLoopbackName(ReadOnlySpan<char> host)
    {
        return host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || host.Equals("127.0.0.1", StringComparison.Ordinal)
            || host.Equals("[::1]", StringComparison.Ordinal);
    }
}
