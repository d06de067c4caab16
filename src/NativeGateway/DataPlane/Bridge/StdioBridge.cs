using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using NativeGateway.DataPlane.Downstream;
using NativeGateway.DataPlane.Proxy;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Bridge;

/// <summary>
/// Carries the messages of a client on standard input and output to a Streamable HTTP endpoint and back, of every revision, each byte as it is:
/// ids, names and revisions are between the two. What the transport cannot carry is told as an error with the id of the request. One per process.
/// </summary>
internal sealed class StdioBridge(LineChannel client, BridgeWire wire, ILogger logger) : IDisposable
{
    private const int MaxRunning = 1024;

    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<byte[], (BridgeMessage Message, CancellationTokenSource Call)> _calls = new(Utf8Comparer.Instance);
    private readonly RunningExchanges _running = new();
    private readonly CancellationTokenSource _cutOff = CancellationTokenSource.CreateLinkedTokenSource(client.Gone);
    private readonly CancellationTokenSource _closing = new();
    private readonly BridgeSession _session = new(wire, logger);
    private readonly MirroredHeaders _mirrored = new();
    private Task? _listening;

    /// <summary>Takes messages until the client closes its end, leaves, or this is told to stop.</summary>
    public Task ReadAsync(CancellationToken stop) => client.ReadToEndAsync(TakeAsync, stop);

    /// <summary>Completes when everything is answered, or cut off because it took longer than wanted, and the session is over.</summary>
    public async Task DrainAsync(CancellationToken patience)
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        foreach (var (message, call) in _calls.Values)
        {
            if (message.Head.MethodCode == McpMethod.SubscriptionsListen)
            {
                // It would never end by itself.
                Cancel(call);
            }
        }

        await _running.IdleAsync().WaitAsync(patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _cutOff.CancelAsync().ConfigureAwait(false);
        if (patience.IsCancellationRequested)
        {
            client.Abandon();
        }

        await Task.WhenAll(_running.IdleAsync(), _listening ?? Task.CompletedTask)
            .WaitAsync(Farewell, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _session.EndAsync().ConfigureAwait(false);
    }

    public void Dispose()
    {
        _cutOff.Dispose();
        _closing.Dispose();
    }

    /// <summary>Begins to carry a message. Only the handshake is waited for: what is said after it belongs to its session.</summary>
    private Task TakeAsync(IncomingLine line)
    {
        var fault = RpcReader.Read(line.Bytes.Span, out var head);
        var unfit = line.Kind == LineKind.Cut ? BridgeFailures.TooLong(LineChannel.MaxLine)
            : fault == RpcFault.NotJson ? BridgeFailures.NotJson
            : fault == RpcFault.NotRpc ? BridgeFailures.NotRpc
            : null;
        if (unfit is not null)
        {
            return RefuseAsync(head.Id.IsPresent ? head.Id.Of(line.Bytes.Span).ToArray() : "null"u8.ToArray(), unfit).AsTask();
        }

        var message = new BridgeMessage(line.Bytes.Span, head, fault);
        if (head.MethodCode == McpMethod.NotifyCancelled && IsCancelledHere(message))
        {
            return Task.CompletedTask;
        }

        if (_running.Count >= MaxRunning)
        {
            return RefuseAllAsync(message, BridgeFailures.Full);
        }

        var running = RunAsync(message);
        return message.IsInitialize || head.MethodCode == McpMethod.NotifyInitialized ? running : Task.CompletedTask;
    }

    /// <summary>
    /// A modern call is cancelled by closing its reply, and by nothing else (2026-07-28, basic/patterns/cancellation); of a legacy one the endpoint is
    /// told by the client's own message.
    /// </summary>
    private bool IsCancelledHere(BridgeMessage notification)
    {
        if (!_calls.TryGetValue(notification.Head.RequestId.Of(notification.Bytes.Span).ToArray(), out var running))
        {
            return false;
        }

        running.Message.GiveUp();
        if (!running.Message.IsModern)
        {
            return false;
        }

        Cancel(running.Call);
        return true;
    }

    private async Task RunAsync(BridgeMessage message)
    {
        _running.Enter();
        using var call = CancellationTokenSource.CreateLinkedTokenSource(_cutOff.Token);
        var id = message.Awaited is [var only] ? only : null;
        var isKnown = id is not null && _calls.TryAdd(id, (message, call));
        try
        {
            if (await ForwardAsync(message, call.Token).ConfigureAwait(false) is { } error)
            {
                logger.BridgeFailed(error.Kind, error.Message);
                await RefuseAllAsync(message, error).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (call.IsCancellationRequested)
        {
            // Nobody waits for an answer.
        }
        catch (Exception fault)
        {
            logger.BridgeFaulted(fault);
            await RefuseAllAsync(message, new GatewayError(ErrorKind.Internal, "The bridge failed; see its log.")).ConfigureAwait(false);
        }
        finally
        {
            if (isKnown)
            {
                _calls.TryRemove(id!, out _);
            }

            _running.Leave();
        }
    }

    /// <summary>Null when everything was answered that the message asks for.</summary>
    private async Task<GatewayError?> ForwardAsync(BridgeMessage message, CancellationToken cancelled)
    {
        for (var isFirst = true; ; isFirst = false)
        {
            var head = message.IsModern ? new BridgeHead(message.Revision, null) : message.IsInitialize ? BridgeHead.None : _session.Head;
            var sent = await wire.PostAsync(head, message.Bytes, _mirrored.Of(message), cancelled).ConfigureAwait(false);
            if (sent.Response is not { } response)
            {
                return sent.Error;
            }

            if (response.IsSuccess)
            {
                return await ReceiveAsync(message, head, response, cancelled).ConfigureAwait(false);
            }

            var refusal = await HttpRefusal.ReadAsync(response, TimeProvider.System, cancelled).ConfigureAwait(false);
            var isLost = refusal.MeansLostSession(new HttpSessionHead(null, head.SessionId), message.Head.Id.Of(message.Bytes.Span))
                && !(refusal.Status == 400 && _session.BadRequestIsNoLoss);
            if (!isLost || !isFirst)
            {
                _session.BadRequestIsNoLoss |= isLost && refusal.Status == 400;
                return await PassOnAsync(message, refusal).ConfigureAwait(false);
            }

            if (await _session.RenewAsync(head, cancelled).ConfigureAwait(false) is { } error)
            {
                return error;
            }
        }
    }

    private async Task<GatewayError?> ReceiveAsync(BridgeMessage message, BridgeHead head, IWireResponse response, CancellationToken cancelled)
    {
        if (message.Awaited.Count == 0 || HttpFrames.TryOpen(response, message.IsBatch ? ProtocolRevision.Assumed : null) is not { } frames)
        {
            response.Dispose();
            if (message.Head.MethodCode == McpMethod.NotifyInitialized)
            {
                _listening ??= new BridgeStream(wire, _session, WriteAsync).RunAsync(_closing.Token);
            }

            return message.Awaited.Count == 0 ? null : BridgeFailures.Refused(wire.Place, response.Status, wire.HasKey);
        }

        await using var reply = new BridgeReply(wire, head, message, frames);
        return await reply.RelayAsync(
            (bytes, read) =>
            {
                TakeNote(message, response, bytes.Span, read);
                return WriteAsync(bytes);
            },
            cancelled).ConfigureAwait(false);
    }

    /// <summary>What later messages depend on.</summary>
    private void TakeNote(BridgeMessage message, IWireResponse response, ReadOnlySpan<byte> bytes, in RpcMessage read)
    {
        if (read.Kind != RpcKind.Result)
        {
            return;
        }

        if (message.IsInitialize)
        {
            _session.Open(message.Bytes, read.Result.Of(bytes), response.SessionId);
        }
        else if (message.IsModern && message.Head.MethodCode == McpMethod.ToolsList)
        {
            _mirrored.Learn(bytes, read.Result);
        }
        else if (!message.IsModern)
        {
            _session.Remember(message);
        }
    }

    /// <summary>An error in the endpoint's own words goes on as it is, under the id of the request where it bears none; null then.</summary>
    private async Task<GatewayError?> PassOnAsync(BridgeMessage message, HttpRefusal refusal)
    {
        if (refusal.Status == 401 || !refusal.HasRpcError)
        {
            return BridgeFailures.Refused(wire.Place, refusal.Status, wire.HasKey);
        }

        foreach (var id in message.Awaited)
        {
            byte[] own = [.. "{\"jsonrpc\":\"2.0\",\"id\":"u8, .. id, .. ",\"error\":"u8, .. refusal.Error.Of(refusal.Body.Span), .. "}"u8];
            await WriteAsync(refusal.Answers(id) ? refusal.Body : own).ConfigureAwait(false);
        }

        return null;
    }

    private async Task RefuseAllAsync(BridgeMessage message, GatewayError error)
    {
        foreach (var id in message.Awaited)
        {
            await RefuseAsync(id, error).ConfigureAwait(false);
        }
    }

    private ValueTask RefuseAsync(byte[] id, GatewayError error) =>
        WriteAsync(ErrorResponder.Format(id, ErrorResponder.Map(error.Kind, ProtocolRevision.Assumed).Code, error));

    private static void Cancel(CancellationTokenSource call)
    {
        try
        {
            call.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has just been answered.
        }
    }

    private ValueTask WriteAsync(ReadOnlyMemory<byte> message)
    {
        var editor = new MessageEditor();
        editor.Reset(message);
        return client.WriteAsync(editor);
    }
}
