using System.Runtime.CompilerServices;
using NativeGateway.DataPlane.Transport;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// A conversation with one endpoint: of a legacy one, the session of one set of client capabilities; of a modern one, nothing but its revision.
/// Owned by its <see cref="HttpEndpoint"/>; used by many exchanges at once.
/// </summary>
internal sealed class HttpSession : IUpstreamSession
{
    private readonly HttpEndpoint _endpoint;
    private readonly HttpWire _wire;
    private readonly UpstreamIds _ids;
    private readonly Lock _gate = new();
    private volatile HttpSessionState _state;
    private Task<GatewayError?>? _renewal;
    private volatile bool _isRetired;
    private volatile bool _badRequestIsNoLoss;

    public HttpSession(HttpEndpoint endpoint, HttpWire wire, UpstreamIds ids, ClientCapabilities capabilities, HttpSessionState state)
    {
        _endpoint = endpoint;
        _wire = wire;
        _ids = ids;
        _state = state;
        Capabilities = capabilities;
        Calls = capabilities == ClientCapabilities.None ? null : new AskableCalls(wire.Time);
    }

    public HttpEndpoint Endpoint => _endpoint;

    /// <summary>What it was opened with; nothing for a modern one, whose requests declare capabilities themselves.</summary>
    public ClientCapabilities Capabilities { get; }

    /// <summary>The calls that a question on the GET stream can belong to; null where the upstream was told that it cannot ask.</summary>
    public AskableCalls? Calls { get; }

    public HttpSessionState State => _state;

    /// <summary>Nobody gets this session any more; those who have it may bring their requests to an end.</summary>
    public bool IsRetired => _isRetired;

    public UpstreamPeer Peer => _state.Peer;

    public Task Ended => _state.Ended;

    public int NextId(Span<byte> destination) => _ids.Next(destination);

    public ValueTask<UpstreamSending> SendAsync(UpstreamRequest request, CancellationToken cancellationToken) =>
        SendAsync(request, mayGoElsewhere: true, cancellationToken);

    /// <summary>Sends to this session's own endpoint only.</summary>
    public ValueTask<UpstreamSending> SendHereAsync(UpstreamRequest request, CancellationToken cancellationToken) =>
        SendAsync(request, mayGoElsewhere: false, cancellationToken);

    public async ValueTask<GatewayError?> PostAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        var state = _state;
        if (state.Head.IsModern && IsCancellation(message.Span))
        {
            // Closing the reply was the cancellation; there are no messages about it (2026-07-28, basic/utilities/cancellation).
            return null;
        }

        var sent = await _wire.PostAsync(state.Head, message, cancellationToken);
        if (sent.Response is not { } response)
        {
            return sent.Error;
        }

        if (response.IsSuccess)
        {
            response.Dispose();
            return null;
        }

        // What a message of a lost session is about was lost with it, so this one is not sent again.
        var refusal = await HttpRefusal.ReadAsync(response, _wire.Time, cancellationToken);
        return refusal.MeansLostSession(state.Head, default) ? HttpFailures.SessionLost(_wire.Key) : refusal.ToError(_wire.Key);
    }

    /// <summary>Opens the session anew, unless that already happened. Concurrent callers share one attempt. Null when it worked.</summary>
    public async ValueTask<GatewayError?> RenewAsync(HttpSessionState stale, CancellationToken cancellationToken)
    {
        Task<GatewayError?> renewal;
        lock (_gate)
        {
            if (_state != stale)
            {
                return null;
            }

            renewal = _renewal ??= RunRenewalAsync(stale);
        }

        return await renewal.WaitAsync(cancellationToken);
    }

    public void Retire()
    {
        _isRetired = true;
        lock (_gate)
        {
            _state.End();
        }
    }

    private ValueTask<UpstreamSending> SendAsync(UpstreamRequest request, bool mayGoElsewhere, CancellationToken cancellationToken)
    {
        request.GoTo(_endpoint.Index);
        return Calls is { } calls
            ? SendAskableAsync(calls, request, mayGoElsewhere, cancellationToken)
            : SendPlainAsync(request, mayGoElsewhere, cancellationToken);
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<UpstreamSending> SendPlainAsync(UpstreamRequest request, bool mayGoElsewhere, CancellationToken cancellationToken)
    {
        var state = _state;
        var endpointCall = HttpCall.Begin(_wire, request);
        HttpSent sent;
        try
        {
            sent = await _wire.PostAsync(state.Head, request, cancellationToken);
        }
        catch
        {
            endpointCall.Abandoned(_wire.Config.Timeout);
            throw;
        }

        var call = await HttpCall.ReadAsync(_wire, state.Head, request, sent, endpointCall, cancellationToken);
        var sending = call.Refusal is { } refusal
            ? await HealAsync(state, refusal, request, cancellationToken)
            : new UpstreamSending(call.Reply, call.Error);
        return mayGoElsewhere && sending.Error is { Retry: RetryHint.NothingSent }
            ? await _endpoint.Upstream.SendElsewhereAsync(this, request, sending, cancellationToken)
            : sending;
    }

    private async ValueTask<UpstreamSending> SendAskableAsync(
        AskableCalls calls, UpstreamRequest request, bool mayGoElsewhere, CancellationToken cancellationToken)
    {
        // A question may be dealt with before the request has left, and the original is edited for that.
        var copy = request.Copy();
        var sending = await AskableReply.SendAsync(calls, left => SendPlainAsync(copy, mayGoElsewhere: false, left), cancellationToken);
        return mayGoElsewhere && sending.Error is { Retry: RetryHint.NothingSent }
            ? await _endpoint.Upstream.SendElsewhereAsync(this, request, sending, cancellationToken)
            : sending;
    }

    /// <summary>What a refusal means for the session; a lost one is opened anew and gets the request once more.</summary>
    private async ValueTask<UpstreamSending> HealAsync(
        HttpSessionState state, HttpRefusal refusal, UpstreamRequest request, CancellationToken cancellationToken)
    {
        for (var isFirst = true; ; isFirst = false)
        {
            var isLost = refusal.MeansLostSession(state.Head, request.Id.Span) && !(refusal.Status == 400 && _badRequestIsNoLoss);
            if (isLost && isFirst)
            {
                if (await RenewAsync(state, cancellationToken) is { } error)
                {
                    return new UpstreamSending(null, error);
                }

                state = _state;
                var call = await HttpCall.SendAsync(_wire, state.Head, request, cancellationToken);
                if (call.Refusal is not { } again)
                {
                    return new UpstreamSending(call.Reply, call.Error);
                }

                refusal = again;
                continue;
            }

            if (isLost && refusal.Status == 404)
            {
                return new UpstreamSending(null, HttpFailures.SessionLost(_wire.Key));
            }

            // A fresh session was refused alike, so this status has another meaning here; no request shall cost a session again.
            _badRequestIsNoLoss |= isLost;

            if (!isLost && refusal.MeansOtherEra)
            {
                _endpoint.Forget(this);
                return new UpstreamSending(null, HttpFailures.OtherRevision(_wire.Key, refusal.Status));
            }

            return refusal.ToSending(_wire.Key, request.Id.Span);
        }
    }

    private static bool IsCancellation(ReadOnlySpan<byte> message) =>
        RpcReader.Read(message, out var head) == RpcFault.None && head.MethodCode == McpMethod.NotifyCancelled;

    private async Task<GatewayError?> RunRenewalAsync(HttpSessionState stale)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var greeting = await _endpoint.GreetAsync(Capabilities);
        lock (_gate)
        {
            _renewal = null;
            _state = greeting.State ?? stale;
            if (_isRetired)
            {
                _state.End();
            }
        }

        if (greeting.State is null)
        {
            if (greeting.IsOtherEra)
            {
                _endpoint.Forget(this);
            }

            return greeting.Error;
        }

        stale.End();
        _wire.Logger.SessionRenewed(_wire.Key, _wire.Place);
        _wire.Events.ListChanged(_wire.Config.Id, McpMethod.Unknown);
        return null;
    }
}
