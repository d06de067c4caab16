using System.Net;
using Microsoft.AspNetCore.Http;
using NativeGateway.ControlPlane.Users;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>
/// The session in a browser: no script reads the cookie, no other site sends it, and over TLS no other host and no plain connection sets it
/// (RFC 6265bis, 4.1.3.2).
/// </summary>
/// <param name="Token">Null to end it.</param>
internal sealed record SessionCookie(string? Token)
{
    private const string Plain = "native-gateway-session";
    private const string Secure = "__Host-native-gateway-session";

    public static readonly SessionCookie None = new((string?)null);

    /// <summary>The token that a request carries; null for none. Over TLS only a cookie that was set over TLS counts.</summary>
    /// <param name="trustedProxies">Whose <c>X-Forwarded-Proto</c> is believed.</param>
    public static string? Read(HttpContext context, AddressSet trustedProxies) =>
        context.Request.Cookies.TryGetValue(IsOverTls(context, trustedProxies) ? Secure : Plain, out var token) && token.Length > 0 ? token : null;

    public string Text(HttpContext context, AddressSet trustedProxies)
    {
        var isSecure = IsOverTls(context, trustedProxies);
        var age = Token is null ? 0 : (long)SessionRules.Lifetime.TotalSeconds;
        return $"{(isSecure ? Secure : Plain)}={Token}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{(isSecure ? "; Secure" : "")}";
    }

    public override string ToString() => "session cookie";

    private static bool IsOverTls(HttpContext context, AddressSet trustedProxies) => context.Request.IsHttps
        || (trustedProxies.Contains(context.Connection.RemoteIpAddress ?? IPAddress.None)
            && context.Request.Headers["X-Forwarded-Proto"].ToString().Equals("https", StringComparison.OrdinalIgnoreCase));
}
