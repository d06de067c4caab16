using System.Net;
using System.Net.Sockets;

namespace NativeGateway.NativeTests.Upstreams;

/// <summary>A loopback port that refuses connections as long as the tests run: bound, so that nobody else gets it, and never listening.</summary>
internal static class ClosedPort
{
    private static readonly Socket Holder = Bind();

    public static int Number => ((IPEndPoint)Holder.LocalEndPoint!).Port;

    public static string Url => $"http://127.0.0.1:{Number}/mcp";

    private static Socket Bind()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }
}
