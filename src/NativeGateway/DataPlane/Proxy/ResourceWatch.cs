using NativeGateway.DataPlane.Upstream;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// One resource of a modern upstream that legacy clients have subscribed to: a <c>subscriptions/listen</c> stream of its own, kept up until
/// nobody wants it. The updates themselves reach the clients as events of the connection; here only the stream is held.
/// </summary>
internal sealed class ResourceWatch : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<bool> _acknowledged = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly UpstreamTable _upstreams;
    private readonly Guid _upstreamId;
    private readonly string _uri;
    private readonly TimeProvider _time;

    public ResourceWatch(UpstreamTable upstreams, Guid upstreamId, string uri, TimeProvider time)
    {
        (_upstreams, _upstreamId, _uri, _time) = (upstreams, upstreamId, uri, time);
        _ = RunAsync(_stop.Token);
    }

    /// <summary>Whether the upstream honours the subscription; told by its first acknowledgement.</summary>
    public Task<bool> Acknowledged => _acknowledged.Task;

    public void Dispose()
    {
        _acknowledged.TrySetResult(false);
        _stop.Cancel();
        _stop.Dispose();
    }

    private async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (_upstreams.Find(_upstreamId) is { } state)
            {
                using (state.Enter())
                {
                    await ListenAsync(state, stop).ConfigureAwait(false);
                }

                await Task.Delay(Pause, _time, stop).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // Nobody is subscribed any more.
        }
        finally
        {
            _acknowledged.TrySetResult(false);
        }
    }

    private async Task ListenAsync(UpstreamState state, CancellationToken stop)
    {
        var opening = await state.Connection.OpenAsync(ClientCapabilities.None, stop).ConfigureAwait(false);
        if (opening.Session is not { } session)
        {
            return;
        }

        var sending = await session.SendAsync(Request(session), stop).ConfigureAwait(false);
        if (sending.Reply is not { } reply)
        {
            return;
        }

        await using (reply.ConfigureAwait(false))
        {
            while (await reply.ReadAsync(stop).ConfigureAwait(false) is { Error: null, Message.IsResponse: false } received)
            {
                if (received.Message.MethodCode == McpMethod.NotifySubscriptionsAcknowledged)
                {
                    _acknowledged.TrySetResult(Honours(received));
                }
            }
        }
    }

    private UpstreamRequest Request(IUpstreamSession session)
    {
        Span<byte> digits = stackalloc byte[20];
        var id = digits[..session.NextId(digits)].ToArray();
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
