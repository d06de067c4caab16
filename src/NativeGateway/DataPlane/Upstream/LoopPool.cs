using NativeGateway.DataPlane.Transport;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>The connections of one loop to one endpoint that wait for their next request. On the loop's thread only.</summary>
internal sealed class LoopPool(EventLoop loop, HttpWire wire)
{
    private readonly List<LoopConnection> _idle = [];

    public EventLoop Loop => loop;

    /// <summary>Whose requests these connections carry.</summary>
    public HttpWire Wire => wire;

    /// <summary>For a request that is sent in one piece; empty between two of them.</summary>
    public SendBuffer Output { get; } = new();

    /// <summary>How long a connection may wait.</summary>
    public Deadlines Idle { get; } = loop.Within(TimeSpan.FromMinutes(1));

    /// <summary>How long the rest of an answer may take, whose beginning was all that mattered.</summary>
    public Deadlines Rest { get; } = loop.Within(TimeSpan.FromSeconds(1));

    /// <summary>What <see cref="Prefix"/> was made for.</summary>
    public HttpSessionHead? PrefixHead { get; set; }

    public byte[] Prefix { get; set; } = [];

    /// <summary>The connection that was used last, of those which are still open; null when there is none.</summary>
    public LoopConnection? TryTake()
    {
        while (_idle.Count > 0)
        {
            var connection = _idle[^1];
            _idle.RemoveAt(_idle.Count - 1);
            if (connection.TryLeaveIdle())
            {
                return connection;
            }

            connection.Close();
        }

        return null;
    }

    public void Return(LoopConnection connection)
    {
        Idle.Set(connection, loop.Now);
        _idle.Add(connection);
    }

    public void Remove(LoopConnection connection) => _idle.Remove(connection);
}
