using System.Collections.Concurrent;
using System.Text;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// <c>resources/subscribe</c> and <c>resources/unsubscribe</c> of legacy clients. A legacy upstream is subscribed once for all of them, by their
/// own requests; a modern one by a listen stream. Updates go to every session that subscribed.
/// </summary>
internal sealed class ResourceSubscriptions(SubscriptionHub hub, UpstreamTable upstreams, Forwarder forwarder, TimeProvider time)
{
    private const int MaxPerSession = 256;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly ReadOnlyMemory<byte> Empty = "{}"u8.ToArray();

    private readonly ConcurrentDictionary<(Guid UpstreamId, string Uri), ResourceWatch> _watches = new();

    public async ValueTask<GatewayError?> AnswerAsync(Exchange exchange)
    {
        if (exchange.Session is not { } session || hub.Find(session) is not { } subscriber)
        {
            return new GatewayError(ErrorKind.SessionRequired, "A subscription needs a session: send initialize first.");
        }

        var target = exchange.Target!;
        var resource = (target.Id, Encoding.UTF8.GetString(exchange.OwnName.Span));
        return exchange.Message.MethodCode == McpMethod.ResourcesSubscribe
            ? await SubscribeAsync(exchange, subscriber, resource).ConfigureAwait(false)
            : await UnsubscribeAsync(exchange, subscriber, resource).ConfigureAwait(false);
    }

    /// <summary>Gives up what only this client had subscribed to, as far as the gateway holds a stream for it.</summary>
    public void Release(Subscriber? subscriber)
    {
        foreach (var resource in subscriber?.Resources.Keys ?? [])
        {
            GiveUp(resource);
        }
    }

    private async ValueTask<GatewayError?> SubscribeAsync(Exchange exchange, Subscriber subscriber, (Guid UpstreamId, string Uri) resource)
    {
        if (subscriber.Resources.Count >= MaxPerSession)
        {
            return new GatewayError(ErrorKind.InvalidParams, $"A session may subscribe to {MaxPerSession} resources.");
        }

        var (isModern, error) = await IsModernAsync(resource.UpstreamId).ConfigureAwait(false);
        error ??= isModern
            ? await WatchAsync(exchange, resource).ConfigureAwait(false)
            : await forwarder.SendAsync(exchange).ConfigureAwait(false);
        if (error is null && !exchange.AnsweredWithError)
        {
            subscriber.Resources[resource] = Encoding.UTF8.GetString(exchange.SentName.Span);
        }

        return error;
    }

    private async ValueTask<GatewayError?> UnsubscribeAsync(Exchange exchange, Subscriber subscriber, (Guid UpstreamId, string Uri) resource)
    {
        subscriber.Resources.TryRemove(resource, out _);
        var (isModern, error) = await IsModernAsync(resource.UpstreamId).ConfigureAwait(false);
        if (error is not null)
        {
            return error;
        }

        GiveUp(resource);
        if (!isModern && !hub.IsSubscribed(resource.UpstreamId, resource.Uri))
        {
            return await forwarder.SendAsync(exchange).ConfigureAwait(false);
        }

        await LocalMethods.ReplyAsync(exchange, Empty).ConfigureAwait(false);
        return null;
    }

    private async ValueTask<GatewayError?> WatchAsync(Exchange exchange, (Guid UpstreamId, string Uri) resource)
    {
        var watch = _watches.GetOrAdd(resource, static (key, self) => new ResourceWatch(self.upstreams, key.UpstreamId, key.Uri, self.time), (upstreams, time));
        var isHonoured = false;
        try
        {
            isHonoured = await watch.Acknowledged.WaitAsync(Patience, time, exchange.ClientGone).ConfigureAwait(false);
        }
        catch (Exception late) when (late is TimeoutException or OperationCanceledException)
        {
            // As good as refused: the client must not believe in updates that nobody promised.
        }

        if (!isHonoured)
        {
            GiveUp(resource);
            byte[] data = [.. "{\"uri\":"u8, .. exchange.Text(exchange.Message.Uri), .. "}"u8];
            return new GatewayError(ErrorKind.ResourceNotFound, "The server does not offer updates of this resource.") { Data = data };
        }

        await LocalMethods.ReplyAsync(exchange, Empty).ConfigureAwait(false);
        return null;
    }

    private async ValueTask<(bool IsModern, GatewayError? Error)> IsModernAsync(Guid upstreamId)
    {
        if (upstreams.Find(upstreamId) is not { } state)
        {
            return (false, new GatewayError(ErrorKind.UpstreamUnavailable, "The server is being removed."));
        }

        using var lease = state.Enter();
        using var patience = new CancellationTokenSource(Patience, time);
        try
        {
            var opening = await state.Connection.OpenAsync(ClientCapabilities.None, patience.Token).ConfigureAwait(false);
            return (opening.Session?.Peer.Revision.IsModern ?? false, opening.Error);
        }
        catch (OperationCanceledException)
        {
            return (false, new GatewayError(ErrorKind.UpstreamTimeout, "The server did not open a session in time."));
        }
    }

    private void GiveUp((Guid UpstreamId, string Uri) resource)
    {
        if (!hub.IsSubscribed(resource.UpstreamId, resource.Uri) && _watches.TryRemove(resource, out var watch))
        {
            watch.Dispose();
        }
    }
}
