using NativeGateway.DataPlane.Catalog;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>How relaying one reply went: answered, failed, or a legacy client has to be asked for input first.</summary>
internal readonly record struct Relayed(GatewayError? Error, InputRequired? Input);

/// <summary>Says to a client, in its terms (its id, its names, its revision), what an upstream has said.</summary>
internal sealed class ReplyWriter(RequestStates states, PageVisits visits, TaskIds tasks, TimeProvider time, ReadOnlyMemory<byte> gatewayInfo)
{
    private const int MissingCapability = -32021;
    private const int UrlElicitationRequired = -32042;

    /// <summary>For how long a client may bring back the state of a modern upstream, or come back from a web page.</summary>
    private static readonly TimeSpan StateLife = TimeSpan.FromHours(1);

    /// <summary>The response. The exchange is answered unless an error or a wish for input is returned.</summary>
    public ValueTask<Relayed> CompleteAsync(Exchange exchange, IUpstreamSession session, in UpstreamReceived received)
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
            exchange.AnsweredCode = message.ErrorCode;
            if (message.ErrorCode == UrlElicitationRequired && client.IsModern && !upstream.IsModern)
            {
                return AskForPagesAsync(exchange, session, received);
            }

            if (Untold(exchange, message.ErrorCode) is { } untold)
            {
                return Failed(untold);
            }

            if (message.ErrorCode == UrlElicitationRequired)
            {
                ExpectVisits(exchange, InputRequired.PageIds(InputRequired.ReadPageIds(received.Bytes.Span, message.Error)));
            }

            RevisionBridge.EditError(editor, message, method, client, upstream);
            status = ErrorResponder.StatusOfAnswer(message.ErrorCode, client);
        }
        else
        {
            if (!client.IsModern && upstream.IsModern && InputRequired.Is(received.Bytes.Span, message.Result))
            {
                var input = InputRequired.Read(received.Bytes.Span, message.Result);
                return new(new Relayed(input is null ? AskedForNothing : null, input));
            }

            exchange.AnsweredWithToolError = method == McpMethod.ToolsCall && IsToolError(received.Bytes.Span, message.Result);
            if (exchange.AnsweredWithToolError && Untold(exchange, 0) is { } untold)
            {
                return Failed(untold);
            }

            if (method == McpMethod.ToolsList && (client.IsModern || upstream.IsModern))
            {
                PassingTools.Edit(editor, message.Result, client, upstream);
            }

            if (RevisionBridge.EditResult(editor, message, method, client, upstream, ServerInfo(exchange, session)))
            {
                EditInputRequired(exchange, editor, message.Result);
            }
        }

        if (method == McpMethod.ToolsCall && !client.IsModern && upstream.IsModern)
        {
            StructuredOutput.Edit(editor, message.Result, exchange.WrapsOutput);
        }

        if (message.Kind == RpcKind.Result)
        {
            tasks.EditResult(exchange, editor, message.Result);
        }

        var answered = message;
        if (method is McpMethod.TasksGet or McpMethod.TasksResult && message.Kind == RpcKind.Result)
        {
            // The result of the call that became the task, whole or as a member.
            method = McpMethod.ToolsCall;
            answered.Result = exchange.Message.MethodCode == McpMethod.TasksResult
                ? message.Result
                : JsonMembers.Find(received.Bytes.Span, message.Result, "result"u8);
        }

        ResultContent.Edit(editor, answered, method, client, exchange.Single is null ? exchange.Target : null);

        return Answered(exchange.Reply.CompleteAsync(status, editor));
    }

    /// <summary>A notification, if it is for this client.</summary>
    public ValueTask NotifyAsync(Exchange exchange, in UpstreamReceived received)
    {
        var editor = exchange.Request.Message;
        editor.Reset(received.Bytes);
        var passes = received.Message.MethodCode switch
        {
            McpMethod.NotifyProgress => RestoreProgressToken(exchange, editor, received.Message),
            McpMethod.NotifyMessage => WantsLog(exchange, received),

            // It names a task by the upstream's own id, and nobody may rely on it.
            McpMethod.NotifyTaskStatus => false,
            McpMethod.NotifyCancelled => Withdraw(exchange, editor, received.Message),
            McpMethod.NotifyElicitationComplete =>
                visits.Complete(exchange.Target!.Id, received.Bytes, exchange.Session) && !exchange.Revision.IsModern,

            // On a request's own stream a modern client may hear of nothing else (2026-07-28, "Receiving Messages").
            _ => !exchange.Revision.IsModern,
        };
        return passes && exchange.Reply.CanStream ? exchange.Reply.HoldAsync(editor) : ValueTask.CompletedTask;
    }

    /// <summary>Whom a modern client is told it has spoken to.</summary>
    public ReadOnlyMemory<byte> ServerInfo(Exchange exchange, IUpstreamSession session) =>
        exchange.Single is null || session.Peer.ServerInfo.IsEmpty ? gatewayInfo : session.Peer.ServerInfo;

    /// <summary>The key to put before questions, so that users see who asks; empty where the client knows already.</summary>
    public static ReadOnlyMemory<byte> AskingServer(Exchange exchange) => exchange.Single is null ? exchange.Target!.KeyUtf8 : default;

    private static readonly GatewayError AskedForNothing =
        new(ErrorKind.UpstreamProtocol, "The server asks for input, but not for any that the protocol knows.");

    /// <summary>Errors that the client's revision has no way, or another way, to tell. Null for all others.</summary>
    private static GatewayError? Untold(Exchange exchange, int code)
    {
        if (exchange.Revision.IsModern)
        {
            // It failed after it was refused what this client did not declare: that is what the client should hear.
            return exchange.Refused != ClientCapabilities.None ? CallEnds.MissingCapability(exchange.Refused) : null;
        }

        var key = exchange.Target!.Key;
        return code switch
        {
            MissingCapability =>
                new GatewayError(ErrorKind.InputFailed, $"The server '{key}' needs a client capability that this client does not have."),
            UrlElicitationRequired when !exchange.Askable.HasFlag(ClientCapabilities.ElicitationUrl) =>
                new GatewayError(ErrorKind.InputFailed, $"The server '{key}' needs the user to visit a web page, which this client cannot offer."),
            _ => null,
        };
    }

    /// <summary>A legacy upstream's error -32042 as questions: the client comes back when the user has seen the pages, and the call is sent anew.</summary>
    private ValueTask<Relayed> AskForPagesAsync(Exchange exchange, IUpstreamSession session, in UpstreamReceived received)
    {
        if (!exchange.Askable.HasFlag(ClientCapabilities.ElicitationUrl))
        {
            return Failed(CallEnds.MissingCapability(ClientCapabilities.ElicitationUrl));
        }

        var round = (exchange.State?.Round ?? 0) + 1;
        var pages = InputRequired.ReadUrlElicitations(received.Bytes.Span, received.Message.Error, AskingServer(exchange).Span);
        if (pages is null)
        {
            return Failed(AskedForNothing);
        }

        if (round > CallEnds.MaxRounds)
        {
            return Failed(CallEnds.TooManyRounds(exchange.Target!));
        }

        var ids = InputRequired.ReadPageIds(received.Bytes.Span, received.Message.Error);
        ExpectVisits(exchange, InputRequired.PageIds(ids));
        var state = states.Issue(exchange, RequestStateKind.SendAgain, round, time.GetUtcNow() + StateLife, ids);
        var editor = exchange.Request.Message;
        editor.Reset(QuestionText.InputRequired(exchange.Text(exchange.Message.Id), pages, state, ServerInfo(exchange, session).Span));
        exchange.AnsweredCode = null;
        return Answered(exchange.Reply.CompleteAsync(200, editor));
    }

    private static ValueTask<Relayed> Failed(GatewayError error) => new(new Relayed(error, null));

    private static ValueTask<Relayed> Answered(ValueTask sending)
    {
        return sending.IsCompletedSuccessfully ? default : AwaitAsync(sending);

        static async ValueTask<Relayed> AwaitAsync(ValueTask sending)
        {
            await sending.ConfigureAwait(false);
            return default;
        }
    }

    private void ExpectVisits(Exchange exchange, IEnumerable<string> ids)
    {
        foreach (var id in ids)
        {
            visits.Expect(exchange.Target!.Id, id, exchange.Session);
        }
    }

    private void EditInputRequired(Exchange exchange, MessageEditor editor, ByteRange result)
    {
        InputRequired.Edit(
            editor,
            result,
            state => states.Issue(exchange, RequestStateKind.OfUpstream, 0, time.GetUtcNow() + StateLife, state),
            AskingServer(exchange).Span);
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

    /// <summary>The upstream withdraws a question; the client knows it by another id.</summary>
    private static bool Withdraw(Exchange exchange, MessageEditor editor, in RpcMessage cancelled)
    {
        if (exchange.Questions is not { } questions || !cancelled.RequestId.IsPresent)
        {
            return false;
        }

        var id = questions.Withdraw(cancelled.RequestId.Of(editor.Source.Span));
        editor.Replace(cancelled.RequestId, id);
        return !id.IsEmpty;
    }

    private static bool IsToolError(ReadOnlySpan<byte> bytes, ByteRange result)
    {
        return result.Of(bytes).IndexOf("\"isError\""u8) >= 0 && JsonMembers.Find(bytes, result, "isError"u8) is { IsPresent: true } value
            && value.Of(bytes).SequenceEqual("true"u8);
    }
}
