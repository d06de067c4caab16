using Microsoft.Extensions.Logging;

namespace NativeGateway.Telemetry;

/// <summary>Users and their sessions. Event ids 3550–3599; next free: 3551. Never a name or an address of a person.</summary>
internal static partial class Log
{
    [LoggerMessage(3550, LogLevel.Warning, "Sessions that are over could not be removed: {Reason}")]
    public static partial void SessionsNotForgotten(this ILogger logger, string reason);
}
