using Microsoft.Extensions.Logging;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// An upstream over Streamable HTTP, in both eras. Chooses the endpoint: the first by priority, then order, that can be reached. A request goes
/// to another one only when nothing of it was sent.
/// </summary>
internal sealed class HttpUpstream : IUpstreamConnection
{
    private readonly HttpEndpoint[] _endpoints;

    public HttpUpstream(UpstreamConfig config, IUpstreamEvents events, HttpMessageInvoker invoker, TimeProvider time, ILogger logger)
    {
        var ids = new UpstreamIds();
        _endpoints =
        [
            .. config.Endpoints
                .OrderBy(endpoint => endpoint.Priority)
                .Select(endpoint => new HttpEndpoint(this, new HttpWire(config, endpoint.Url, events, invoker, time, logger), ids)),
        ];
    }

    public ValueTask<UpstreamOpening> OpenAsync(ClientCapabilities capabilities, CancellationToken cancellationToken)
    {
        foreach (var endpoint in _endpoints)
        {
            if (endpoint.Circuit.OpenFor > TimeSpan.Zero)
            {
                continue;
            }

            return endpoint.Find(capabilities) is { } session
                ? ValueTask.FromResult(new UpstreamOpening(session, null))
                : OpenAnyAsync(capabilities, cancellationToken);
        }

        return ValueTask.FromResult(NoneReachable());
    }

    /// <summary>For a session whose endpoint could not be reached: tries the other ones that speak the same revision, each once.</summary>
    public async ValueTask<UpstreamSending> SendElsewhereAsync(
        HttpSession from, UpstreamRequest request, UpstreamSending failed, CancellationToken cancellationToken)
    {
        foreach (var endpoint in _endpoints)
        {
            if (endpoint == from.Endpoint || endpoint.Circuit.OpenFor > TimeSpan.Zero)
            {
                continue;
            }

            var opening = await endpoint.OpenAsync(from.Capabilities, cancellationToken);
            if (opening.Session is not HttpSession session || session.Peer.Revision != from.Peer.Revision)
            {
                continue;
            }

            var sending = await session.SendHereAsync(request, cancellationToken);
            if (sending.Error is not { Retry: RetryHint.NothingSent })
            {
                return sending with { Elsewhere = session };
            }
        }

        return failed;
    }

    public async ValueTask DisposeAsync() => await Task.WhenAll(_endpoints.Select(endpoint => endpoint.DisposeAsync().AsTask()));

    private async ValueTask<UpstreamOpening> OpenAnyAsync(ClientCapabilities capabilities, CancellationToken cancellationToken)
    {
        var last = NoneReachable();
        foreach (var endpoint in _endpoints)
        {
            if (endpoint.Circuit.OpenFor > TimeSpan.Zero)
            {
                continue;
            }

            last = await endpoint.OpenAsync(capabilities, cancellationToken);
            if (last.Error is not { Retry: RetryHint.NothingSent })
            {
                return last;
            }
        }

        return last;
    }

    private UpstreamOpening NoneReachable() => new(null, _endpoints.MinBy(endpoint => endpoint.Circuit.OpenFor)!.CircuitOpen());
}
