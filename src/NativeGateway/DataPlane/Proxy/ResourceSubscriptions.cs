using System.Text;
using NativeGateway.DataPlane.Catalog;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// Who is subscribed to which resource, seen from the upstreams: each is subscribed once for all clients, a modern one by a listen stream, a legacy
/// one by <c>resources/subscribe</c> (the request of the legacy client who wants it, or one of the gateway's own for a modern client), kept
/// subscribed by a <see cref="ResourceWatch"/>, and left when nobody wants it any more. Updates go to every client that subscribed.
/// </summary>
internal sealed class ResourceSubscriptions(SubscriptionHub hub, UpstreamTable upstreams, Forwarder forwarder, TimeProvider time)
{
    public const int MaxPerClient = 256;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly ReadOnlyMemory<byte> Empty = "{}"u8.ToArray();

    /// <summary>Between the last subscriber's leaving and the end of a watch nobody must find that watch.</summary>
    private readonly Lock _gate = new();
    private readonly Dictionary<(Guid UpstreamId, string Uri), ResourceWatch> _watches = [];

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
        var isTaken = session is not null && await IsTakenAsync(session, resource).ConfigureAwait(false);
        if (!isTaken)
        {
            subscriber.Resources.TryRemove(resource, out _);
        }

        // The client may have left meanwhile.
        await LeaveAsync(resource).ConfigureAwait(false);
        return isTaken;
    }

    /// <summary>Gives up what only this client had subscribed to. The upstreams learn of it later.</summary>
    public void Release(Subscriber? subscriber)
    {
        foreach (var resource in subscriber?.Resources.Keys ?? [])
        {
            _ = LeaveAsync(resource);
        }
    }

    private async ValueTask<GatewayError?> SubscribeAsync(Exchange exchange, Subscriber subscriber, (Guid UpstreamId, string Uri) resource)
    {
        if (subscriber.Resources.Count >= MaxPerClient)
        {
            return new GatewayError(ErrorKind.InvalidParams, $"A session may subscribe to {MaxPerClient} resources.");
        }

        // An update may come before the upstream's answer.
        var isFirst = subscriber.Resources.TryAdd(resource, Encoding.UTF8.GetString(exchange.SentName.Span));
        var (session, error) = await OpenAsync(resource.UpstreamId).ConfigureAwait(false);
        error ??= session!.Peer.Revision.IsModern
            ? await WatchAsync(exchange, session.Peer, resource).ConfigureAwait(false)
            : await ForwardAsync(exchange, session, resource).ConfigureAwait(false);
        if (isFirst && (error is not null || exchange.AnsweredWithError))
        {
            subscriber.Resources.TryRemove(resource, out _);
        }

        // The session may have ended meanwhile.
        EndWatch(resource);
        return error;
    }

    private async ValueTask<GatewayError?> ForwardAsync(Exchange exchange, IUpstreamSession session, (Guid UpstreamId, string Uri) resource)
    {
        var ended = session.Ended;
        var error = await forwarder.SendAsync(exchange).ConfigureAwait(false);
        if (error is null && !exchange.AnsweredWithError)
        {
            Watch(resource, ended);
        }

        return error;
    }

    private async ValueTask<GatewayError?> UnsubscribeAsync(Exchange exchange, Subscriber subscriber, (Guid UpstreamId, string Uri) resource)
    {
        subscriber.Resources.TryRemove(resource, out _);
        EndWatch(resource);
        var (session, error) = await OpenAsync(resource.UpstreamId).ConfigureAwait(false);
        if (error is not null)
        {
            return error;
        }

        if (!hub.IsSubscribed(resource.UpstreamId, resource.Uri) && !session!.Peer.Revision.IsModern)
        {
            return await forwarder.SendAsync(exchange).ConfigureAwait(false);
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

    private async ValueTask<bool> IsTakenAsync(IUpstreamSession session, (Guid UpstreamId, string Uri) resource)
    {
        if (session.Peer.Revision.IsModern)
        {
            return await IsHonouredAsync(resource, CancellationToken.None).ConfigureAwait(false);
        }

        var ended = session.Ended;
        var isTaken = await AskAsync(session, McpMethod.ResourcesSubscribe, resource.Uri).ConfigureAwait(false);
        if (isTaken)
        {
            Watch(resource, ended);
        }

        return isTaken;
    }

    /// <summary>Whether a modern upstream acknowledges the subscription, by the listen stream that all subscribers of the resource share.</summary>
    private async ValueTask<bool> IsHonouredAsync((Guid UpstreamId, string Uri) resource, CancellationToken clientGone)
    {
        try
        {
            return await Watch(resource, null).Acknowledged.WaitAsync(Patience, time, clientGone).ConfigureAwait(false);
        }
        catch (Exception late) when (late is TimeoutException or OperationCanceledException)
        {
            // As good as refused: the client must not believe in updates that nobody promised.
            return false;
        }
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
            var client = new UpstreamClient(ClientCapabilities.None, UpstreamClient.Everybody);
            var opening = await state.Connection.OpenAsync(client, patience.Token).ConfigureAwait(false);
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

    /// <summary>Ends the subscription of a resource, unless somebody wants it.</summary>
    private async Task LeaveAsync((Guid UpstreamId, string Uri) resource)
    {
        if (!EndWatch(resource))
        {
            return;
        }

        var (session, _) = await OpenAsync(resource.UpstreamId).ConfigureAwait(false);
        if (session is { Peer.Revision.IsModern: false })
        {
            await AskAsync(session, McpMethod.ResourcesUnsubscribe, resource.Uri).ConfigureAwait(false);
        }
    }

    /// <summary>The watch of a resource that somebody is subscribed to.</summary>
    /// <param name="subscribed">See <see cref="ResourceWatch"/>.</param>
    private ResourceWatch Watch((Guid UpstreamId, string Uri) resource, Task? subscribed)
    {
        lock (_gate)
        {
            if (!_watches.TryGetValue(resource, out var watch))
            {
                watch = new ResourceWatch(hub, upstreams, resource, subscribed, time);
                _watches.Add(resource, watch);
            }

            return watch;
        }
    }

    /// <summary>Ends the watch of a resource that nobody is subscribed to any more. False when there is none, or somebody is.</summary>
    private bool EndWatch((Guid UpstreamId, string Uri) resource)
    {
        lock (_gate)
        {
            if (hub.IsSubscribed(resource.UpstreamId, resource.Uri) || !_watches.Remove(resource, out var watch))
            {
                return false;
            }

            watch.Dispose();
            return true;
        }
    }
}
