using System.Buffers.Text;
using System.Net.Sockets;
using System.Numerics;
using Microsoft.Extensions.Logging;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// The one loop that reads a process's stdout and gives every message to whom it belongs (MCP basic/transports, "stdio"). It never waits for
/// anybody but the process.
/// </summary>
internal sealed class StdioReader(
    UpstreamConfig config, Socket output, PendingCalls calls, StdioWriter writer, IUpstreamEvents events, ILogger logger)
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

        var fault = RpcReader.Read(line.Span, out var message);
        if (fault != RpcFault.None)
        {
            Report(fault.ToString(), line.Length);
        }
        else if (message.IsResponse)
        {
            Respond(line.Span, message);
        }
        else if (message.Kind == RpcKind.Request)
        {
            Answer(line.Span, message);
        }
        else
        {
            Notify(line, message);
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

    private void Respond(ReadOnlySpan<byte> line, in RpcMessage message)
    {
        if (TryReadNumber(line, message.Id) is { } id && calls.TryTake(id, out var call))
        {
            call!.Respond(line, message);
        }
        else
        {
            logger.ResponseIgnored(config.Key);
        }
    }

    /// <summary>
    /// A process is shared by clients, and what it asks bears no sign of whose call it is about; so it was told that there is nothing to ask for.
    /// </summary>
    private void Answer(ReadOnlySpan<byte> line, in RpcMessage message)
    {
        var id = message.Id.Of(line);
        if (message.MethodCode == McpMethod.Ping)
        {
            writer.Write(OutgoingLine.Of(HandshakeMessages.EmptyResult(id)));
            return;
        }

        logger.ProcessRequestRefused(config.Key);
        writer.Write(OutgoingLine.Of(HandshakeMessages.MethodNotFound(id)));
    }

    private void Notify(ReadOnlyMemory<byte> line, in RpcMessage message)
    {
        switch (message.MethodCode)
        {
            case McpMethod.NotifyProgress:
                if (TryReadNumber(line.Span, message.NotifiedProgressToken) is { } token)
                {
                    calls.FindByToken(token)?.Notify(line.Span, message);
                }

                break;
            case McpMethod.NotifyMessage:
                calls.FindOnly()?.Notify(line.Span, message);
                break;
            case McpMethod.NotifyToolsListChanged or McpMethod.NotifyPromptsListChanged or McpMethod.NotifyResourcesListChanged:
                if (!TryNotifySubscription(line.Span, message))
                {
                    events.ListChanged(config.Id, message.MethodCode);
                }

                break;
            case McpMethod.NotifyResourceUpdated:
                if (!TryNotifySubscription(line.Span, message))
                {
                    events.ResourceUpdated(config.Id, line.ToArray());
                }

                break;
            default:
                TryNotifySubscription(line.Span, message);
                break;
        }
    }

    /// <summary>Notifications of a subscription share the pipe with everything else and name it (2026-07-28, basic/transports/stdio).</summary>
    private bool TryNotifySubscription(ReadOnlySpan<byte> line, in RpcMessage message)
    {
        var subscription = JsonMembers.Find(line, message.Meta, MetaKeys.SubscriptionId);
        if (TryReadNumber(line, subscription) is not { } id || calls.Find(id) is not { } call)
        {
            return false;
        }

        call.Notify(line, message);
        return true;
    }

    /// <summary>Ids and tokens of a session are numbers that it minted itself; nothing else is one of them.</summary>
    public static long? TryReadNumber(ReadOnlySpan<byte> line, ByteRange range)
    {
        var token = range.Of(line);
        return Utf8Parser.TryParse(token, out long number, out var used) && used == token.Length ? number : null;
    }
}
