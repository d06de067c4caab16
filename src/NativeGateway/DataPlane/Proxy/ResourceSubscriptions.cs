using System.Collections.Concurrent;
using System.Text;
using NativeGateway.DataPlane.Catalog;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// Who is subscribed to which resource, seen from the upstreams: each is subscribed once for all clients, a modern one by a listen stream, a legacy
/// one by <c>resources/subscribe</c> (the request of the legacy client who wants it, or one of the gateway's own for a modern client), and left
/// when nobody wants it any more. Updates go to every client that subscribed.
/// </summary>
internal sealed class ResourceSubscriptions(SubscriptionHub hub, UpstreamTable upstreams, Forwarder forwarder, TimeProvider time)
{
    public const int MaxPerClient = 256;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly ReadOnlyMemory<byte> Empty = "{}"u8.ToArray();

    private readonly ConcurrentDictionary<(Guid UpstreamId, string Uri), ResourceWatch> _watches = new();

    /// <summary><c>resources/subscribe</c> and <c>resources/unsubscribe</c> of a legacy client.</summary>
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

    /// <summary>
    /// Subscribes a modern client's listen stream. False when the upstream does not take it, within 5 s. The client may be gone by then; nothing of
    /// the subscription is left in that case.
    /// </summary>
    /// <param name="clientUri">The URI as the client knows it.</param>
    public async Task<bool> SubscribeAsync(Subscriber subscriber, (Guid UpstreamId, string Uri) resource, string clientUri)
    {
        // An update may come before the upstream's answer.
        subscriber.Resources[resource] = clientUri;
        var (session, _) = await OpenAsync(resource.UpstreamId).ConfigureAwait(false);
        var isTaken = session is not null && (session.Peer.Revision.IsModern
            ? await IsHonouredAsync(resource, CancellationToken.None).ConfigureAwait(false)
            : await AskAsync(session, McpMethod.ResourcesSubscribe, resource.Uri).ConfigureAwait(false));
        if (!isTaken)
        {
            subscriber.Resources.TryRemove(resource, out _);
        }

        else if (!hub.IsSubscribed(resource.UpstreamId, resource.Uri))
        {
            await LeaveAsync(resource).ConfigureAwait(false);
        }

        return isTaken;
    }

    /// <summary>Gives up what only this client had subscribed to. The upstreams learn of it later.</summary>
    public void Release(Subscriber? subscriber)
    {
        foreach (var resource in subscriber?.Resources.Keys ?? [])
        {
            if (!hub.IsSubscribed(resource.UpstreamId, resource.Uri))
            {
                _ = LeaveAsync(resource);
            }
        }
    }

    private async ValueTask<GatewayError?> SubscribeAsync(Exchange exchange, Subscriber subscriber, (Guid UpstreamId, string Uri) resource)
    {
        if (subscriber.Resources.Count >= MaxPerClient)
        {
            return new GatewayError(ErrorKind.InvalidParams, $"A session may subscribe to {MaxPerClient} resources.");
        }

        var (session, error) = await OpenAsync(resource.UpstreamId).ConfigureAwait(false);
        error ??= session!.Peer.Revision.IsModern
            ? await WatchAsync(exchange, session.Peer, resource).ConfigureAwait(false)
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
        var (session, error) = await OpenAsync(resource.UpstreamId).ConfigureAwait(false);
        if (error is not null)
        {
            return error;
        }

        var isWanted = hub.IsSubscribed(resource.UpstreamId, resource.Uri);
        if (!isWanted && !session!.Peer.Revision.IsModern)
        {
            return await forwarder.SendAsync(exchange).ConfigureAwait(false);
        }

        if (!isWanted)
        {
            EndWatch(resource);
        }

        await LocalMethods.ReplyAsync(exchange, Empty).ConfigureAwait(false);
        return null;
    }

    private async ValueTask<GatewayError?> WatchAsync(Exchange exchange, UpstreamPeer peer, (Guid UpstreamId, string Uri) resource)
    {
        if (!PeerCapabilities.Read(peer.Capabilities).Has(PeerFeatures.ResourcesSubscribe))
        {
            return RevisionGate.UnknownMethod(exchange);
        }

        if (!await IsHonouredAsync(resource, exchange.ClientGone).ConfigureAwait(false))
        {
            byte[] data = [.. "{\"uri\":"u8, .. exchange.Text(exchange.Message.Uri), .. "}"u8];
            return new GatewayError(ErrorKind.ResourceNotFound, "The server does not offer updates of this resource.") { Data = data };
        }

        await LocalMethods.ReplyAsync(exchange, Empty).ConfigureAwait(false);
        return null;
    }

    /// <summary>Whether a modern upstream acknowledges the subscription, by the listen stream that all subscribers of the resource share.</summary>
    private async ValueTask<bool> IsHonouredAsync((Guid UpstreamId, string Uri) resource, CancellationToken clientGone)
    {
        var watch = _watches.GetOrAdd(resource, static (key, self) => new ResourceWatch(self.upstreams, key.UpstreamId, key.Uri, self.time), (upstreams, time));
        var isHonoured = false;
        try
        {
            isHonoured = await watch.Acknowledged.WaitAsync(Patience, time, clientGone).ConfigureAwait(false);
        }
        catch (Exception late) when (late is TimeoutException or OperationCanceledException)
        {
            // As good as refused: the client must not believe in updates that nobody promised.
        }

        if (!isHonoured && !hub.IsSubscribed(resource.UpstreamId, resource.Uri))
        {
            EndWatch(resource);
        }

        return isHonoured;
    }

    /// <summary>The session in which resources are subscribed to: the one whose long stream the gateway listens to.</summary>
    private async ValueTask<(IUpstreamSession? Session, GatewayError? Error)> OpenAsync(Guid upstreamId)
    {
        if (upstreams.Find(upstreamId) is not { } state)
        {
            return (null, new GatewayError(ErrorKind.UpstreamUnavailable, "The server is being removed."));
        }

        using var lease = state.Enter();
        using var patience = new CancellationTokenSource(Patience, time);
        try
        {
            var opening = await state.Connection.OpenAsync(ClientCapabilities.None, patience.Token).ConfigureAwait(false);
            return (opening.Session, opening.Error);
        }
        catch (OperationCanceledException)
        {
            return (null, new GatewayError(ErrorKind.UpstreamTimeout, "The server did not open a session in time."));
        }
    }

    private async ValueTask<bool> AskAsync(IUpstreamSession session, McpMethod method, string uri)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        try
        {
            var answer = await OwnCall.AskAsync(session, method, id => HandshakeMessages.Subscription(id, method, uri), patience.Token).ConfigureAwait(false);
            return answer.Result is not null;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task LeaveAsync((Guid UpstreamId, string Uri) resource)
    {
        if (EndWatch(resource))
        {
            return;
        }

        var (session, _) = await OpenAsync(resource.UpstreamId).ConfigureAwait(false);
        if (session is { Peer.Revision.IsModern: false })
        {
            await AskAsync(session, McpMethod.ResourcesUnsubscribe, resource.Uri).ConfigureAwait(false);
        }
    }

    private bool EndWatch((Guid UpstreamId, string Uri) resource)
    {
        if (!_watches.TryRemove(resource, out var watch))
        {
            return false;
        }

        watch.Dispose();
        return true;
    }
}
