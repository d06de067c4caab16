using Microsoft.Extensions.Logging;
using NativeGateway.Model;

namespace NativeGateway.Telemetry;

/// <summary>Every log message of the product, by area. No secret, no body, no tool argument or result is ever a parameter here.</summary>
internal static partial class Log
{
    // Data plane: 3000-3099. Next free: 3003.

    [LoggerMessage(3000, LogLevel.Information, "{RequestId} refused: {Kind}: {Message} {Detail}")]
    public static partial void Refused(this ILogger logger, string requestId, ErrorKind kind, string message, string? detail);

    [LoggerMessage(3001, LogLevel.Error, "{RequestId} failed by a bug in the gateway")]
    public static partial void Fault(this ILogger logger, Exception fault, string requestId);

    [LoggerMessage(3002, LogLevel.Error, "The event loop met a bug in the gateway")]
    public static partial void LoopFaulted(this ILogger logger, Exception fault);
}
