using System.Collections.Concurrent;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Sessions;

/// <summary>
/// One client that wants to hear of changes: a legacy session, or a modern <c>subscriptions/listen</c> stream.
/// </summary>
/// <param name="UpstreamId">The one upstream of <c>/mcp/{server}</c>; null on the aggregate endpoint.</param>
/// <param name="Tag">For modern streams: the raw id token of the listen request, put into every message.</param>
/// <param name="Notifications">The list_changed types asked for.</param>
internal sealed record Subscriber(
    Outbox Outbox,
    Guid WorkspaceId,
    Guid? UpstreamId,
    ReadOnlyMemory<byte> Tag,
    IReadOnlyCollection<McpMethod> Notifications)
{
    /// <summary>Own URIs subscribed to, by upstream, and the URIs under which the client knows them.</summary>
    public ConcurrentDictionary<(Guid UpstreamId, string Uri), string> Resources { get; } = new();
}

/// <summary>Carries what upstreams say outside any request to the clients that asked for it; each message to each client once.</summary>
internal sealed class SubscriptionHub
{
    private static readonly McpMethod[] ListChanges =
        [McpMethod.NotifyToolsListChanged, McpMethod.NotifyPromptsListChanged, McpMethod.NotifyResourcesListChanged];

    private readonly ConcurrentDictionary<object, Subscriber> _subscribers = new(ReferenceEqualityComparer.Instance);

    public void Add(object owner, Subscriber subscriber) => _subscribers[owner] = subscriber;

    /// <summary>A legacy session hears of every list. A revived one is told that all may have changed: nobody told its client meanwhile.</summary>
    public void Add(Session session)
    {
        var subscriber = new Subscriber(session.Outbox, session.Owner.WorkspaceId, session.Owner.UpstreamId, default, ListChanges);
        Add(session, subscriber);
        foreach (var notification in session.IsRevived ? ListChanges : [])
        {
            Tell(subscriber, notification);
        }
    }

    public Subscriber? Find(object owner) => _subscribers.GetValueOrDefault(owner);

    /// <summary>Forgets a client; returns it so that what it alone had subscribed to can be given up.</summary>
    public Subscriber? Remove(object owner) => _subscribers.TryRemove(owner, out var subscriber) ? subscriber : null;

    /// <summary>Tells the clients of a workspace's aggregate endpoint that one of its lists has changed.</summary>
    public void AggregateChanged(Guid workspaceId, McpMethod notification)
    {
        foreach (var subscriber in _subscribers.Values)
        {
            if (subscriber.UpstreamId is null && subscriber.WorkspaceId == workspaceId)
            {
                Tell(subscriber, notification);
            }
        }
    }

    /// <summary>Tells the clients of one upstream's own endpoint that one of its lists has changed.</summary>
    public void UpstreamChanged(Guid upstreamId, McpMethod notification)
    {
        foreach (var subscriber in _subscribers.Values)
        {
            if (subscriber.UpstreamId == upstreamId)
            {
                Tell(subscriber, notification);
            }
        }
    }

    /// <summary>
    /// Tells the subscribers of a resource that it has changed. An update may name a part of what was subscribed to (server/resources,
    /// "Subscriptions"), so a prefix matches too.
    /// </summary>
    public void ResourceUpdated(Guid upstreamId, string ownUri)
    {
        foreach (var subscriber in _subscribers.Values)
        {
            foreach (var ((id, subscribed), clientUri) in subscriber.Resources)
            {
                if (id == upstreamId && ownUri.StartsWith(subscribed, StringComparison.Ordinal))
                {
                    subscriber.Outbox.Post(NotificationText.ResourceUpdated(clientUri + ownUri[subscribed.Length..], subscriber.Tag.Span));
                    break;
                }
            }
        }
    }

    /// <summary>Whether anybody is still subscribed to a resource, so that the upstream's subscription must stay.</summary>
    public bool IsSubscribed(Guid upstreamId, string ownUri)
    {
        return _subscribers.Values.Any(subscriber => subscriber.Resources.ContainsKey((upstreamId, ownUri)));
    }

    /// <summary>Messages that clients lost because they did not read.</summary>
    public long Dropped => _subscribers.Values.Sum(subscriber => subscriber.Outbox.Dropped);

    /// <summary>Ends every stream once everything posted to it has been sent.</summary>
    public void Close()
    {
        foreach (var subscriber in _subscribers.Values)
        {
            subscriber.Outbox.Close();
        }
    }

    private static void Tell(Subscriber subscriber, McpMethod notification)
    {
        if (subscriber.Notifications.Contains(notification))
        {
            subscriber.Outbox.Post(NotificationText.ListChanged(notification, subscriber.Tag.Span));
        }
    }
}
