using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using NativeGateway.DataPlane.Downstream;

namespace NativeGateway.Hosting;

/// <summary>
/// Kestrel with explicit limits and one terminal handler. No routing, no middleware, no host and no container of the framework's own: building
/// those took a sixth of a start.
/// </summary>
internal static class KestrelSetup
{
    private const int MaxHeadBytes = 32 * 1024;
    private const int MaxRequestLineBytes = 16 * 1024;
    private const int MaxHeaders = 100;
    private const int MaxStreamsPerConnection = 256;

    /// <summary>The pipeline itself answers 413 with a JSON-RPC error; Kestrel's own limit is only the net behind it.</summary>
    private const int BodyLimitMargin = 64 * 1024;

    /// <param name="options">Listeners and limits.</param>
    /// <param name="certificates">Null when no listener speaks TLS.</param>
    /// <param name="maxRequestBytes">The present limit of the settings; a reload may change it.</param>
    /// <param name="lean">The door before Kestrel's plain listeners; null for none.</param>
    /// <param name="handler">Answers every request.</param>
    public static KestrelListeners Build(
        GatewayOptions options,
        CertificateFiles? certificates,
        Func<int> maxRequestBytes,
        ILoggerFactory loggers,
        Http1Front? lean,
        RequestDelegate handler)
    {
        var atStart = maxRequestBytes();
        var kestrel = new KestrelServerOptions();
        var services = certificates is null ? null : KestrelServices.Build(loggers);
        if (services is not null)
        {
            kestrel.ApplicationServices = services;
        }

        SetLimits(kestrel, atStart, lean is null ? ConnectionLimit.OfMainDoor : ConnectionLimit.OfSideDoor);
        foreach (var address in options.Listen)
        {
            Listen(kestrel, address, certificates);
        }

        IConnectionListenerFactory transport = new SocketTransportFactory(Options.Create(new SocketTransportOptions()), loggers);
        if (lean is not null)
        {
            var tlsPorts = options.Listen.Where(address => address.IsTls).Select(address => address.Port).ToHashSet();
            transport = new KestrelHandOff(lean, tlsPorts, transport, loggers);
        }

        return new KestrelListeners(new KestrelServer(Options.Create(kestrel), transport, loggers), services, context =>
        {
            if (maxRequestBytes() is var now && now > atStart)
            {
                context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = (long)now + BodyLimitMargin;
            }

            return handler(context);
        });
    }

    private static void SetLimits(KestrelServerOptions kestrel, int maxRequestBytes, int maxConnections)
    {
        kestrel.AddServerHeader = false;
        kestrel.AllowSynchronousIO = false;
        kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeadBytes;
        kestrel.Limits.MaxRequestLineSize = MaxRequestLineBytes;
        kestrel.Limits.MaxRequestHeaderCount = MaxHeaders;
        kestrel.Limits.MaxRequestBodySize = (long)maxRequestBytes + BodyLimitMargin;
        kestrel.Limits.MaxConcurrentConnections = maxConnections;
        kestrel.Limits.MaxConcurrentUpgradedConnections = maxConnections;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(130);
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5));
        kestrel.Limits.MinResponseDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(10));
        kestrel.Limits.Http2.MaxStreamsPerConnection = MaxStreamsPerConnection;
        kestrel.Limits.Http2.MaxRequestHeaderFieldSize = MaxHeadBytes;
        kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(60);
    }

    private static void Listen(KestrelServerOptions kestrel, ListenAddress address, CertificateFiles? certificates)
    {
        void Configured(ListenOptions endpoint) => Configure(endpoint, address, certificates);
        if (address.Address is null)
        {
            kestrel.ListenAnyIP(address.Port, Configured);
        }
        else if (address is { Host: "localhost", Port: not 0 })
        {
            // Both loopback addresses, as far as the machine has them; two sockets cannot be given one port by the system.
            kestrel.ListenLocalhost(address.Port, Configured);
        }
        else
        {
            kestrel.Listen(address.Address, address.Port, Configured);
        }
    }

    private static void Configure(ListenOptions endpoint, ListenAddress address, CertificateFiles? certificates)
    {
        // Without TLS there is no ALPN, and Kestrel cannot tell both apart on one plain socket.
        endpoint.Protocols = address.IsTls ? HttpProtocols.Http1AndHttp2 : HttpProtocols.Http1;
        if (address.IsTls)
        {
            endpoint.UseHttps(new TlsHandshakeCallbackOptions
            {
                HandshakeTimeout = TimeSpan.FromSeconds(10),
                OnConnection = _ => ValueTask.FromResult(certificates!.Current),
            });
        }
    }
}
