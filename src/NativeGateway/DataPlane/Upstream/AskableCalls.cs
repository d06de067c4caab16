namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// The calls in flight in a legacy session over Streamable HTTP whose clients can be asked. What an upstream asks on the session's GET stream names
/// no call, so it goes to the only one in flight, if there is but one (2025-11-25, basic/transports, lets servers ask there). Any thread.
/// </summary>
internal sealed class AskableCalls
{
    private readonly Lock _gate = new();
    private readonly HashSet<AskableReply> _calls = [];

    public void Add(AskableReply call)
    {
        lock (_gate)
        {
            _calls.Add(call);
        }
    }

    public void Remove(AskableReply call)
    {
        lock (_gate)
        {
            _calls.Remove(call);
        }
    }

    /// <summary>Gives a message to the only call. False when there are several, or none, or when that one has been given too much already.</summary>
    public bool TryGive(ReadOnlySpan<byte> message)
    {
        AskableReply? only;
        lock (_gate)
        {
            only = _calls.Count == 1 ? _calls.First() : null;
        }

        return only is not null && only.TryTake(message.ToArray());
    }
}
