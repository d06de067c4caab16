using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using NativeGateway.DataPlane.Proxy;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>
/// The aggregate on standard input and output, for the one client that has started this process (basic/transports/stdio of every revision). Each
/// line becomes an <see cref="Exchange"/> of its own and every decision is left to <see cref="McpProxy"/>; of headers there are none. A legacy
/// client gets its session by <c>initialize</c> once, and what belongs to no request goes out between the replies. One per process.
/// </summary>
/// <param name="credential">The key that the operator gave along; empty for none.</param>
internal sealed class StdioFront(
    McpProxy proxy, SessionTable sessions, ErrorResponder responder, LineChannel client, ReadOnlyMemory<byte> credential) : IDisposable
{
    /// <summary>For what was cut off to come to its end: upstreams are told of cancellations.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);

    private static readonly GatewayError SecondInitialize = new(
        ErrorKind.InvalidRequest, "This connection has been initialized already: start another process for another session.");

    private readonly ConcurrentDictionary<byte[], CancellationTokenSource> _calls = new(Utf8Comparer.Instance);
    private readonly RunningExchanges _running = new();
    private readonly CancellationTokenSource _cutOff = CancellationTokenSource.CreateLinkedTokenSource(client.Gone);
    private Session? _session;
    private Task _announcing = Task.CompletedTask;

    /// <summary>Takes messages until the client closes its end, leaves, or this is told to stop.</summary>
    public Task ReadAsync(CancellationToken stop) => client.ReadToEndAsync(TakeAsync, stop);

    /// <summary>Completes when everything is answered, also the streams that the gateway has closed; what runs longer than wanted is cut off.</summary>
    public async Task DrainAsync(CancellationToken patience)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(patience, client.Gone);
        await Task.WhenAll(_running.IdleAsync(), _announcing).WaitAsync(ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (ending.IsCancellationRequested)
        {
            client.Abandon();
        }

        if (_session is { } session)
        {
            sessions.Close(session);
        }

        await _running.IdleAsync().WaitAsync(Farewell, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => _cutOff.Dispose();

    /// <summary>Begins to work on a message. Only the handshake is waited for: what is said after it belongs to its session.</summary>
    private Task TakeAsync(IncomingLine line)
    {
        var fault = RpcReader.Read(line.Bytes.Span, out var message);
        if (message.MethodCode == McpMethod.NotifyCancelled && _calls.TryGetValue(message.RequestId.Of(line.Bytes.Span).ToArray(), out var call))
        {
            Cancel(call);
        }

        var running = RunAsync(line, message, isAwaited: fault != RpcFault.None || message.Kind == RpcKind.Request);
        return message.MethodCode == McpMethod.Initialize ? running : Task.CompletedTask;
    }

    private async Task RunAsync(IncomingLine line, RpcMessage message, bool isAwaited)
    {
        _running.Enter();
        using var call = CancellationTokenSource.CreateLinkedTokenSource(_cutOff.Token);
        var id = message.Kind == RpcKind.Request ? message.Id.Of(line.Bytes.Span).ToArray() : [];
        var isKnown = id.Length > 0 && _calls.TryAdd(id, call);
        var length = line.Bytes.Length;
        var copy = ArrayPool<byte>.Shared.Rent(length);
        line.Bytes.CopyTo(copy);
        try
        {
            var reply = new StdioReplySink(client, isAwaited, call.Token);
            var exchange = new Exchange(Head(line), copy.AsMemory(0, length), reply, call.Token) { Message = message };
            await AnswerAsync(exchange).ConfigureAwait(false);
        }
        finally
        {
            if (isKnown)
            {
                _calls.TryRemove(id, out _);
            }

            ArrayPool<byte>.Shared.Return(copy);
            _running.Leave();
        }
    }

    private async ValueTask AnswerAsync(Exchange exchange)
    {
        var isHandshake = exchange.Message is { MethodCode: McpMethod.Initialize, MetaVersion.IsPresent: false };
        if (isHandshake && _session is not null)
        {
            await responder.WriteAsync(exchange, SecondInitialize).ConfigureAwait(false);
            return;
        }

        await proxy.HandleAsync(exchange).ConfigureAwait(false);
        if (exchange.Reply.Headers.IssuedSession is { } session)
        {
            _session = session;
            _announcing = AnnounceAsync(session);
        }
    }

    /// <summary>What belongs to no request.</summary>
    private Task AnnounceAsync(Session session)
    {
        var editor = new MessageEditor();
        return session.Outbox.ReadAsync(
            static () => ValueTask.CompletedTask,
            message =>
            {
                editor.Reset(message);
                return client.WriteAsync(editor);
            },
            _cutOff.Token);
    }

    private RequestHead Head(IncomingLine line) => new()
    {
        Number = RequestNumber.New(),
        RemoteAddress = IPAddress.Loopback,
        HasHeaders = false,
        Credential = credential,
        ContentLength = line.Kind == LineKind.Cut ? long.MaxValue : line.Bytes.Length,
        IsJson = true,
        AcceptsJson = true,
        AcceptsEventStream = true,
        SessionId = _session?.Id,
    };

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
}
