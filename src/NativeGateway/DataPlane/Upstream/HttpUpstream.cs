using Microsoft.Extensions.Logging;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// An upstream over Streamable HTTP, in both eras. Each call goes to the endpoint that <see cref="EndpointChoice"/> names; to another one only
/// when nothing of it was sent. What needs the state of a legacy session stays where that is.
/// </summary>
internal sealed class HttpUpstream : IUpstreamConnection
{
    private readonly string _key;
    private readonly HttpEndpoint[] _endpoints;
    private readonly EndpointChoice _choice;
    private volatile bool _isStateless;

    /// <param name="region">The gateway's own; null when it has none.</param>
    /// <param name="random">For choosing endpoints.</param>
    public HttpUpstream(
        UpstreamConfig config,
        IUpstreamEvents events,
        HttpUpstreamClient client,
        TimeProvider time,
        ILogger logger,
        string? region = null,
        Random? random = null)
    {
        var ids = new UpstreamIds();
        _key = config.Key;
        Health = new UpstreamHealth(config, events, time);
        _choice = new EndpointChoice(config, Health.Endpoints, region, random ?? Random.Shared);
        _endpoints =
        [
            .. config.Endpoints.Select((endpoint, index) =>
                new HttpEndpoint(this, new HttpWire(config, endpoint.Url, Health.Endpoints[index], events, client, time, logger), ids)),
        ];
    }

    public UpstreamHealth Health { get; }

    public ValueTask<UpstreamOpening> OpenAsync(UpstreamClient client, CancellationToken cancellationToken)
    {
        Health.Retries.Earn();
        var next = _choice.Next(_isStateless ? 0 : client.Affinity, 0, out var why);
        if (next < 0)
        {
            return ValueTask.FromResult(NoneLeft());
        }

        return _endpoints[next].Find(client.Capabilities) is { } session
            ? ValueTask.FromResult(new UpstreamOpening(session, null, why))
            : OpenAnyAsync(next, why, client, cancellationToken);
    }

    public ValueTask<ProbeOutcome> ProbeAsync(int endpoint, CancellationToken cancellationToken) => _endpoints[endpoint].ProbeAsync(cancellationToken);

    /// <summary>For a session whose endpoint could not be reached: tries the other ones that speak the same revision, each once.</summary>
    public async ValueTask<UpstreamSending> SendElsewhereAsync(
        HttpSession from, UpstreamRequest request, UpstreamSending failed, CancellationToken cancellationToken)
    {
        var tried = BitOf(from.Endpoint.Index);
        for (int next; (next = _choice.Next(0, tried)) >= 0;)
        {
            tried |= BitOf(next);
            var opening = await _endpoints[next].OpenAsync(from.Capabilities, cancellationToken);
            if (opening.Session is not HttpSession session || session.Peer.Revision != from.Peer.Revision)
            {
                continue;
            }

            if (!Health.Retries.TrySpend())
            {
                return failed;
            }

            var sending = await session.SendHereAsync(request, cancellationToken);
            if (sending.Error is not { Retry: RetryHint.NothingSent })
            {
                return sending with { Elsewhere = session };
            }
        }

        return _endpoints.Length == 1 ? failed : failed with { Error = HttpFailures.NoneLeft(_key, Health, failed.Error!) };
    }

    public async ValueTask DisposeAsync() => await Task.WhenAll(_endpoints.Select(endpoint => endpoint.DisposeAsync().AsTask()));

    /// <summary>Nothing of a call was sent before there is a session for it, so that any other endpoint may take it, whatever went wrong.</summary>
    private async ValueTask<UpstreamOpening> OpenAnyAsync(int first, EndpointReason why, UpstreamClient client, CancellationToken cancellationToken)
    {
        UpstreamOpening opening = default;
        var tried = 0u;
        for (var next = first; next >= 0; next = _choice.Next(client.Affinity, tried))
        {
            opening = await _endpoints[next].OpenAsync(client.Capabilities, cancellationToken);
            if (opening.Session is { } session)
            {
                _isStateless = session is HttpSession { State.Head.SessionId: null };
                return opening with { Why = tried == 0 ? why : EndpointReason.Failover };
            }

            tried |= BitOf(next);
        }

        return _endpoints.Length == 1 ? opening : opening with { Error = HttpFailures.NoneLeft(_key, Health, opening.Error!) };
    }

    private UpstreamOpening NoneLeft()
    {
        var error = _endpoints.MinBy(endpoint => endpoint.Circuit.OpenFor)!.CircuitOpen();
        return new UpstreamOpening(null, _endpoints.Length == 1 ? error : HttpFailures.NoneLeft(_key, Health, error));
    }

    private static uint BitOf(int index) => 1u << index;
}
