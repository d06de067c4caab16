using System.Net.Sockets;
using System.Numerics;
using Microsoft.Extensions.Logging;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// The one loop that reads a process's stdout (MCP basic/transports, "stdio"). It never waits for anybody but the process.
/// </summary>
internal sealed class StdioReader(UpstreamConfig config, Socket output, CallRouter router, ILogger logger)
{
    private const int MaxLine = 64 * 1024 * 1024;

    private long _faultyLines;

    /// <summary>Completes at the end of the stream. What stands after the last line end is no message: it may be half of one.</summary>
    public async Task RunAsync()
    {
        using var lines = new LineReader(MaxLine);
        while (true)
        {
            int read;
            try
            {
                read = await output.ReceiveAsync(lines.GetMemory(), SocketFlags.None, CancellationToken.None);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }

            if (read == 0)
            {
                return;
            }

            lines.Advance(read);
            while (lines.Next(out var line) is var kind && kind != LineKind.None)
            {
                Take(kind, line);
            }
        }
    }

    private void Take(LineKind kind, ReadOnlyMemory<byte> line)
    {
        if (kind == LineKind.Cut)
        {
            Report("TooLong", line.Length);
            return;
        }

        var fault = router.Take(line);
        if (fault != RpcFault.None)
        {
            Report(fault.ToString(), line.Length);
        }
    }

    /// <summary>Servers that print banners print many lines: the 1st, 2nd, 4th, 8th… is logged.</summary>
    private void Report(string fault, int length)
    {
        if (BitOperations.IsPow2(++_faultyLines))
        {
            logger.LineIsNoMessage(config.Key, _faultyLines, fault, length);
        }
    }
}
