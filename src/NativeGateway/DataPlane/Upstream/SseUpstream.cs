using Microsoft.Extensions.Logging;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// An upstream over HTTP+SSE, the transport of 2024-11-05: the first endpoint by priority, then order, that can be opened. Any thread.
/// </summary>
internal sealed class SseUpstream : IUpstreamConnection
{
    private readonly SseEndpoint[] _endpoints;

    public SseUpstream(UpstreamConfig config, IUpstreamEvents events, HttpMessageInvoker invoker, TimeProvider time, ILogger logger)
    {
        var ids = new UpstreamIds();
        _endpoints =
        [
            .. config.Endpoints
                .OrderBy(endpoint => endpoint.Priority)
                .Select(endpoint => new SseEndpoint(new HttpWire(config, endpoint.Url, events, invoker, time, logger), ids)),
        ];
    }

    public async ValueTask<UpstreamOpening> OpenAsync(ClientCapabilities capabilities, CancellationToken cancellationToken)
    {
        UpstreamOpening last = default;
        foreach (var endpoint in _endpoints)
        {
            last = await endpoint.OpenAsync(capabilities, cancellationToken);
            if (last.Session is not null)
            {
                return last;
            }
        }

        return last;
    }

    public async ValueTask DisposeAsync() => await Task.WhenAll(_endpoints.Select(endpoint => endpoint.DisposeAsync().AsTask()));
}
