using System.Net;
using System.Net.Sockets;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>The address of an upstream that nobody vouched for is not one of the public internet.</summary>
internal sealed class AddressRefusedException(string host)
    : IOException($"'{host}' resolves to an address that is not public; an upstream there has to be marked as trusted");

/// <summary>
/// Opens the connections to upstreams. Guarded ones are kept from reaching the gateway's own network (SSRF): the name is resolved once, the
/// addresses are checked, and the connection goes to exactly those, so that a second answer of the name service changes nothing.
/// </summary>
internal static class ConnectGuard
{
    private static readonly AddressSet Refused = AddressSet.TryParse(
        [
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
            "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16",
            "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
        ],
        out _) ?? throw new InvalidOperationException("The table of refused addresses is broken.");

    /// <summary>Everything but public unicast addresses, and every IPv6 form that carries an IPv4 address within.</summary>
    public static bool IsRefused(IPAddress address) => address.IsIPv4MappedToIPv6 || Refused.Contains(address);

    /// <summary>The addresses of a host, at least one; with <paramref name="isGuarded"/> only such as may be connected to.</summary>
    public static async ValueTask<IPAddress[]> ResolveAsync(string host, bool isGuarded, CancellationToken cancellationToken)
    {
        var addresses = await Dns.GetHostAddressesAsync(host, cancellationToken);
        if (addresses.Length == 0)
        {
            throw new SocketException((int)SocketError.HostNotFound);
        }

        // One private address among public ones is a trick as well.
        return isGuarded && Array.Exists(addresses, IsRefused) ? throw new AddressRefusedException(host) : addresses;
    }

    public static async ValueTask<Stream> ConnectGuardedAsync(DnsEndPoint target, CancellationToken cancellationToken)
    {
        var addresses = await ResolveAsync(target.Host, isGuarded: true, cancellationToken);
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
}
