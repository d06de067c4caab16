using Microsoft.Extensions.Logging;

namespace NativeGateway.Telemetry;

/// <summary>Sessions and suspended calls. Event ids 3100–3149; next free: 3102. Never a question or an answer.</summary>
internal static partial class Log
{
    [LoggerMessage(3100, LogLevel.Information, "A suspended call expired: its client did not come back with answers")]
    public static partial void SuspendedCallExpired(this ILogger logger);

    [LoggerMessage(3101, LogLevel.Error, "A suspended call failed by a bug in the gateway")]
    public static partial void SuspendedCallFaulted(this ILogger logger, Exception fault);
}
