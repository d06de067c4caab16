namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// The calls in flight in a legacy session over Streamable HTTP whose clients can be asked. What an upstream asks on the session's GET stream names
/// no call, so it goes to the only one in flight, if there is but one (2025-11-25, basic/transports, lets servers ask there). Any thread.
/// </summary>
internal sealed class AskableCalls(TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly HashSet<AskableReply> _calls = [];
    private long? _lastLeft;

    public void Add(AskableReply call)
    {
        lock (_gate)
        {
            _calls.Add(call);
        }
    }

    /// <summary>It is answered, or did not reach the upstream.</summary>
    public void Remove(AskableReply call)
    {
        lock (_gate)
        {
            _calls.Remove(call);
        }
    }

    /// <summary>
    /// Nobody waits for it any more, unless it was answered. Whether the upstream goes on with it nobody will learn, so for a while its questions may
    /// belong to it.
    /// </summary>
    public void Leave(AskableReply call)
    {
        lock (_gate)
        {
            _lastLeft = _calls.Remove(call) ? time.GetTimestamp() : _lastLeft;
        }
    }

    /// <summary>Gives a message to the only call. False when there are several, or none, or when that one has been given too much already.</summary>
    public bool TryGive(ReadOnlySpan<byte> message)
    {
        AskableReply? only;
        lock (_gate)
        {
            var isClear = _lastLeft is not { } left || time.GetElapsedTime(left) > PendingCalls.Aftermath;
            only = isClear && _calls.Count == 1 ? _calls.First() : null;
        }

        return only is not null && only.TryTake(message.ToArray());
    }
}
