using Microsoft.Extensions.Logging;

namespace NativeGateway.Telemetry;

/// <summary>How log entries are written.</summary>
internal enum ConsoleLogFormat
{
    Text,
    Json,
}

/// <summary>One log entry on its way to a line.</summary>
/// <param name="Category">The last part of the logger's name.</param>
/// <param name="Values">The named values of the message, or null.</param>
internal readonly record struct ConsoleLogEntry(
    DateTimeOffset Time,
    LogLevel Level,
    string Category,
    EventId Event,
    string Message,
    Exception? Exception,
    IReadOnlyList<KeyValuePair<string, object?>>? Values);
