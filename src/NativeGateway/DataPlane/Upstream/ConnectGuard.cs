using System.Collections.Frozen;
using System.Net;
using System.Net.Sockets;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>The place of an upstream that nobody vouched for is not one of the public internet.</summary>
internal sealed class AddressRefusedException(string host, string why)
    : IOException($"'{host}' {why}; an upstream there has to be marked as trusted");

/// <summary>
/// Opens the connections to upstreams. Guarded ones are kept from reaching the gateway's own network (SSRF): the name is resolved once, the
/// addresses are checked, and the connection goes to exactly those, so that a second answer of the name service changes nothing.
/// </summary>
internal static class ConnectGuard
{
    /// <summary>Below them are the services of the system; only these two of the web stand there.</summary>
    private const int FirstFreePort = 1024;

    /// <summary>
    /// The special-purpose blocks of IANA, and Azure's metadata service at a public address. Of IPv6 all that is not refused lies in
    /// <see cref="GlobalUnicast"/>, so only what is special within it stands here.
    /// </summary>
    private static readonly AddressSet Refused = Blocks(
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20");

    /// <summary>Outside are loopback, private, link-local and multicast addresses, NAT64, and every other form that carries an IPv4 address.</summary>
    private static readonly AddressSet GlobalUnicast = Blocks("2000::/3");

    /// <summary>Where databases, caches, queues and the interfaces of orchestrators listen: a request there does harm without being MCP.</summary>
    private static readonly FrozenSet<int> ServicePorts = FrozenSet.ToFrozenSet(
    [
        1433, 1521, 2049, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 4369, 5432, 5672, 5900, 5984, 5985, 5986, 6000, 6379, 6443, 7001, 8086, 8500, 9042, 9092,
        9200, 9300, 10250, 10255, 11211, 15672, 27017, 50070,
    ]);

    /// <summary>Everything but public unicast addresses, and every IPv6 form that carries an IPv4 address within.</summary>
    public static bool IsRefused(IPAddress address) =>
        Refused.Contains(address)
        || (address.AddressFamily == AddressFamily.InterNetworkV6 && (address.IsIPv4MappedToIPv6 || !GlobalUnicast.Contains(address)));

    /// <summary>Ports of other services than the web's.</summary>
    public static bool IsRefused(int port) => port is not (80 or 443) && (port < FirstFreePort || ServicePorts.Contains(port));

    /// <summary>The addresses of a host, at least one; with <paramref name="isGuarded"/> only such as may be connected to, at that port.</summary>
    public static async ValueTask<IPAddress[]> ResolveAsync(string host, int port, bool isGuarded, CancellationToken cancellationToken)
    {
        if (isGuarded && IsRefused(port))
        {
            throw new AddressRefusedException(host, "is to be reached at a port of another service");
        }

        var addresses = await Dns.GetHostAddressesAsync(host, cancellationToken);
        if (addresses.Length == 0)
        {
            throw new SocketException((int)SocketError.HostNotFound);
        }

        // One private address among public ones is a trick as well.
        return isGuarded && Array.Exists(addresses, IsRefused)
            ? throw new AddressRefusedException(host, "resolves to an address that is not public")
            : addresses;
    }

    public static async ValueTask<Stream> ConnectGuardedAsync(DnsEndPoint target, CancellationToken cancellationToken)
    {
        var addresses = await ResolveAsync(target.Host, target.Port, isGuarded: true, cancellationToken);
        return await ConnectAsync(socket => socket.ConnectAsync(addresses, target.Port, cancellationToken));
    }

    public static ValueTask<Stream> ConnectFreelyAsync(DnsEndPoint target, CancellationToken cancellationToken) =>
        ConnectAsync(socket => socket.ConnectAsync(target, cancellationToken));

    private static async ValueTask<Stream> ConnectAsync(Func<Socket, ValueTask> connect)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await connect(socket);

            // Long streams are silent for hours; without this, a peer that vanished would never be missed. Set only now: .NET 9 refuses to
            // connect a socket by name once it bears options that it could not carry over to another attempt.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 60);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 15);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static AddressSet Blocks(params string[] blocks) =>
        AddressSet.TryParse(blocks, out _) ?? throw new InvalidOperationException("The table of addresses is broken.");
}
