using System.Net;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>How connections to upstreams of one kind are made.</summary>
/// <param name="IsGuarded">Only to public addresses.</param>
internal sealed record HttpUpstreamClient(HttpMessageInvoker Invoker, bool IsGuarded);

/// <summary>
/// The connection pools for HTTP upstreams: one for upstreams that an operator vouched for, one for all others. Shared by all upstreams, made
/// once per process. Redirects, cookies and decompression are off: each would act on behalf of an upstream in ways nobody asked for.
/// </summary>
internal sealed class HttpUpstreamClients : IDisposable
{
    public HttpUpstreamClient Trusted { get; } = Create(isGuarded: false);

    /// <summary>Reaches public addresses only.</summary>
    public HttpUpstreamClient Guarded { get; } = Create(isGuarded: true);

    public void Dispose()
    {
        Trusted.Invoker.Dispose();
        Guarded.Invoker.Dispose();
    }

    private static HttpUpstreamClient Create(bool isGuarded) => new(new HttpMessageInvoker(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        PooledConnectionLifetime = TimeSpan.FromMinutes(15),
        ConnectTimeout = TimeSpan.FromSeconds(5),
        ResponseDrainTimeout = TimeSpan.FromSeconds(1),
        EnableMultipleHttp2Connections = true,

        // Behind a proxy the gateway could not check which address is reached, so guarded connections never use one.
        UseProxy = !isGuarded,
        Proxy = isGuarded ? null : new TlsOnlyProxy(HttpClient.DefaultProxy),
        ConnectCallback = isGuarded
            ? static (context, token) => ConnectGuard.ConnectGuardedAsync(context.DnsEndPoint, token)
            : static (context, token) => ConnectGuard.ConnectFreelyAsync(context.DnsEndPoint, token),
    }), isGuarded);

    /// <summary>The proxy that the environment names, for https only: plain http goes to the own network, which a proxy rarely reaches.</summary>
    private sealed class TlsOnlyProxy(IWebProxy environment) : IWebProxy
    {
        public ICredentials? Credentials
        {
            get => environment.Credentials;
            set => environment.Credentials = value;
        }

        public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? null : environment.GetProxy(destination);

        public bool IsBypassed(Uri host) => host.Scheme != Uri.UriSchemeHttps || environment.IsBypassed(host);
    }
}
