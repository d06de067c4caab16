using Microsoft.Extensions.Logging;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Bridge;

/// <summary>
/// The legacy session with the remote endpoint: opened by the client's own <c>initialize</c>, and by the same bytes once more when the endpoint has
/// lost it, so that the client need not know. Modern messages have none. Safe for many threads.
/// </summary>
internal sealed class BridgeSession(BridgeWire wire, ILogger logger)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();

    /// <summary>By the URI that each is about; empty for the level.</summary>
    private readonly Dictionary<string, ReadOnlyMemory<byte>> _settings = new(StringComparer.Ordinal);
    private volatile BridgeHead _head = BridgeHead.None;
    private ReadOnlyMemory<byte> _initialize;
    private Task<GatewayError?>? _renewal;

    /// <summary>How messages of the session present themselves.</summary>
    public BridgeHead Head => _head;

    /// <summary>A fresh session was refused with 400 alike, so that this status means something else here.</summary>
    public bool BadRequestIsNoLoss { get; set; }

    /// <summary>Takes note of what the client has agreed on with the endpoint.</summary>
    /// <param name="initialize">Stays as it is.</param>
    /// <param name="result">Of the answer to <paramref name="initialize"/>.</param>
    public void Open(ReadOnlyMemory<byte> initialize, ReadOnlySpan<byte> result, string? sessionId)
    {
        _initialize = initialize;
        _head = new BridgeHead(RevisionOf(result), sessionId);
    }

    /// <summary>Remembers what a fresh session would have to be told again: the level of log messages, and subscriptions.</summary>
    public void Remember(BridgeMessage message)
    {
        var method = message.Head.MethodCode;
        if (method is not (McpMethod.LoggingSetLevel or McpMethod.ResourcesSubscribe or McpMethod.ResourcesUnsubscribe))
        {
            return;
        }

        var uri = JsonText.GetString(message.Head.Uri.Of(message.Bytes.Span)) ?? "";
        lock (_gate)
        {
            _settings.Remove(uri);
            if (method != McpMethod.ResourcesUnsubscribe)
            {
                _settings[uri] = message.Bytes;
            }
        }
    }

    /// <summary>Opens the session anew, unless that has happened already. Concurrent callers share one attempt. Null when it worked.</summary>
    public async ValueTask<GatewayError?> RenewAsync(BridgeHead stale, CancellationToken cancellationToken)
    {
        Task<GatewayError?> renewal;
        lock (_gate)
        {
            if (_head != stale)
            {
                return null;
            }

            renewal = _renewal ??= RunRenewalAsync(stale);
        }

        return await renewal.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Says good-bye: the endpoint need not keep what belongs to the session.</summary>
    public async Task EndAsync()
    {
        if (_head is not { SessionId: not null } head)
        {
            return;
        }

        using var limit = new CancellationTokenSource(Patience);
        try
        {
            (await wire.DeleteAsync(head, limit.Token).ConfigureAwait(false)).Response?.Dispose();
        }
        catch (OperationCanceledException)
        {
            // It will notice by itself.
        }
    }

    private async Task<GatewayError?> RunRenewalAsync(BridgeHead stale)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        using var limit = new CancellationTokenSource(Patience);
        GatewayError? error;
        try
        {
            error = await TryRenewAsync(stale, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            error = BridgeFailures.Broken(wire.Place);
        }

        lock (_gate)
        {
            _renewal = null;
        }

        return error;
    }

    private async Task<GatewayError?> TryRenewAsync(BridgeHead stale, CancellationToken cancellationToken)
    {
        var (fresh, error) = await InitializeAsync(cancellationToken).ConfigureAwait(false);
        if (fresh is null)
        {
            return error;
        }

        if (fresh.Revision != stale.Revision)
        {
            return BridgeFailures.SessionChanged(wire.Place);
        }

        ReadOnlyMemory<byte>[] settings;
        lock (_gate)
        {
            settings = [.. _settings.Values];
        }

        foreach (var message in (ReadOnlyMemory<byte>[])[HandshakeMessages.Initialized, .. settings])
        {
            var sent = await wire.PostAsync(fresh, message, [], cancellationToken).ConfigureAwait(false);
            if (sent.Error is not null)
            {
                return sent.Error;
            }

            // Whatever is answered was answered to the client before.
            sent.Response!.Dispose();
        }

        _head = fresh;
        logger.BridgeSessionRenewed(wire.Place);
        return null;
    }

    /// <summary>The client's own handshake once more; its answer is for nobody but the bridge.</summary>
    private async Task<(BridgeHead? Head, GatewayError? Error)> InitializeAsync(CancellationToken cancellationToken)
    {
        var sent = await wire.PostAsync(BridgeHead.None, _initialize, [], cancellationToken).ConfigureAwait(false);
        if (sent.Response is not { } response)
        {
            return (null, sent.Error);
        }

        var sessionId = response.SessionId;
        if (!response.IsSuccess || HttpFrames.TryOpen(response, null) is not { } frames)
        {
            response.Dispose();
            return (null, BridgeFailures.Refused(wire.Place, response.Status, wire.HasKey));
        }

        await using (frames.ConfigureAwait(false))
        {
            while (await frames.ReadAsync(cancellationToken).ConfigureAwait(false) is { Kind: HttpFrameKind.Message } frame)
            {
                if (RpcReader.Read(frame.Bytes.Span, out var message) == RpcFault.None && message.Kind == RpcKind.Result)
                {
                    frames.Leave();
                    return (new BridgeHead(RevisionOf(message.Result.Of(frame.Bytes.Span)), sessionId), null);
                }
            }
        }

        return (null, BridgeFailures.Broken(wire.Place));
    }

    /// <summary>The agreed revision, if it is one with a header; one that this gateway does not know is newer, and has it.</summary>
    private static string? RevisionOf(ReadOnlySpan<byte> result)
    {
        var token = JsonMembers.Find(result, new ByteRange(0, result.Length), "protocolVersion"u8).Of(result);
        return ProtocolRevision.FindToken(token) is { HasVersionHeader: false } ? null : JsonText.GetString(token);
    }
}
