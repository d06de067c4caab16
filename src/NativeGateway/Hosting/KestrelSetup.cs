using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using NativeGateway.DataPlane.Downstream;

namespace NativeGateway.Hosting;

/// <summary>Kestrel with explicit limits and one terminal handler. No routing, no middleware, no configuration sources of the framework's own.</summary>
internal static class KestrelSetup
{
    private const int MaxHeadBytes = 32 * 1024;
    private const int MaxRequestLineBytes = 16 * 1024;
    private const int MaxHeaders = 100;
    private const int MaxConnections = 20_000;
    private const int MaxStreamsPerConnection = 256;

    /// <summary>The pipeline itself answers 413 with a JSON-RPC error; Kestrel's own limit is only the net behind it.</summary>
    private const int BodyLimitMargin = 64 * 1024;

    /// <param name="options">Listeners and limits.</param>
    /// <param name="certificates">Null when no listener speaks TLS.</param>
    /// <param name="maxRequestBytes">The present limit of the settings; a reload may change it.</param>
    /// <param name="lean">The door before Kestrel's plain listeners; null for none.</param>
    /// <param name="handler">Answers every request.</param>
    public static WebApplication Build(
        GatewayOptions options,
        CertificateFiles? certificates,
        Func<int> maxRequestBytes,
        ILoggerFactory loggers,
        Http1Front? lean,
        RequestDelegate handler)
    {
        var atStart = maxRequestBytes();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { Args = [], ContentRootPath = AppContext.BaseDirectory });
        builder.Services.AddSingleton(loggers);
        // Signals are the host frame's business: what runs is drained before anything of Kestrel is stopped.
        builder.Services.Replace(ServiceDescriptor.Singleton<IHostLifetime>(new NoLifetime()));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = Timeout.InfiniteTimeSpan);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            SetLimits(kestrel, atStart);
            foreach (var address in options.Listen)
            {
                Listen(kestrel, address, certificates);
            }
        });
        if (lean is not null)
        {
            // Asked before Kestrel's own transport, which keeps what this one does not take.
            var tlsPorts = options.Listen.Where(address => address.IsTls).Select(address => address.Port).ToHashSet();
            builder.Services.AddSingleton<IConnectionListenerFactory>(new KestrelHandOff(lean, tlsPorts, loggers));
        }

        var application = builder.Build();
        application.Run(context =>
        {
            if (maxRequestBytes() is var now && now > atStart)
            {
                context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = (long)now + BodyLimitMargin;
            }

            return handler(context);
        });
        return application;
    }

    /// <summary>The addresses as bound, with the ports that the system chose.</summary>
    public static IReadOnlyList<string> BoundAddresses(WebApplication application)
    {
        var server = application.Services.GetRequiredService<IServer>();
        return [.. server.Features.Get<IServerAddressesFeature>()?.Addresses ?? []];
    }

    private static void SetLimits(KestrelServerOptions kestrel, int maxRequestBytes)
    {
        kestrel.AddServerHeader = false;
        kestrel.AllowSynchronousIO = false;
        kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeadBytes;
        kestrel.Limits.MaxRequestLineSize = MaxRequestLineBytes;
        kestrel.Limits.MaxRequestHeaderCount = MaxHeaders;
        kestrel.Limits.MaxRequestBodySize = (long)maxRequestBytes + BodyLimitMargin;
        kestrel.Limits.MaxConcurrentConnections = MaxConnections;
        kestrel.Limits.MaxConcurrentUpgradedConnections = MaxConnections;
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

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
