namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// What belongs to one upstream id and outlives a snapshot swap: its connection and how many exchanges use it. When its configuration goes or
/// changes the state is retired; the connection is closed after the last exchange has left.
/// </summary>
internal sealed class UpstreamState(Guid id, IUpstreamConnection connection, TimeProvider time)
{
    private readonly ConcurrencyGate _places = new(time);
    private int _running;
    private int _isRetired;
    private int _isClosed;

    public Guid Id { get; } = id;

    public IUpstreamConnection Connection { get; } = connection;

    public int Running => Volatile.Read(ref _running);

    /// <summary>Calls that have a place, and calls that wait for one.</summary>
    public (int Running, int Waiting) Calls => (_places.Running, _places.Waiting);

    /// <summary>Counts work of the gateway's own in; disposing the lease counts it out.</summary>
    public Lease Enter()
    {
        Interlocked.Increment(ref _running);
        return new Lease(this, hasPlace: false);
    }

    /// <summary>Counts a client's call in, if there is a place for it now; disposing the lease counts it out.</summary>
    /// <param name="limit">See <see cref="Model.UpstreamConfig.MaxConcurrent"/>.</param>
    public bool TryEnter(int limit, out Lease lease)
    {
        var hasPlace = _places.TryEnter(limit);
        if (hasPlace)
        {
            Interlocked.Increment(ref _running);
        }

        lease = hasPlace ? new Lease(this, hasPlace) : default;
        return hasPlace;
    }

    /// <summary>The same after <see cref="TryEnter"/> found no place: waits for one. Null when there is none in time.</summary>
    public ValueTask<Lease?> EnterAsync(CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _running);
        return WaitForPlaceAsync(cancellationToken);
    }

    public void Retire()
    {
        Volatile.Write(ref _isRetired, 1);
        CloseIfUnused();
    }

    private async ValueTask<Lease?> WaitForPlaceAsync(CancellationToken cancellationToken)
    {
        var hasPlace = false;
        try
        {
            hasPlace = await _places.WaitAsync(cancellationToken).ConfigureAwait(false);
            return hasPlace ? new Lease(this, hasPlace) : null;
        }
        finally
        {
            if (!hasPlace)
            {
                Leave(hasPlace: false);
            }
        }
    }

    private void Leave(bool hasPlace)
    {
        if (hasPlace)
        {
            _places.Leave();
        }

        Interlocked.Decrement(ref _running);
        CloseIfUnused();
    }

    private void CloseIfUnused()
    {
        if (Volatile.Read(ref _isRetired) == 1 && Running == 0 && Interlocked.Exchange(ref _isClosed, 1) == 0)
        {
            // Nobody waits for it: closing may take as long as a child process takes to end.
            Closed = Connection.DisposeAsync().AsTask();
        }
    }

    /// <summary>Completes when a retired state's connection is closed; null before.</summary>
    public Task? Closed { get; private set; }

    /// <summary>One exchange's stay.</summary>
    public readonly struct Lease(UpstreamState state, bool hasPlace) : IDisposable
    {
        public void Dispose() => state.Leave(hasPlace);
    }
}
