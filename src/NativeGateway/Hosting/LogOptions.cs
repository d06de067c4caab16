using Microsoft.Extensions.Logging;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.Telemetry;

namespace NativeGateway.Hosting;

/// <summary>How much is logged, and in which form.</summary>
internal readonly record struct LogOptions(LogLevel Level, ConsoleLogFormat Format)
{
    public static readonly LogOptions Default = new(LogLevel.Information, ConsoleLogFormat.Text);

    /// <summary>Faults are told to <paramref name="reading"/>.</summary>
    public static LogOptions Read(Sourced? level, Sourced? format, ConfigReading reading) => new(ReadLevel(level, reading), ReadFormat(format, reading));

    private static LogLevel ReadLevel(Sourced? given, ConfigReading reading)
    {
        switch (given?.Value.ToLowerInvariant())
        {
            case "trace":
                return LogLevel.Trace;
            case "debug":
                return LogLevel.Debug;
            case null or "info" or "information":
                return LogLevel.Information;
            case "warn" or "warning":
                return LogLevel.Warning;
            case "error":
                return LogLevel.Error;
            case "critical":
                return LogLevel.Critical;
            case "none":
                return LogLevel.None;
            default:
                reading.Fault(given!.Value.Origin, "must be trace, debug, info, warning, error, critical or none");
                return default;
        }
    }

    private static ConsoleLogFormat ReadFormat(Sourced? given, ConfigReading reading)
    {
        switch (given?.Value.ToLowerInvariant())
        {
            case null or "text":
                return ConsoleLogFormat.Text;
            case "json":
                return ConsoleLogFormat.Json;
            default:
                reading.Fault(given!.Value.Origin, "must be text or json");
                return default;
        }
    }
}
