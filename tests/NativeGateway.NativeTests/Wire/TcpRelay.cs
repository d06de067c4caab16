using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace NativeGateway.NativeTests.Wire;

/// <summary>
/// A loopback port that gives its connections to several others, one after the other in turn, leaving out those where nobody listens. Can be cut:
/// then connections stand and carry nothing, as when a network is partitioned.
/// </summary>
internal sealed class TcpRelay : IAsyncDisposable
{
    private readonly int[] _targets;
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentDictionary<Socket, bool> _sockets = new();
    private readonly Task _accepting;
    private volatile bool _isCut;
    private int _next;

    public TcpRelay(params int[] targets)
    {
        _targets = targets;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(2048);
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>From now on nothing arrives any more, and nobody is told.</summary>
    public void Cut() => _isCut = true;

    /// <summary>What was cut is gone; new connections are whole.</summary>
    public void Mend()
    {
        Break();
        _isCut = false;
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting;
        Break();
    }

    private void Break()
    {
        foreach (var socket in _sockets.Keys)
        {
            socket.Dispose();
        }
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptAsync();
            }
            catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
            {
                return;
            }

            _ = ServeAsync(client);
        }
    }

    private async Task ServeAsync(Socket client)
    {
        _sockets[client] = true;
        using var server = _isCut ? null : await TryConnectAsync();
        if (server is not null)
        {
            _sockets[server] = true;
            await Task.WhenAny(CarryAsync(client, server), CarryAsync(server, client));
            _sockets.TryRemove(server, out _);
        }
        else if (_isCut)
        {
            await CarryAsync(client, client);
        }

        _sockets.TryRemove(client, out _);
        client.Dispose();
    }

    private async Task<Socket?> TryConnectAsync()
    {
        foreach (var _ in _targets)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, _targets[(uint)Interlocked.Increment(ref _next) % _targets.Length]);
                return socket;
            }
            catch (SocketException)
            {
                socket.Dispose();
            }
        }

        return null;
    }

    /// <summary>Until one of the two ends.</summary>
    private async Task CarryAsync(Socket from, Socket to)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is var count and > 0)
            {
                for (var sent = 0; sent < count && !_isCut;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent));
                }
            }
        }
        catch (Exception broken) when (broken is SocketException or ObjectDisposedException)
        {
            // Whoever is on the other side learns of it by the end of its own connection.
        }
    }
}
