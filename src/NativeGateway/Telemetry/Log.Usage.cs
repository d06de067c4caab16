using Microsoft.Extensions.Logging;

namespace NativeGateway.Telemetry;

/// <summary>Usage accounting. Event ids 3300–3349; next free: 3303. Never a name of a tenant or of a tool.</summary>
internal static partial class Log
{
    [LoggerMessage(3300, LogLevel.Warning, "Usage cannot be written; it is kept in memory and tried again: {Reason}")]
    public static partial void UsageNotWritten(this ILogger logger, string reason);

    [LoggerMessage(3301, LogLevel.Information, "Usage can be written again")]
    public static partial void UsageWrittenAgain(this ILogger logger);

    [LoggerMessage(3302, LogLevel.Warning, "Usage older than its retention cannot be removed; tried again in {Pause}: {Reason}")]
    public static partial void UsageNotRemoved(this ILogger logger, TimeSpan pause, string reason);
}
