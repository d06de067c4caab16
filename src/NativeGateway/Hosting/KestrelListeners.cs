using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace NativeGateway.Hosting;

/// <summary>A Kestrel and what it answers with.</summary>
/// <param name="services">What its TLS needs; null without. Ends with this.</param>
internal sealed class KestrelListeners(KestrelServer server, ServiceProvider? services, RequestDelegate handler)
    : IHttpApplication<HttpContext>, IAsyncDisposable
{
    /// <summary>The addresses as bound, with the ports that the system chose.</summary>
    public IReadOnlyList<string> Addresses => [.. server.Features.Get<IServerAddressesFeature>()?.Addresses ?? []];

    /// <exception cref="IOException">An address cannot be bound.</exception>
    public Task StartAsync() => server.StartAsync(this, CancellationToken.None);

    /// <summary>Accepts no more, and waits for what runs.</summary>
    /// <param name="patience">When to abort what still runs.</param>
    public Task StopAsync(CancellationToken patience) => server.StopAsync(patience);

    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public Task ProcessRequestAsync(HttpContext context) => handler(context);

    public void DisposeContext(HttpContext context, Exception? exception)
    {
    }

    public async ValueTask DisposeAsync()
    {
        // Once stopped, this does nothing; never started or not stopped, it aborts.
        await server.StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        server.Dispose();
        if (services is not null)
        {
            await services.DisposeAsync();
        }
    }
}
