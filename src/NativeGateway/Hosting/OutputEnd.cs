using System.Runtime.InteropServices;

namespace NativeGateway.Hosting;

/// <summary>Whether anybody can still read standard output: what is written to it afterwards is dropped by the framework without a word.</summary>
internal static partial class OutputEnd
{
    private const int StandardOutput = 1;
    private const short Error = 0x0008;
    private const short HangUp = 0x0010;

    [StructLayout(LayoutKind.Sequential)]
    private struct Descriptor
    {
        public int Number;
        public short Wanted;
        public short Found;
    }

    public static bool IsBroken()
    {
        var output = new Descriptor { Number = StandardOutput };
        return Poll(ref output, 1, 0) > 0 && (output.Found & (Error | HangUp)) != 0;
    }

    /// <summary>poll(2) of one descriptor; the two conditions are told without being wanted.</summary>
    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll(ref Descriptor descriptor, nuint count, int timeout);
}
