using System.Buffers;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>The methods that the gateway answers itself, and the messages of a client that want no answer.</summary>
internal sealed class LocalMethods(
    Handshake handshake, ListMethods lists, ListenMethod listen, LogLevels logLevels)
{
    private static readonly ReadOnlyMemory<byte> Empty = "{}"u8.ToArray();

    public async ValueTask<GatewayError?> AnswerAsync(Exchange exchange)
    {
        if (exchange.Message.Kind != RpcKind.Request)
        {
            await TakeAsync(exchange).ConfigureAwait(false);
            await exchange.Reply.CompleteEmptyAsync(202).ConfigureAwait(false);
            return null;
        }

        switch (exchange.Message.MethodCode)
        {
            case McpMethod.Initialize:
                return await handshake.InitializeAsync(exchange).ConfigureAwait(false);
            case McpMethod.ServerDiscover:
                return await handshake.DiscoverAsync(exchange).ConfigureAwait(false);
            case McpMethod.Ping:
                await ReplyAsync(exchange, Empty).ConfigureAwait(false);
                return null;
            case McpMethod.LoggingSetLevel:
                return await logLevels.SetAsync(exchange).ConfigureAwait(false);
            case McpMethod.SubscriptionsListen:
                return await listen.StreamAsync(exchange).ConfigureAwait(false);
            default:
                return await lists.AnswerAsync(exchange).ConfigureAwait(false);
        }
    }

    /// <summary>Answers with a result that is already JSON.</summary>
    public static ValueTask ReplyAsync(Exchange exchange, ReadOnlyMemory<byte> result)
    {
        var message = new ArrayBufferWriter<byte>(result.Length + 64);
        message.Write("{\"jsonrpc\":\"2.0\",\"id\":"u8);
        message.Write(exchange.Text(exchange.Message.Id));
        message.Write(",\"result\":"u8);
        message.Write(result.Span);
        message.Write("}"u8);
        var editor = exchange.Request.Message;
        editor.Reset(message.WrittenMemory);
        return exchange.Reply.CompleteAsync(200, editor);
    }

    /// <summary>A notification, or the answer to an upstream's question. Modern revisions have no notification that would do anything here.</summary>
    private static async ValueTask TakeAsync(Exchange exchange)
    {
        if (exchange.Session is not { } session)
        {
            return;
        }

        if (exchange.Message.IsResponse)
        {
            if (exchange.Message.Id.IsPresent && session.Pending.Take(exchange.Text(exchange.Message.Id)) is { } taker)
            {
                await taker(exchange.Body, exchange.Message, exchange.ClientGone).ConfigureAwait(false);
            }
        }
        else if (exchange.Message.MethodCode == McpMethod.NotifyCancelled && exchange.Message.RequestId.IsPresent)
        {
            session.Cancel(exchange.Text(exchange.Message.RequestId));
        }
    }
}
