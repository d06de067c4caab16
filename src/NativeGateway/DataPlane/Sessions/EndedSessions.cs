namespace NativeGateway.DataPlane.Sessions;

/// <summary>
/// Ids of sessions that their clients have ended, so that this process does not take them up again. Bounded: beyond that the oldest are forgotten,
/// which only concerns the client that ended them. Guarded by its owner's lock.
/// </summary>
internal sealed class EndedSessions(TimeProvider time)
{
    public const int Capacity = 100_000;

    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);
    private readonly Queue<(string Id, long EndedAt)> _order = new();

    public bool Contains(string id) => _ids.Contains(id);

    public void Add(string id)
    {
        if (!_ids.Add(id))
        {
            return;
        }

        _order.Enqueue((id, time.GetTimestamp()));
        while (_order.TryPeek(out var oldest) && (_order.Count > Capacity || time.GetElapsedTime(oldest.EndedAt) > SessionIds.Life))
        {
            _ids.Remove(_order.Dequeue().Id);
        }
    }
}
