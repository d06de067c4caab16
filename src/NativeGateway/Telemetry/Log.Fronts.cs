using Microsoft.Extensions.Logging;

namespace NativeGateway.Telemetry;

/// <summary>What clients connect to. Event ids 3150–3199; next free: 3152.</summary>
internal static partial class Log
{
    [LoggerMessage(3150, LogLevel.Debug, "{RequestId} opened an event stream of 2024-11-05; {Count} are open")]
    public static partial void SseConnectionOpened(this ILogger logger, string requestId, int count);

    [LoggerMessage(3151, LogLevel.Debug, "{RequestId} closed its event stream of 2024-11-05; {Count} are open")]
    public static partial void SseConnectionClosed(this ILogger logger, string requestId, int count);
}
