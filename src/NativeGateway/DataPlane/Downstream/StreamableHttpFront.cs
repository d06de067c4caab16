using System.Text;
using Microsoft.AspNetCore.Http;
using NativeGateway.DataPlane.Proxy;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>
/// The Streamable HTTP endpoint of every revision: <c>POST</c> carries messages, <c>GET</c> is a legacy session's long stream, <c>DELETE</c> ends
/// such a session. It turns HTTP into an <see cref="Exchange"/> and leaves every decision to <see cref="McpProxy"/>.
/// </summary>
internal sealed class StreamableHttpFront(McpProxy proxy, SessionTable sessions, ErrorResponder responder, TrustedProxies trustedProxies)
{
    /// <summary>Not 404, which would mean that the session is gone (2025-11-25, basic/transports, "Session Management").</summary>
    private static readonly GatewayError UnknownEvent = new(
        ErrorKind.InvalidRequest, "Last-Event-ID names no event of this session, or one of a stream whose rest is not kept any more.");

    /// <param name="upstreamName">The <c>{server}</c> of the path; empty for the aggregate.</param>
    public Task HandleAsync(HttpContext context, string upstreamName)
    {
        var head = RequestHeads.Read(context, Encoding.UTF8.GetBytes(upstreamName), trustedProxies.Current);
        var method = context.Request.Method;
        return HttpMethods.IsPost(method) ? PostAsync(context, head)
            : HttpMethods.IsGet(method) ? StreamAsync(context, head)
            : HttpMethods.IsDelete(method) ? DeleteAsync(context, head)
            : RefuseMethodAsync(context, head);
    }

    private async Task PostAsync(HttpContext context, RequestHead head)
    {
        await using var reply = new HttpReplySink(new KestrelResponse(context), head);
        var exchange = new Exchange(head, reply, context.Request.BodyReader, context.RequestAborted) { ExplainBrokenBody = BrokenBodies.Explain };
        await proxy.HandleAsync(exchange).ConfigureAwait(false);
        if (exchange.Failure is { Kind: ErrorKind.ClientGone } && context.RequestAborted.IsCancellationRequested)
        {
            context.Abort();
        }
    }

    private async Task StreamAsync(HttpContext context, RequestHead head)
    {
        await using var reply = new HttpReplySink(new KestrelResponse(context), head);
        var exchange = new Exchange(head, reply, null, context.RequestAborted);
        await FaultAnswer.GuardAsync(context, exchange, responder, () => StreamAsync(context, exchange)).ConfigureAwait(false);
    }

    /// <summary>
    /// The long stream of a legacy session, for what belongs to no request (2025-11-25, basic/transports, "Listening for Messages"); or, with
    /// <c>Last-Event-ID</c>, the stream that bore that event, from there on.
    /// </summary>
    private async Task StreamAsync(HttpContext context, Exchange exchange)
    {
        var head = exchange.Head;
        var (session, error) = await FindSessionAsync(exchange).ConfigureAwait(false);
        if (error is null && !head.AcceptsEventStream)
        {
            error = new GatewayError(ErrorKind.NotAcceptable, "GET opens an event stream: send Accept: text/event-stream.");
        }

        long? seen = null;
        var stream = session?.Replay.Standalone;
        if (error is null && head.LastEventId is { } lastEventId)
        {
            stream = session!.Replay.Find(lastEventId, out seen);
            error = stream is null ? UnknownEvent : null;
        }

        if (error is not null)
        {
            await responder.WriteAsync(exchange, error).ConfigureAwait(false);
            return;
        }

        await using var writer = SseWriter.Begin(new KestrelResponse(context), head.Number, exchange.Reply.Headers);
        await writer.WriteCommentAsync().ConfigureAwait(false);
        using var reader = stream!.Attach(writer.WriteAsync, context.RequestAborted);
        if (stream == session!.Replay.Standalone)
        {
            await session.Outbox.ReadAsync(() => stream.StartAsync(reader, seen), stream.SendAsync, reader.Gone).ConfigureAwait(false);
        }
        else
        {
            await stream.StartAsync(reader, seen).ConfigureAwait(false);
            await stream.ReadToEndAsync(reader).ConfigureAwait(false);
        }
    }

    private async Task DeleteAsync(HttpContext context, RequestHead head)
    {
        await using var reply = new HttpReplySink(new KestrelResponse(context), head);
        var exchange = new Exchange(head, reply, null, context.RequestAborted);
        await FaultAnswer.GuardAsync(context, exchange, responder, () => EndSessionAsync(exchange)).ConfigureAwait(false);
    }

    private async Task EndSessionAsync(Exchange exchange)
    {
        var (session, error) = await FindSessionAsync(exchange).ConfigureAwait(false);
        if (error is not null)
        {
            await responder.WriteAsync(exchange, error).ConfigureAwait(false);
            return;
        }

        sessions.End(session!);
        await exchange.Reply.CompleteEmptyAsync(StatusCodes.Status204NoContent).ConfigureAwait(false);
    }

    private async Task RefuseMethodAsync(HttpContext context, RequestHead head)
    {
        await using var reply = new HttpReplySink(new KestrelResponse(context), head);
        var allowed = sessions.IsOffered ? "POST, GET, DELETE" : "POST";
        reply.Headers.Allow = allowed;
        var error = new GatewayError(ErrorKind.MethodNotAllowed, $"The MCP endpoint takes {allowed}.");
        await responder.WriteAsync(new Exchange(head, reply, null, context.RequestAborted), error).ConfigureAwait(false);
    }

    private async ValueTask<SessionFinding> FindSessionAsync(Exchange exchange)
    {
        var error = await proxy.AdmitCallerAsync(exchange).ConfigureAwait(false);
        if (error is not null)
        {
            return new SessionFinding(null, error);
        }

        var head = exchange.Head;
        if (!sessions.IsOffered)
        {
            exchange.Reply.Headers.Allow = "POST";
            return new SessionFinding(null, new GatewayError(ErrorKind.MethodNotAllowed, "This gateway keeps no sessions: send POST."));
        }

        if (head.SessionId is null || (head.ProtocolVersion is { } version && ProtocolRevision.NamesModernEra(version)))
        {
            exchange.Reply.Headers.Allow = "POST";
            return new SessionFinding(null, new GatewayError(ErrorKind.MethodNotAllowed, "GET and DELETE need a session: only revisions up to 2025-11-25 have one (Mcp-Session-Id)."));
        }

        return sessions.Find(head.SessionId, exchange.Owner);
    }
}
