using Microsoft.Extensions.Logging;
using NativeGateway.Model;

namespace NativeGateway.Telemetry;

/// <summary>What clients connect to. Event ids 3150–3199; next free: 3155.</summary>
internal static partial class Log
{
    [LoggerMessage(3150, LogLevel.Debug, "{RequestId} opened an event stream of 2024-11-05; {Count} are open")]
    public static partial void SseConnectionOpened(this ILogger logger, string requestId, int count);

    [LoggerMessage(3151, LogLevel.Debug, "{RequestId} closed its event stream of 2024-11-05; {Count} are open")]
    public static partial void SseConnectionClosed(this ILogger logger, string requestId, int count);

    [LoggerMessage(3152, LogLevel.Information, "The session at {Place} was lost and opened anew")]
    public static partial void BridgeSessionRenewed(this ILogger logger, string place);

    [LoggerMessage(3153, LogLevel.Warning, "A message could not be carried: {Kind}: {Message}")]
    public static partial void BridgeFailed(this ILogger logger, ErrorKind kind, string message);

    [LoggerMessage(3154, LogLevel.Error, "Carrying a message met a bug in the gateway")]
    public static partial void BridgeFaulted(this ILogger logger, Exception fault);
}
