using NativeGateway.DataPlane.Sessions;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>Relays what an upstream sends back for one request, message by message, in the client's terms: its id, its names, its revision.</summary>
internal sealed class ReplyRelay(ReadOnlyMemory<byte> gatewayInfo)
{
    public async ValueTask<GatewayError?> RunAsync(Exchange exchange, IUpstreamSession session, UpstreamReply reply, CallClock clock)
    {
        while (true)
        {
            var received = await reply.ReadAsync(clock.Token).ConfigureAwait(false);
            if (received.Error is { } error)
            {
                return error;
            }

            switch (received.Message.Kind)
            {
                case RpcKind.Notification:
                    await RelayNotificationAsync(exchange, received).ConfigureAwait(false);
                    clock.Restart();
                    break;
                case RpcKind.Request:
                    await RelayQuestionAsync(exchange, session, received, clock).ConfigureAwait(false);
                    break;
                default:
                    return await CompleteAsync(exchange, session, received).ConfigureAwait(false);
            }
        }
    }

    private async ValueTask<GatewayError?> CompleteAsync(Exchange exchange, IUpstreamSession session, UpstreamReceived received)
    {
        var (client, upstream) = (exchange.Revision, session.Peer.Revision);
        var method = exchange.Message.MethodCode;
        var message = received.Message;
        var editor = exchange.Request.Message;
        editor.Reset(received.Bytes);
        editor.Replace(message.Id, exchange.Body.Slice(exchange.Message.Id.Start, exchange.Message.Id.Length));
        var status = 200;
        if (message.Kind == RpcKind.Error)
        {
            exchange.AnsweredWithError = true;
            RevisionBridge.EditError(editor, message, method, client, upstream);
            status = ErrorResponder.StatusOfAnswer(message.ErrorCode, client);
        }
        else
        {
            if (!client.IsModern && upstream.IsModern && RevisionBridge.NeedsInput(received.Bytes.Span, message))
            {
                return new GatewayError(ErrorKind.UpstreamProtocol, "The server asks for input that a client of this protocol revision cannot be asked for.");
            }

            exchange.AnsweredWithError = method == McpMethod.ToolsCall && IsToolError(received.Bytes.Span, message.Result);
            var serverInfo = exchange.Single is null || session.Peer.ServerInfo.IsEmpty ? gatewayInfo : session.Peer.ServerInfo;
            RevisionBridge.EditResult(editor, message, method, client, upstream, serverInfo);
        }

        if (exchange.Single is null)
        {
            ResultUris.Edit(editor, message, method, exchange.Target!);
        }

        await exchange.Reply.CompleteAsync(status, editor).ConfigureAwait(false);
        return null;
    }

    private static async ValueTask RelayNotificationAsync(Exchange exchange, UpstreamReceived received)
    {
        var editor = exchange.Request.Message;
        editor.Reset(received.Bytes);
        var passes = received.Message.MethodCode switch
        {
            McpMethod.NotifyProgress => RestoreProgressToken(exchange, editor, received.Message),
            McpMethod.NotifyMessage => WantsLog(exchange, received),

            // On a request's own stream a modern client may hear of nothing else (2026-07-28, "Receiving Messages").
            _ => !exchange.Revision.IsModern && received.Message.MethodCode != McpMethod.NotifyCancelled,
        };
        if (passes && exchange.Reply.CanStream)
        {
            await exchange.Reply.SendAsync(editor).ConfigureAwait(false);
        }
    }

    private static bool RestoreProgressToken(Exchange exchange, MessageEditor editor, in RpcMessage progress)
    {
        var token = exchange.Message.ProgressToken;
        var isOurs = token.IsPresent
            && progress.NotifiedProgressToken.IsPresent
            && progress.NotifiedProgressToken.Of(editor.Source.Span).SequenceEqual(exchange.Request.ProgressToken.Span);
        if (isOurs)
        {
            editor.Replace(progress.NotifiedProgressToken, exchange.Body.Slice(token.Start, token.Length));
        }

        return isOurs;
    }

    private static bool WantsLog(Exchange exchange, in UpstreamReceived received)
    {
        var wanted = exchange.Revision.IsModern
            ? LogLevelNames.Find(exchange.Text(exchange.Message.MetaLogLevel))
            : exchange.Session?.LogLevel ?? LogLevelName.Debug;
        var level = received.Message.Level;
        return wanted is not null && (LogLevelNames.Find(level.Of(received.Bytes.Span)) ?? LogLevelName.Emergency) >= wanted;
    }

    /// <summary>
    /// Puts an upstream's question (sampling, elicitation, roots) to the client on the stream of the call that caused it. The answer comes as a
    /// request of its own and finds back through the session's pending requests.
    /// </summary>
    private static async ValueTask RelayQuestionAsync(Exchange exchange, IUpstreamSession session, UpstreamReceived received, CallClock clock)
    {
        var id = received.Message.Id.Of(received.Bytes.Span).ToArray();
        var token = MayAsk(exchange, received.Message.MethodCode)
            ? exchange.Session!.Pending.Add(new PendingRequest(session, id, clock.Restart))
            : null;
        if (token is null)
        {
            await session.PostAsync(QuestionText.Refuse(id), clock.Token).ConfigureAwait(false);
            return;
        }

        clock.AwaitHuman();
        var editor = exchange.Request.Message;
        editor.Reset(received.Bytes);
        editor.Replace(received.Message.Id, token);
        await exchange.Reply.SendAsync(editor).ConfigureAwait(false);
    }

    private static bool MayAsk(Exchange exchange, McpMethod question)
    {
        var needed = question switch
        {
            McpMethod.SamplingCreateMessage => ClientCapabilities.Sampling,
            McpMethod.ElicitationCreate => ClientCapabilities.ElicitationForm | ClientCapabilities.ElicitationUrl,
            McpMethod.RootsList => ClientCapabilities.Roots,
            _ => ClientCapabilities.None,
        };
        return exchange.Session is { } session && (session.Capabilities & needed) != 0 && exchange.Reply.CanStream;
    }

    private static bool IsToolError(ReadOnlySpan<byte> bytes, ByteRange result)
    {
        return result.Of(bytes).IndexOf("\"isError\""u8) >= 0 && JsonMembers.Find(bytes, result, "isError"u8) is { IsPresent: true } value
            && value.Of(bytes).SequenceEqual("true"u8);
    }
}
