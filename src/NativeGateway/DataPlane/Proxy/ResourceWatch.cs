using NativeGateway.DataPlane.Sessions;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// One resource of an upstream that clients have subscribed to, kept subscribed until nobody wants it, whatever happens to the upstream: a modern one
/// by a <c>subscriptions/listen</c> stream that is opened again when it ends, a legacy one by <c>resources/subscribe</c> in every new session. The
/// updates themselves reach the clients as events of the connection. After a gap the clients are told of an update that may have been.
/// </summary>
internal sealed class ResourceWatch : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>After so long a time a subscription that is lost is renewed at once.</summary>
    private static readonly TimeSpan Healthy = TimeSpan.FromSeconds(10);

    /// <summary>For the opening of a session, and for its answer to a subscription.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<bool> _acknowledged = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SubscriptionHub _hub;
    private readonly UpstreamTable _upstreams;
    private readonly Guid _upstreamId;
    private readonly string _uri;
    private readonly TimeProvider _time;
    private bool _hadSubscription;

    /// <param name="subscribed">The end of the legacy conversation in which the resource is subscribed to already; null when it is not yet.</param>
    public ResourceWatch(SubscriptionHub hub, UpstreamTable upstreams, (Guid UpstreamId, string Uri) resource, Task? subscribed, TimeProvider time)
    {
        (_hub, _upstreams, _time) = (hub, upstreams, time);
        (_upstreamId, _uri) = resource;
        _ = RunAsync(subscribed, _stop.Token);
    }

    /// <summary>Whether the upstream honours the subscription; told by its first acknowledgement.</summary>
    public Task<bool> Acknowledged => _acknowledged.Task;

    public void Dispose()
    {
        _acknowledged.TrySetResult(false);
        _stop.Cancel();
        _stop.Dispose();
    }

    private async Task RunAsync(Task? subscribed, CancellationToken stop)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var backoff = new RestartBackoff(FirstPause, LongestPause, Healthy, _time);
        try
        {
            if (subscribed is not null)
            {
                TakeSubscription(isHonoured: true);
                await subscribed.WaitAsync(stop).ConfigureAwait(false);
            }

            while (true)
            {
                var started = _time.GetTimestamp();
                if (await OpenAsync(stop).ConfigureAwait(false) is { } session)
                {
                    await HoldAsync(session, stop).ConfigureAwait(false);
                }

                backoff.Lost(_time.GetElapsedTime(started));
                await Task.Delay(backoff.Remaining ?? TimeSpan.Zero, _time, stop).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Nobody is subscribed any more.
        }
        finally
        {
            _acknowledged.TrySetResult(false);
        }
    }

    private async Task<IUpstreamSession?> OpenAsync(CancellationToken stop)
    {
        if (_upstreams.Find(_upstreamId) is not { } state)
        {
            // It may only be disabled.
            return null;
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var timer = _time.CreateTimer(static source => ((CancellationTokenSource)source!).Cancel(), patience, Patience, Timeout.InfiniteTimeSpan);
        using var lease = state.Enter();
        try
        {
            var client = new UpstreamClient(ClientCapabilities.None, UpstreamClient.Everybody);
            return (await state.Connection.OpenAsync(client, patience.Token).ConfigureAwait(false)).Session;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>Subscribes, and returns when the subscription is lost. No lease is held meanwhile: an upstream that is to go must be able to.</summary>
    private async Task HoldAsync(IUpstreamSession session, CancellationToken stop)
    {
        var ended = session.Ended;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var held = session.Peer.Revision.IsModern ? ListenAsync(session, ending.Token) : SubscribeAsync(session, ended, ending.Token);
        await ((Task)Task.WhenAny(held, ended)).WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await ending.CancelAsync().ConfigureAwait(false);
        await held.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task SubscribeAsync(IUpstreamSession session, Task ended, CancellationToken cancellationToken)
    {
        var asking = OwnCall.AskAsync(
            session, McpMethod.ResourcesSubscribe, id => HandshakeMessages.Subscription(id, McpMethod.ResourcesSubscribe, _uri), cancellationToken);
        var answer = await asking.WaitAsync(Patience, _time, cancellationToken).ConfigureAwait(false);
        if (answer.Error is not null)
        {
            return;
        }

        TakeSubscription(answer.Result is not null);
        await ended.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task ListenAsync(IUpstreamSession session, CancellationToken cancellationToken)
    {
        var sending = await session.SendAsync(Request(session), cancellationToken).ConfigureAwait(false);
        if (sending.Reply is not { } reply)
        {
            return;
        }

        await using (reply.ConfigureAwait(false))
        {
            while (await reply.ReadAsync(cancellationToken).ConfigureAwait(false) is { Error: null, Message.IsResponse: false } received)
            {
                if (received.Message.MethodCode == McpMethod.NotifySubscriptionsAcknowledged)
                {
                    TakeSubscription(Honours(received));
                }
            }
        }
    }

    private void TakeSubscription(bool isHonoured)
    {
        _acknowledged.TrySetResult(isHonoured);
        if (isHonoured && _hadSubscription)
        {
            _hub.ResourceUpdated(_upstreamId, _uri);
        }

        _hadSubscription |= isHonoured;
    }

    private UpstreamRequest Request(IUpstreamSession session)
    {
        var id = OwnCall.NextId(session);
        var request = new UpstreamRequest
        {
            Id = id,
            Method = McpMethod.SubscriptionsListen,
            MethodText = McpMethods.Text(McpMethod.SubscriptionsListen).ToArray(),
        };
        request.Message.Reset(HandshakeMessages.ListenTo(id, _uri));
        return request;
    }

    private static bool Honours(in UpstreamReceived received)
    {
        var bytes = received.Bytes.Span;
        var uris = JsonMembers.Find(bytes, received.Message.ListenFilter, "resourceSubscriptions"u8);
        return uris.IsPresent && !uris.Of(bytes).SequenceEqual("[]"u8);
    }
}
