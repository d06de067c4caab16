using System.Net;
using Microsoft.AspNetCore.Http;
using NativeGateway.ControlPlane.Admin;
using NativeGateway.Model;

namespace NativeGateway.Tests.ControlPlane.Admin;

public sealed class SessionCookieTests
{
    private static readonly AddressSet Proxies = AddressSet.TryParse(["10.0.0.1"], out _)!;

    [Theory]
    [InlineData("https", "192.0.2.1", null, true)]
    [InlineData("http", "10.0.0.1", "https", true)]
    [InlineData("http", "192.0.2.1", "https", false)]
    [InlineData("http", "10.0.0.1", "http", false)]
    [InlineData("http", "10.0.0.1", null, false)]
    public void Over_tls_the_cookie_is_bound_to_the_host_and_never_sent_in_clear(string scheme, string peer, string? forwarded, bool isSecure)
    {
        var context = Context(scheme, peer, forwarded);

        var text = new SessionCookie("t").Text(context, Proxies);

        Assert.Equal(
            isSecure
                ? "__Host-native-gateway-session=t; Path=/; Max-Age=86400; HttpOnly; SameSite=Strict; Secure"
                : "native-gateway-session=t; Path=/; Max-Age=86400; HttpOnly; SameSite=Strict",
            text);
        Assert.Contains("Max-Age=0;", SessionCookie.None.Text(context, Proxies), StringComparison.Ordinal);
    }

    [Fact]
    public void Over_tls_only_the_cookie_of_tls_counts()
    {
        var context = Context("https", "192.0.2.1", null);
        context.Request.Headers.Cookie = "native-gateway-session=planted";
        Assert.Null(SessionCookie.Read(context, Proxies));

        context.Request.Headers.Cookie = "native-gateway-session=planted; __Host-native-gateway-session=own";
        Assert.Equal("own", SessionCookie.Read(context, Proxies));
    }

    private static DefaultHttpContext Context(string scheme, string peer, string? forwarded)
    {
        var context = new DefaultHttpContext();
        context.Request.Scheme = scheme;
        context.Connection.RemoteIpAddress = IPAddress.Parse(peer);
        context.Request.Headers["X-Forwarded-Proto"] = forwarded;
        return context;
    }
}
