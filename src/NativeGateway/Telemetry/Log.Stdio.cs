using Microsoft.Extensions.Logging;
using NativeGateway.Protocol;

namespace NativeGateway.Telemetry;

/// <summary>Stdio upstreams. Event ids 2200–2399; next free: 2217. Never a line of stdin or stdout, never an argument or a variable.</summary>
internal static partial class Log
{
    [LoggerMessage(2200, LogLevel.Information, "Upstream {Upstream}: started '{FileName}' as process {ProcessId}")]
    public static partial void ProcessStarted(this ILogger logger, string upstream, string fileName, int processId);

    [LoggerMessage(2201, LogLevel.Information, "Upstream {Upstream}: process {ProcessId} speaks {Revision}")]
    public static partial void ProcessReady(this ILogger logger, string upstream, int processId, ProtocolRevision revision);

    [LoggerMessage(2202, LogLevel.Warning, "Upstream {Upstream}: process {ProcessId} ended by itself: {Reason}")]
    public static partial void ProcessLost(this ILogger logger, string upstream, int processId, string reason);

    [LoggerMessage(2203, LogLevel.Information, "Upstream {Upstream}: process {ProcessId} was stopped: {Reason}")]
    public static partial void ProcessStopped(this ILogger logger, string upstream, int processId, string reason);

    [LoggerMessage(2204, LogLevel.Warning, "Upstream {Upstream} does not start: {Reason}")]
    public static partial void ProcessDoesNotStart(this ILogger logger, string upstream, string reason);

    [LoggerMessage(2205, LogLevel.Information, "Upstream {Upstream} writes: {Line}")]
    public static partial void ProcessWrites(this ILogger logger, string upstream, string line);

    [LoggerMessage(2206, LogLevel.Information, "Upstream {Upstream} wrote {Count} more lines than are logged")]
    public static partial void ProcessWroteTooMuch(this ILogger logger, string upstream, long count);

    [LoggerMessage(2207, LogLevel.Warning, "Upstream {Upstream}: line {Number} of this kind on stdout is no message ({Fault}, {Length} bytes) and was skipped")]
    public static partial void LineIsNoMessage(this ILogger logger, string upstream, long number, string fault, int length);

    [LoggerMessage(2208, LogLevel.Debug, "Upstream {Upstream}: refused its request, because it declared no client capabilities to it")]
    public static partial void ProcessRequestRefused(this ILogger logger, string upstream);

    [LoggerMessage(2209, LogLevel.Debug, "Upstream {Upstream}: dropped {Count} notifications of a call whose reader was too slow")]
    public static partial void NotificationsDropped(this ILogger logger, string upstream, long count);

    [LoggerMessage(2210, LogLevel.Warning, "Upstream {Upstream}: process {ProcessId} does not read its stdin; calls are refused until it does")]
    public static partial void ProcessDoesNotRead(this ILogger logger, string upstream, int processId);

    [LoggerMessage(2211, LogLevel.Information, "Upstream {Upstream}: process {ProcessId} reads its stdin again")]
    public static partial void ProcessReadsAgain(this ILogger logger, string upstream, int processId);

    [LoggerMessage(2212, LogLevel.Debug, "Upstream {Upstream}: probe for a modern revision ended with: {Outcome}")]
    public static partial void ProbeEnded(this ILogger logger, string upstream, string outcome);

    [LoggerMessage(2213, LogLevel.Debug, "Upstream {Upstream}: a response to a request that is not (any more) in flight was ignored")]
    public static partial void ResponseIgnored(this ILogger logger, string upstream);

    [LoggerMessage(2214, LogLevel.Error, "Upstream {Upstream}: a loop of process {ProcessId} failed")]
    public static partial void ProcessLoopFailed(this ILogger logger, string upstream, int processId, Exception fault);

    [LoggerMessage(2215, LogLevel.Error, "Upstream {Upstream}: starting its process failed")]
    public static partial void ProcessStartFaulted(this ILogger logger, string upstream, Exception fault);

    [LoggerMessage(2216, LogLevel.Warning, "Child processes may outlive a crash of the gateway: {Reason}")]
    public static partial void OrphanGuardMissing(this ILogger logger, string reason);
}
