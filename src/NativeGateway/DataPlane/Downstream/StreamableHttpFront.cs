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
internal sealed class StreamableHttpFront(McpProxy proxy, SessionTable sessions, ErrorResponder responder, SnapshotHolder snapshots)
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    private AddressSet _trustedProxies = Trusted(snapshots.Current);
    private Snapshot _trustedOf = snapshots.Current;

    /// <param name="upstreamName">The <c>{server}</c> of the path; empty for the aggregate.</param>
    public Task HandleAsync(HttpContext context, string upstreamName)
    {
        var head = RequestHeads.Read(context, Encoding.UTF8.GetBytes(upstreamName), TrustedProxies());
        var method = context.Request.Method;
        return HttpMethods.IsPost(method) ? PostAsync(context, head)
            : HttpMethods.IsGet(method) ? StreamAsync(context, head)
            : HttpMethods.IsDelete(method) ? DeleteAsync(context, head)
            : RefuseMethodAsync(context, head);
    }

    private async Task PostAsync(HttpContext context, RequestHead head)
    {
        using var reply = new HttpReplySink(context, head);
        var exchange = new Exchange(head, reply, context.Request.BodyReader, context.RequestAborted);
        await proxy.HandleAsync(exchange).ConfigureAwait(false);
        if (exchange.Failure is { Kind: ErrorKind.ClientGone } && context.RequestAborted.IsCancellationRequested)
        {
            context.Abort();
        }
    }

    /// <summary>The long stream of a legacy session, for what belongs to no request (2025-11-25, basic/transports, "Listening for Messages").</summary>
    private async Task StreamAsync(HttpContext context, RequestHead head)
    {
        using var reply = new HttpReplySink(context, head);
        var exchange = new Exchange(head, reply, null, context.RequestAborted);
        var (session, error) = await FindSessionAsync(exchange).ConfigureAwait(false);
        if (error is null && !head.AcceptsEventStream)
        {
            error = new GatewayError(ErrorKind.NotAcceptable, "GET opens an event stream: send Accept: text/event-stream.");
        }

        if (error is not null)
        {
            await responder.WriteAsync(exchange, error).ConfigureAwait(false);
            return;
        }

        context.Response.Headers["X-Request-Id"] = head.RequestId;
        var stream = SseWriter.Begin(context);
        await stream.WriteCommentAsync().ConfigureAwait(false);
        await PumpAsync(session!.Outbox, stream, context.RequestAborted).ConfigureAwait(false);
    }

    private async Task DeleteAsync(HttpContext context, RequestHead head)
    {
        using var reply = new HttpReplySink(context, head);
        var exchange = new Exchange(head, reply, null, context.RequestAborted);
        var (session, error) = await FindSessionAsync(exchange).ConfigureAwait(false);
        if (error is not null)
        {
            await responder.WriteAsync(exchange, error).ConfigureAwait(false);
            return;
        }

        sessions.Close(session!);
        await reply.CompleteEmptyAsync(StatusCodes.Status204NoContent).ConfigureAwait(false);
    }

    private async Task RefuseMethodAsync(HttpContext context, RequestHead head)
    {
        using var reply = new HttpReplySink(context, head);
        reply.Headers.Allow = "POST, GET, DELETE";
        var error = new GatewayError(ErrorKind.MethodNotAllowed, "The MCP endpoint takes POST, GET and DELETE.");
        await responder.WriteAsync(new Exchange(head, reply, null, context.RequestAborted), error).ConfigureAwait(false);
    }

    private async ValueTask<(Session? Session, GatewayError? Error)> FindSessionAsync(Exchange exchange)
    {
        var error = await proxy.AdmitCallerAsync(exchange).ConfigureAwait(false);
        if (error is not null)
        {
            return (null, error);
        }

        var head = exchange.Head;
        if (head.SessionId is null || (head.ProtocolVersion is { } version && ProtocolRevision.NamesModernEra(version)))
        {
            exchange.Reply.Headers.Allow = "POST";
            return (null, new GatewayError(ErrorKind.MethodNotAllowed, "GET and DELETE need a session: only revisions up to 2025-11-25 have one (Mcp-Session-Id)."));
        }

        var session = sessions.Find(head.SessionId, exchange.Caller.KeyId, exchange.Single?.Id);
        return session is null
            ? (null, new GatewayError(ErrorKind.SessionNotFound, "There is no such session (any more). Send initialize to open a new one."))
            : (session, null);
    }

    private static async Task PumpAsync(Outbox outbox, SseWriter stream, CancellationToken clientGone)
    {
        using var mine = outbox.TakeOver(clientGone);
        using var keepAlive = TimeProvider.System.CreateTimer(static target => ((SseWriter)target!).TryKeepAlive(), stream, KeepAlive, KeepAlive);
        var editor = new MessageEditor();
        try
        {
            await foreach (var message in outbox.Messages.ReadAllAsync(mine.Token).ConfigureAwait(false))
            {
                editor.Reset(message);
                await stream.WriteAsync(editor).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The client left, or came back on a new stream.
        }
        finally
        {
            outbox.Leave(mine);
        }
    }

    private AddressSet TrustedProxies()
    {
        var snapshot = snapshots.Current;
        if (!ReferenceEquals(snapshot, _trustedOf))
        {
            _trustedProxies = Trusted(snapshot);
            _trustedOf = snapshot;
        }

        return _trustedProxies;
    }

    private static AddressSet Trusted(Snapshot snapshot) => AddressSet.TryParse(snapshot.Settings.TrustedProxies, out _) ?? AddressSet.None;
}
