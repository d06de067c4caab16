using Microsoft.Extensions.Logging;

namespace NativeGateway.Telemetry;

/// <summary>Export of traces and metrics. Event ids 3600–3649; next free: 3602. The collector by host and port; never a header.</summary>
internal static partial class Log
{
    [LoggerMessage(3600, LogLevel.Warning, "Telemetry is not exported to {Place}: {Reason}")]
    public static partial void TelemetryNotExported(this ILogger logger, string place, string reason);

    [LoggerMessage(3601, LogLevel.Information, "Telemetry is exported to {Place} again")]
    public static partial void TelemetryExportedAgain(this ILogger logger, string place);
}
