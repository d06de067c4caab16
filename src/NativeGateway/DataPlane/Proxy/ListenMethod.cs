using NativeGateway.DataPlane.Sessions;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// <c>subscriptions/listen</c> (2026-07-28, basic/patterns/subscriptions): a stream that lasts as long as the client wants and tells of changed
/// lists. The catalog learns of changes from the upstreams in their own way, so nothing has to be opened upstream for it.
/// </summary>
internal sealed class ListenMethod(SubscriptionHub subscriptions)
{
    private static readonly (string Name, McpMethod Notification)[] Types =
    [
        ("toolsListChanged", McpMethod.NotifyToolsListChanged),
        ("promptsListChanged", McpMethod.NotifyPromptsListChanged),
        ("resourcesListChanged", McpMethod.NotifyResourcesListChanged),
    ];

    public async ValueTask<GatewayError?> StreamAsync(Exchange exchange)
    {
        if (!exchange.Revision.IsModern)
        {
            return RevisionGate.UnknownMethod(exchange);
        }

        if (!exchange.Reply.CanStream)
        {
            return new GatewayError(ErrorKind.NotAcceptable, "subscriptions/listen answers with an event stream: send Accept: text/event-stream.");
        }

        var honoured = Types.Where(type => IsAskedFor(exchange, type.Name)).ToArray();
        var tag = exchange.Body.Slice(exchange.Message.Id.Start, exchange.Message.Id.Length);
        var caller = exchange.Caller;
        var outbox = new Outbox();
        var subscriber = new Subscriber(
            outbox, caller.Workspace!.Id, exchange.Single?.Id, tag, honoured.Select(type => type.Notification).ToArray());
        subscriptions.Add(exchange, subscriber);
        try
        {
            await SendAsync(exchange, NotificationText.Acknowledged(honoured.Select(type => type.Name), tag.Span)).ConfigureAwait(false);
            await foreach (var message in outbox.Messages.ReadAllAsync(exchange.ClientGone).ConfigureAwait(false))
            {
                await SendAsync(exchange, message).ConfigureAwait(false);
            }

            // The gateway ends: a result says that this is not a lost connection ("Graceful Closure").
            await LocalMethods.ReplyAsync(exchange, Ended(tag.Span)).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The client has closed the stream: that is how a subscription ends.
        }
        finally
        {
            subscriptions.Remove(exchange);
        }

        return null;
    }

    private static byte[] Ended(ReadOnlySpan<byte> tag) =>
        [.. "{\"resultType\":\"complete\",\"_meta\":{\""u8, .. MetaKeys.SubscriptionId, .. "\":"u8, .. tag, .. "}}"u8];

    private static bool IsAskedFor(Exchange exchange, string name)
    {
        Span<byte> utf8 = stackalloc byte[64];
        var length = System.Text.Encoding.ASCII.GetBytes(name, utf8);
        var value = JsonMembers.Find(exchange.Body.Span, exchange.Message.ListenFilter, utf8[..length]);
        return value.IsPresent && exchange.Text(value).SequenceEqual("true"u8);
    }

    private static ValueTask SendAsync(Exchange exchange, ReadOnlyMemory<byte> message)
    {
        var editor = exchange.Request.Message;
        editor.Reset(message);
        return exchange.Reply.SendAsync(editor);
    }
}
