using Microsoft.Extensions.Logging;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// An upstream over HTTP+SSE, the transport of 2024-11-05. A client stays on its endpoint as long as that is usable, because every connection is
/// a session. Any thread.
/// </summary>
internal sealed class SseUpstream : IUpstreamConnection
{
    private readonly SseEndpoint[] _endpoints;
    private readonly EndpointChoice _choice;
    private readonly string _key;

    /// <param name="region">The gateway's own; null when it has none.</param>
    public SseUpstream(
        UpstreamConfig config, IUpstreamEvents events, HttpUpstreamClient client, TimeProvider time, ILogger logger, string? region = null)
    {
        var ids = new UpstreamIds();
        _key = config.Key;
        Health = new UpstreamHealth(config, events, time);
        _choice = new EndpointChoice(config, Health.Endpoints, region, Random.Shared);
        _endpoints =
        [
            .. config.Endpoints.Select((endpoint, index) =>
                new SseEndpoint(new HttpWire(config, endpoint.Url, Health.Endpoints[index], events, client, time, logger), ids)),
        ];
    }

    public UpstreamHealth Health { get; }

    public async ValueTask<UpstreamOpening> OpenAsync(UpstreamClient client, CancellationToken cancellationToken)
    {
        UpstreamOpening opening = default;
        var tried = 0u;
        for (int next; (next = _choice.Next(client.Affinity, tried, out var why)) >= 0;)
        {
            opening = await _endpoints[next].OpenAsync(client.Capabilities, cancellationToken);
            if (opening.Session is not null)
            {
                return opening with { Why = tried == 0 ? why : EndpointReason.Failover };
            }

            tried |= 1u << next;
        }

        var error = opening.Error ?? _endpoints.MinBy(endpoint => endpoint.Circuit.OpenFor)!.CircuitOpen();
        return new UpstreamOpening(null, _endpoints.Length == 1 ? error : HttpFailures.NoneLeft(_key, Health, error));
    }

    public ValueTask<ProbeOutcome> ProbeAsync(int endpoint, CancellationToken cancellationToken) => _endpoints[endpoint].ProbeAsync(cancellationToken);

    public async ValueTask DisposeAsync() => await Task.WhenAll(_endpoints.Select(endpoint => endpoint.DisposeAsync().AsTask()));
}
