using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace NativeGateway.DataPlane.Transport;

/// <summary>Opens TCP connections on a loop.</summary>
internal static class LoopConnector
{
    /// <summary>Tries one address after the other. On the loop's thread.</summary>
    /// <exception cref="SocketException">None could be reached; says why the last one could not.</exception>
    public static async ValueTask<LoopSocket> ConnectAsync(EventLoop loop, IPAddress[] addresses, int port, CancellationToken cancellationToken)
    {
        for (var i = 0; ; i++)
        {
            LoopSocket? socket = null;
            try
            {
                socket = Begin(loop, new IPEndPoint(addresses[i], port));
                await socket.WaitWritableAsync(cancellationToken).ConfigureAwait(false);
                Check(ReadError(socket.Descriptor));
                return socket;
            }
            catch (SocketException) when (i + 1 < addresses.Length)
            {
                socket?.Dispose();
            }
            catch
            {
                socket?.Dispose();
                throw;
            }
        }
    }

    private static unsafe LoopSocket Begin(EventLoop loop, IPEndPoint target)
    {
        var address = target.Serialize();
        var descriptor = LoopLibc.CreateSocket((int)NativeFamily(target), LoopLibc.StreamSocket | LoopLibc.NonBlocking | LoopLibc.CloseOnExec, 0);
        if (descriptor < 0)
        {
            throw new SocketException((int)SocketError.TooManyOpenSockets);
        }

        LoopSocket.SetOptions(descriptor);
        int result;
        fixed (byte* bytes = address.Buffer.Span)
        {
            result = LoopLibc.Connect(descriptor, bytes, (uint)address.Size);
        }

        var error = result == 0 ? 0 : Marshal.GetLastPInvokeError();
        if (error is not (0 or LoopLibc.InProgress))
        {
            _ = LoopLibc.Close(descriptor);
            Check(error);
        }

        // Watched only now: a socket that is not connecting yet would be reported as broken.
        return new LoopSocket(loop, descriptor);
    }

    private static ushort NativeFamily(IPEndPoint target) => target.AddressFamily == AddressFamily.InterNetworkV6 ? (ushort)10 : (ushort)2;

    private static unsafe int ReadError(int descriptor)
    {
        int error;
        uint length = sizeof(int);
        return LoopLibc.GetOption(descriptor, LoopLibc.SocketLevel, LoopLibc.SocketErrorOption, &error, &length) == 0 ? error : -1;
    }

    private static void Check(int error)
    {
        if (error != 0)
        {
            throw new SocketException((int)(error switch
            {
                101 => SocketError.NetworkUnreachable,
                104 => SocketError.ConnectionReset,
                110 => SocketError.TimedOut,
                111 => SocketError.ConnectionRefused,
                113 => SocketError.HostUnreachable,
                _ => SocketError.SocketError,
            }));
        }
    }
}
