using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// Tries HTTP+SSE where Streamable HTTP was refused (2026-07-28, basic/transports/streamable-http, "Backward Compatibility"), and remembers when
/// that worked. Any thread.
/// </summary>
internal sealed class SseFallback(HttpWire wire, UpstreamIds ids) : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private SseEndpoint? _endpoint;
    private volatile bool _isUsed;

    /// <summary>It worked before.</summary>
    public bool IsUsed => _isUsed;

    public SseSession? Find(ClientCapabilities capabilities) => _isUsed ? Volatile.Read(ref _endpoint)?.Find(capabilities) : null;

    /// <summary>Null when the upstream does not speak HTTP+SSE (any more).</summary>
    public async Task<UpstreamOpening?> TryOpenAsync(ClientCapabilities capabilities, CancellationToken cancellationToken)
    {
        SseEndpoint endpoint;
        lock (_gate)
        {
            endpoint = _endpoint ??= new SseEndpoint(wire, ids);
        }

        var opening = await endpoint.OpenAsync(capabilities, cancellationToken);
        if (opening.Session is not null)
        {
            _isUsed = true;
            return opening;
        }

        // Silence is no answer; an answer of another kind is one.
        if (_isUsed && endpoint.LastError is not { Kind: ErrorKind.UpstreamProtocol })
        {
            return opening;
        }

        lock (_gate)
        {
            (_endpoint, _isUsed) = _endpoint == endpoint ? (null, false) : (_endpoint, _isUsed);
        }

        await endpoint.DisposeAsync();
        return null;
    }

    /// <inheritdoc cref="IUpstreamConnection.ProbeAsync"/>
    public ValueTask<ProbeOutcome> ProbeAsync(CancellationToken cancellationToken) =>
        Volatile.Read(ref _endpoint)?.ProbeAsync(cancellationToken) ?? ValueTask.FromResult(ProbeOutcome.NotAsked);

    public ValueTask DisposeAsync() => Volatile.Read(ref _endpoint)?.DisposeAsync() ?? ValueTask.CompletedTask;
}
