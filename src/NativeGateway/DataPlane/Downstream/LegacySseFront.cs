using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using NativeGateway.DataPlane.Proxy;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>
/// HTTP+SSE, the transport of 2024-11-05 (basic/transports, "HTTP with SSE"): <c>GET /sse</c> opens an event stream and names the address for
/// POSTs; a POST is taken with 202, and its answer comes on the stream. A session ends with its connection. What refuses a request before it is
/// known to be a message is told by the status of the POST, everything else on the stream: clients wait for it there, by the request's id.
/// </summary>
/// <param name="maxConnections">Whoever comes beyond is refused.</param>
internal sealed class LegacySseFront(
    McpProxy proxy, SessionTable sessions, ErrorResponder responder, TrustedProxies trustedProxies, int maxConnections, ILogger logger) : IDisposable
{
    /// <summary>Clients of this transport know an event by its type (2024-11-05, basic/transports).</summary>
    private static readonly ReadOnlyMemory<byte> EventPrefix = "event: message\n"u8.ToArray();

    private readonly ConcurrentDictionary<string, SseConnection> _connections = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _closing = new();

    public int Connections => _connections.Count;

    /// <param name="upstreamName">The <c>{server}</c> of the path; empty for the aggregate.</param>
    public async Task StreamAsync(HttpContext context, string upstreamName)
    {
        var head = RequestHeads.Read(context, Encoding.UTF8.GetBytes(upstreamName), trustedProxies.Current);
        await using var reply = new HttpReplySink(new KestrelResponse(context), head);
        var exchange = new Exchange(head, reply, null, context.RequestAborted);
        await FaultAnswer.GuardAsync(context, exchange, responder, () => StreamAsync(context, exchange)).ConfigureAwait(false);
    }

    private async Task StreamAsync(HttpContext context, Exchange exchange)
    {
        var (head, reply) = (exchange.Head, exchange.Reply);
        var error = CheckMethod(context, reply, HttpMethods.Get)
            ?? await proxy.AdmitCallerAsync(exchange).ConfigureAwait(false)
            ?? CheckAccept(context, head)
            ?? (_connections.Count >= maxConnections ? Full : null);
        if (error is not null)
        {
            await responder.WriteAsync(exchange, error).ConfigureAwait(false);
            return;
        }

        await using var writer = SseWriter.Begin(new KestrelResponse(context), head.Number, reply.Headers, EventPrefix);

        // 128 random bits: whoever knows the id still needs the key, but nobody shall be able to try ids.
        var id = RandomNumberGenerator.GetHexString(32, lowercase: true);
        var connection = new SseConnection(id, exchange.Caller.KeyId, head.UpstreamName, writer, context.RequestAborted);
        _connections[id] = connection;
        logger.SseConnectionOpened(head.RequestId, _connections.Count);
        try
        {
            await writer.WriteEventAsync("endpoint", $"{context.Request.PathBase}/messages?sessionId={id}").ConfigureAwait(false);
            await ServeAsync(connection, writer).ConfigureAwait(false);
        }
        finally
        {
            _connections.TryRemove(id, out _);
            if (connection.Session is { } session)
            {
                sessions.Close(session);
            }

            logger.SseConnectionClosed(head.RequestId, _connections.Count);
        }
    }

    public async Task PostAsync(HttpContext context)
    {
        var head = RequestHeads.Read(context, default, trustedProxies.Current);
        await using var reply = new HttpReplySink(new KestrelResponse(context), head);
        var exchange = new Exchange(head, reply, context.Request.BodyReader, context.RequestAborted) { ExplainBrokenBody = BrokenBodies.Explain };
        try
        {
            await FaultAnswer.GuardAsync(context, exchange, responder, () => TakeAsync(context, exchange)).ConfigureAwait(false);
        }
        finally
        {
            exchange.ReleaseBody();
        }
    }

    private async Task TakeAsync(HttpContext context, Exchange exchange)
    {
        SseConnection? connection = null;
        var error = CheckMethod(context, exchange.Reply, HttpMethods.Post)
            ?? await proxy.AdmitCallerAsync(exchange).ConfigureAwait(false)
            ?? Find(context, exchange, out connection)
            ?? McpProxy.CheckContentType(exchange)
            ?? await exchange.ReadBodyAsync(exchange.Snapshot.Settings.MaxRequestBytes).ConfigureAwait(false)
            ?? McpProxy.CheckBody(exchange)
            ?? CheckInitialize(exchange, connection!);
        if (error is not null)
        {
            await responder.WriteAsync(exchange, error).ConfigureAwait(false);
            return;
        }

        // Clients that send one message after the other wait for each POST: an answer to a question must not wait for the call that asked.
        _ = RunAsync(connection!, exchange.Head, exchange.Body.ToArray());
        await exchange.Reply.CompleteEmptyAsync(StatusCodes.Status202Accepted).ConfigureAwait(false);
    }

    /// <summary>Ends the connections that wait for nothing. Those with calls end when these are answered.</summary>
    public void Close() => _closing.Cancel();

    public void Dispose() => _closing.Dispose();

    /// <summary>What belongs to no request, until the client leaves.</summary>
    private async Task ServeAsync(SseConnection connection, SseWriter writer)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(connection.Gone, _closing.Token);
        var editor = new MessageEditor();
        try
        {
            var session = await connection.Opened.WaitAsync(ending.Token).ConfigureAwait(false);
            await session.Outbox.ReadAsync(
                static () => ValueTask.CompletedTask,
                message =>
                {
                    editor.Reset(message);
                    return writer.WriteAsync(editor);
                },
                ending.Token).ConfigureAwait(false);
            await connection.Running.IdleAsync().WaitAsync(connection.Gone).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The client left, or the gateway ends.
        }
    }

    private async Task RunAsync(SseConnection connection, RequestHead head, byte[] body)
    {
        connection.Running.Enter();
        try
        {
            var own = head with
            {
                UpstreamName = connection.UpstreamName,
                SessionId = connection.Session?.Id,
                IsLegacyTransport = true,
                ProtocolVersion = null,
                AcceptsEventStream = true,
            };
            var exchange = new Exchange(own, body, new SseReplySink(connection), connection.Gone);
            await proxy.HandleAsync(exchange).ConfigureAwait(false);
        }
        finally
        {
            connection.EndInitialize();
            connection.Running.Leave();
        }
    }

    /// <summary>Unknown connections and those of another key look alike.</summary>
    private GatewayError? Find(HttpContext context, Exchange exchange, out SseConnection? connection)
    {
        connection = null;
        var id = context.Request.Query["sessionId"];
        return id.Count == 1 && _connections.TryGetValue(id[0]!, out connection) && connection.KeyId == exchange.Caller.KeyId
            ? null
            : new GatewayError(ErrorKind.SessionNotFound, "There is no such connection (any more). Open one with GET /sse.");
    }

    private static GatewayError? CheckMethod(HttpContext context, IReplySink reply, string method)
    {
        if (HttpMethods.Equals(context.Request.Method, method))
        {
            return null;
        }

        reply.Headers.Allow = method;
        return new GatewayError(ErrorKind.MethodNotAllowed, $"This address of the transport of 2024-11-05 takes {method}.");
    }

    private static GatewayError? CheckAccept(HttpContext context, RequestHead head)
    {
        return head.AcceptsEventStream || context.Request.Headers.Accept.Count == 0
            ? null
            : new GatewayError(ErrorKind.NotAcceptable, "GET opens an event stream: send Accept: text/event-stream.");
    }

    private static GatewayError? CheckInitialize(Exchange exchange, SseConnection connection)
    {
        return exchange.Message.MethodCode != McpMethod.Initialize || connection.TryBeginInitialize()
            ? null
            : new GatewayError(ErrorKind.InvalidRequest, "This connection has been initialized already: open another one for another session.");
    }

    private static GatewayError Full { get; } = new(ErrorKind.Saturated, "The gateway holds as many event streams as it may.")
    {
        RetryAfter = TimeSpan.FromSeconds(30),
    };
}
