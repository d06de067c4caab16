using Microsoft.Extensions.Logging;

namespace NativeGateway.Telemetry;

/// <summary>The audit log. Event ids 1180–1189.</summary>
internal static partial class Log
{
    [LoggerMessage(1180, LogLevel.Warning, "{Entries} audit entries of refused requests could not be written and are kept for the next attempt: {Reason}")]
    public static partial void RefusalsNotWritten(this ILogger logger, int entries, string reason);

    [LoggerMessage(1181, LogLevel.Error, "The audit log was tampered with: entry {Sequence} {What}. Nothing of it is removed; run: native-gateway audit verify")]
    public static partial void AuditBroken(this ILogger logger, long sequence, string what);

    [LoggerMessage(1182, LogLevel.Warning, "Old audit entries could not be removed: {Reason}")]
    public static partial void AuditNotForgotten(this ILogger logger, string reason);
}
