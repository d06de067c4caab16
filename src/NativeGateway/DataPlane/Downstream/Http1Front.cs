using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using NativeGateway.DataPlane.Proxy;
using NativeGateway.DataPlane.Transport;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>
/// The lean door: answers plain <c>POST /mcp</c> on event loops, and gives every connection on which anything else comes to Kestrel, with the bytes
/// read so far. It decides nothing about a request; that is <see cref="McpProxy"/>'s, as behind every other door.
/// </summary>
/// <param name="maxConnections">With so many, who connects takes the place of one that asks nothing at the moment, or is refused when all do.</param>
internal sealed class Http1Front(McpProxy proxy, TrustedProxies trustedProxies, EventLoop[] loops, int maxConnections, ILogger logger)
{
    private readonly Http1LoopState[] _states = [.. loops.Select(loop => new Http1LoopState(loop))];
    private readonly List<LoopListener> _listeners = [];
    private volatile bool _isDraining;

    public McpProxy Proxy => proxy;

    public TrustedProxies TrustedProxies => trustedProxies;

    /// <summary>Responses say that they are the last of their connection.</summary>
    public bool IsDraining => _isDraining;

    /// <summary>Connections that this door holds at the moment.</summary>
    public int Connections => _states.Sum(state => state.Count);

    /// <param name="handOver">Where connections go that are not for this door, with what was read from them. Called on a loop.</param>
    public LoopListener Listen(Socket socket, Action<Socket, byte[]> handOver)
    {
        var listener = new LoopListener(loops, socket, (loop, descriptor) => Accept(loop, descriptor, handOver));
        lock (_listeners)
        {
            _listeners.Add(listener);
        }

        return listener;
    }

    /// <summary>Accepts nothing more, lets what runs come to its end, and closes what is left when <paramref name="patience"/> is over.</summary>
    public async Task DrainAsync(CancellationToken patience)
    {
        LoopListener[] listeners;
        lock (_listeners)
        {
            listeners = [.. _listeners];
        }

        await Task.WhenAll(listeners.Select(listener => listener.CloseAsync())).ConfigureAwait(false);
        _isDraining = true;
        var drained = Task.WhenAll(_states.Select(state => state.DrainAsync()));
        await drained.WaitAsync(patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(_states.Select(state => state.AbortAsync())).ConfigureAwait(false);
    }

    /// <summary>A bug met a connection, which is closed.</summary>
    public void Faulted(Exception fault) => logger.LoopFaulted(fault);

    private void Accept(EventLoop loop, int descriptor, Action<Socket, byte[]> handOver)
    {
        var state = _states[loop.Index];
        LoopSocket.SetOptions(descriptor);
        var socket = new LoopSocket(loop, descriptor);
        if (Connections >= maxConnections && !state.TryMakeRoom())
        {
            socket.Dispose();
            return;
        }

        var connection = new Http1Connection(this, state, socket, handOver);
        state.Enter(connection);
        _ = connection.RunAsync();
    }
}
