using NativeGateway.DataPlane.Transport;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>What the lean door keeps on one loop: its connections there, and for how long they may do what.</summary>
internal sealed class Http1LoopState(EventLoop loop)
{
    private readonly HashSet<Http1Connection> _connections = [];
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _count;
    private bool _isDraining;

    public HttpDate Date { get; } = new();

    public int Count => Volatile.Read(ref _count);

    /// <summary>Between two requests, as long as another one is likely to follow: what the last one needed is kept for it.</summary>
    public Deadlines Resting { get; } = loop.Within(TimeSpan.FromSeconds(5));

    /// <summary>Before the first request, and after <see cref="Resting"/>.</summary>
    public Deadlines Idle { get; } = loop.Within(TimeSpan.FromSeconds(125));

    /// <summary>From the first byte of a request to its last; after that Kestrel has patience, or not.</summary>
    public Deadlines Reading { get; } = loop.Within(TimeSpan.FromSeconds(5));

    /// <summary>An answer that its client does not take.</summary>
    public Deadlines Stalled { get; } = loop.Within(TimeSpan.FromSeconds(30));

    /// <summary>The last moment of a connection that is about to be closed: a request may be on its way.</summary>
    public Deadlines Lingering { get; } = loop.Within(TimeSpan.FromSeconds(1));

    public void Enter(Http1Connection connection)
    {
        _connections.Add(connection);
        Volatile.Write(ref _count, _connections.Count);
    }

    public void Leave(Http1Connection connection)
    {
        _connections.Remove(connection);
        Volatile.Write(ref _count, _connections.Count);
        if (_isDraining && _connections.Count == 0)
        {
            _drained.TrySetResult();
        }
    }

    /// <summary>Closes the connection that has been idle longest, or else the slowest sender; false when all are being answered.</summary>
    public bool TryMakeRoom()
    {
        if ((Idle.First ?? Resting.First ?? Reading.First) is not Http1Connection waiting)
        {
            return false;
        }

        waiting.Abort();
        return true;
    }

    /// <summary>Completes when the last connection is closed.</summary>
    public async Task DrainAsync()
    {
        await loop.Enter();
        _isDraining = true;
        foreach (var connection in _connections)
        {
            connection.BeginDrain();
        }

        if (_connections.Count == 0)
        {
            _drained.TrySetResult();
        }

        await _drained.Task.ConfigureAwait(false);
    }

    public async Task AbortAsync()
    {
        await loop.Enter();
        foreach (var connection in _connections.ToArray())
        {
            connection.Abort();
        }
    }
}
