using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace NativeGateway.NativeTests.Ssrf;

/// <summary>Stands open at every address of a network, writes down at which one somebody came in, and leads to a server outside.</summary>
internal sealed class Door : IAsyncDisposable
{
    private readonly ConcurrentQueue<IPAddress> _entered = new();
    private readonly ConcurrentDictionary<Socket, bool> _guests = new();
    private readonly Socket _listener;
    private readonly Task _accepting;

    /// <param name="listener">Bound, for both families.</param>
    public Door(Socket listener)
    {
        _listener = listener;
        _listener.Listen(128);
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>The server behind it: a loopback port.</summary>
    public int Target { get; set; }

    /// <summary>The addresses that were connected to, in order.</summary>
    public IEnumerable<string> Entered => _entered.Select(address => (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString());

    /// <summary>Ends every connection that there is.</summary>
    public void BreakConnections()
    {
        foreach (var guest in _guests.Keys)
        {
            guest.Dispose();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting;
        BreakConnections();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                var guest = await _listener.AcceptAsync();
                _entered.Enqueue(((IPEndPoint)guest.LocalEndPoint!).Address);
                _ = LeadAsync(guest);
            }
            catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task LeadAsync(Socket guest)
    {
        _guests[guest] = true;
        try
        {
            using var within = new NetworkStream(guest, ownsSocket: true);
            using var server = new TcpClient();
            await server.ConnectAsync(IPAddress.Loopback, Target);
            using var outside = server.GetStream();
            await Task.WhenAny(within.CopyToAsync(outside), outside.CopyToAsync(within));
        }
        catch (Exception broken) when (broken is IOException or SocketException or ObjectDisposedException)
        {
            // Whoever is on the other side learns of it by the end of its own connection.
        }

        _guests.TryRemove(guest, out _);
    }
}
