using System.Net;
using System.Net.Sockets;

namespace NativeGateway.Hosting;

/// <summary>Tells why the gateway cannot listen somewhere, by trying.</summary>
internal static class ListenProbe
{
    /// <summary>What is wrong and what to do, or null when the address is free.</summary>
    public static string? Try(ListenAddress listen)
    {
        var address = listen.Address ?? IPAddress.Any;
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(address, listen.Port));
            socket.Listen(1);
            return null;
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => "another program listens there; stop it, or choose another port with --listen",
                SocketError.AccessDenied => "this user may not use that port; choose one from 1024 on, or grant CAP_NET_BIND_SERVICE",
                SocketError.AddressNotAvailable => "this machine has no such address; use one of its own, or * for all",
                var code => $"the system refuses it ({code})",
            };
        }
    }
}
