using NativeGateway.DataPlane.Sessions;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// <c>subscriptions/listen</c> (2026-07-28, basic/patterns/subscriptions): a stream that lasts as long as the client wants and tells of changed
/// lists and resources. Of lists the catalog learns from the upstreams in their own way, so nothing has to be opened upstream for them; resources
/// are subscribed to there, in the way of the upstream's era.
/// </summary>
internal sealed class ListenMethod(SubscriptionHub subscriptions, ListenResources resources)
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

        if (ListenResources.ReadUris(exchange) is not { } uris)
        {
            return new GatewayError(ErrorKind.InvalidParams, "notifications.resourceSubscriptions must be an array of URIs.");
        }

        var types = Array.FindAll(Types, type => IsAskedFor(exchange, type.Name));
        var tag = exchange.Body.Slice(exchange.Message.Id.Start, exchange.Message.Id.Length);
        var subscriber = new Subscriber(
            new Outbox(), exchange.Caller.Workspace!.Id, exchange.Single?.Id, tag, Array.ConvertAll(types, type => type.Notification));
        subscriptions.Add(exchange, subscriber);
        try
        {
            var honoured = await resources.SubscribeAsync(exchange, subscriber, uris).ConfigureAwait(false);
            await SendAsync(exchange, NotificationText.Acknowledged(Array.ConvertAll(types, type => type.Name), honoured, tag.Span)).ConfigureAwait(false);
            await foreach (var message in subscriber.Outbox.Messages.ReadAllAsync(exchange.ClientGone).ConfigureAwait(false))
            {
                await SendAsync(exchange, message).ConfigureAwait(false);
            }

            // The gateway ends: a result says that this is not a lost connection ("Graceful Closure").
            await LocalMethods.ReplyAsync(exchange, NotificationText.ListenEnded(tag.Span)).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The client has closed the stream: that is how a subscription ends.
        }
        finally
        {
            resources.Release(subscriptions.Remove(exchange));
        }

        return null;
    }

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
