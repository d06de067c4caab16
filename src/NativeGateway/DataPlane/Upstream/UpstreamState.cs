namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// What belongs to one upstream id and outlives a snapshot swap: its connection and how many exchanges use it. When its configuration goes or
/// changes the state is retired; the connection is closed after the last exchange has left.
/// </summary>
internal sealed class UpstreamState(Guid id, IUpstreamConnection connection)
{
    private int _running;
    private int _isRetired;
    private int _isClosed;

    public Guid Id { get; } = id;

    public IUpstreamConnection Connection { get; } = connection;

    public int Running => Volatile.Read(ref _running);

    /// <summary>Counts an exchange in; disposing the lease counts it out.</summary>
    public Lease Enter()
    {
        Interlocked.Increment(ref _running);
        return new Lease(this);
    }

    public void Retire()
    {
        Volatile.Write(ref _isRetired, 1);
        CloseIfUnused();
    }

    private void Leave()
    {
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
    public readonly struct Lease(UpstreamState state) : IDisposable
    {
        public void Dispose() => state.Leave();
    }
}
