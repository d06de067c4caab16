using System.Runtime.InteropServices;

namespace NativeGateway.Hosting;

/// <summary>
/// How many clients' connections a door holds at once, out of the descriptors that the system grants the process: whatever clients do, some are left
/// for connections to servers and for files.
/// </summary>
internal static unsafe partial class ConnectionLimit
{
    private const int Most = 20_000;
    private const int MostLegacyStreams = 10_000;
    private const int Descriptors = 7;

    /// <summary>Of the door that plain calls come in by.</summary>
    public static int OfMainDoor => (int)Math.Min(Most, RaiseDescriptors() / 2);

    /// <summary>Of Kestrel, where the lean door stands before it: those who keep one of them busy do not close the other.</summary>
    public static int OfSideDoor => (int)Math.Min(Most, RaiseDescriptors() / 4);

    /// <summary>Streams of HTTP+SSE, less than Kestrel holds: whoever comes beyond is told so, and all others still get in.</summary>
    public static int OfLegacyStreams => Math.Min(MostLegacyStreams, OfSideDoor * 9 / 10);

    /// <summary>Takes as many as may be had, which is far more than what shells and service managers begin with; how many that are.</summary>
    private static ulong RaiseDescriptors()
    {
        Limit limit;
        if (!OperatingSystem.IsLinux() || GetLimit(Descriptors, &limit) != 0)
        {
            return ulong.MaxValue;
        }

        limit.Present = limit.Highest;
        _ = SetLimit(Descriptors, &limit);
        _ = GetLimit(Descriptors, &limit);
        return limit.Present;
    }

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, Limit* limit);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, Limit* limit);

    /// <summary><c>struct rlimit</c>.</summary>
    private struct Limit
    {
        public ulong Present;
        public ulong Highest;
    }
}
