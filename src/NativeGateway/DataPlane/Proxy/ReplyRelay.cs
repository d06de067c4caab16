using System.Runtime.CompilerServices;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.DataPlane.Transport;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>Relays what an upstream sends back for one request, message by message, until its response.</summary>
internal sealed class ReplyRelay(ReplyWriter writer, SuspendingRelay suspending, PageVisits visits, TimeProvider time)
{
    /// <param name="lease">
    /// Goes, together with reply and clock, into other hands when a modern client has to be asked; then <see cref="Exchange.IsHandedOver"/> is set.
    /// </param>
    public ValueTask<Relayed> RunAsync(Exchange exchange, IUpstreamSession session, UpstreamReply reply, CallClock clock, UpstreamState.Lease lease)
    {
        var reading = reply.ReadAsync(clock.Token);
        if (!reading.IsCompletedSuccessfully)
        {
            return RelayAsync(exchange, session, reply, clock, lease, reading);
        }

        // Most replies are one message that is there already: nothing has to be set up to wait for more.
        var first = reading.Result;
        return first.Error is null && first.Message.IsResponse
            ? writer.CompleteAsync(exchange, session, first)
            : RelayAsync(exchange, session, reply, clock, lease, new(first));
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<Relayed> RelayAsync(
        Exchange exchange, IUpstreamSession session, UpstreamReply reply, CallClock clock, UpstreamState.Lease lease, ValueTask<UpstreamReceived> reading)
    {
        for (; ; reading = reply.ReadAsync(clock.Token))
        {
            if (!reading.IsCompleted)
            {
                await exchange.Reply.FlushAsync().ConfigureAwait(false);
            }

            var received = await reading.ConfigureAwait(false);
            if (received.Error is { } error)
            {
                return new Relayed(error, null);
            }

            switch (received.Message.Kind)
            {
                case RpcKind.Notification:
                    await writer.NotifyAsync(exchange, received).ConfigureAwait(false);
                    clock.Restart();
                    break;
                case RpcKind.Request:
                    var needed = Questions.NeededFor(received.Message.MethodCode, received.Bytes.Span, received.Message.Params);
                    if (!exchange.Askable.Covers(needed))
                    {
                        exchange.Refused |= (needed ?? ClientCapabilities.None) & ~exchange.Askable;
                        await RefuseAsync(session, received, clock).ConfigureAwait(false);
                        break;
                    }

                    if (exchange.Revision.IsModern)
                    {
                        exchange.IsHandedOver = true;
                        var call = new SuspendedCall(session, reply, clock, lease, exchange.Request, time)
                        {
                            Owner = exchange.Caller.KeyId,
                            AskingServer = ReplyWriter.AskingServer(exchange).ToArray(),
                            Capabilities = exchange.Askable,
                        };
                        return new Relayed(await suspending.BeginAsync(exchange, call, received).ConfigureAwait(false), null);
                    }

                    await RelayQuestionAsync(exchange, session, received, clock).ConfigureAwait(false);
                    break;
                default:
                    return await writer.CompleteAsync(exchange, session, received).ConfigureAwait(false);
            }
        }
    }

    /// <summary>
    /// Puts a legacy upstream's question to a legacy client on the stream of the call that caused it. The answer comes as a request of its own and
    /// finds back through the session's pending requests.
    /// </summary>
    private async ValueTask RelayQuestionAsync(Exchange exchange, IUpstreamSession session, UpstreamReceived received, CallClock clock)
    {
        var id = received.Message.Id.Of(received.Bytes.Span).ToArray();
        var method = received.Message.MethodCode;
        if (!exchange.Revision.CanShow(method, received.Bytes.Span, received.Message.Params))
        {
            await session.PostAsync(QuestionText.Dismiss(id, method), clock.Token).ConfigureAwait(false);
            return;
        }

        var questions = exchange.Questions ??= new ClientQuestions(exchange.Session!, clock);
        if (questions.Open(ClientQuestions.PassTo(session, id), id) is not { } token)
        {
            await RefuseAsync(session, received, clock).ConfigureAwait(false);
            return;
        }

        if (JsonText.GetString(JsonMembers.Find(received.Bytes.Span, received.Message.Params, "elicitationId"u8).Of(received.Bytes.Span)) is { } pageId)
        {
            visits.Expect(exchange.Target!.Id, pageId, exchange.Session);
        }

        var editor = exchange.Request.Message;
        editor.Reset(received.Bytes);
        editor.Replace(received.Message.Id, token);
        TaskIds.EditRelated(exchange, editor, received.Message.Meta);
        if (method == McpMethod.ElicitationCreate && exchange.Single is null)
        {
            Questions.Attribute(editor, received.Message.Params, exchange.Target!.KeyUtf8);
        }

        await exchange.Reply.SendAsync(editor).ConfigureAwait(false);
    }

    private static async ValueTask RefuseAsync(IUpstreamSession session, UpstreamReceived received, CallClock clock)
    {
        var refusal = QuestionText.Refuse(received.Message.Id.Of(received.Bytes.Span), received.Message.MethodCode);
        await session.PostAsync(refusal, clock.Token).ConfigureAwait(false);
    }
}
