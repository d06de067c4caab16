using System.Net;

namespace NativeGateway.NativeTests.Wire;

/// <summary>Addresses of this machine to come from, each used once: what the gateway counts per address does not mix tests then.</summary>
internal static class Loopback
{
    private static int _last;

    public static IPAddress Next()
    {
        var number = Interlocked.Increment(ref _last);
        return new IPAddress([127, 1, (byte)(number >> 8), (byte)number]);
    }
}
