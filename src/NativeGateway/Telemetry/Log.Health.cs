using Microsoft.Extensions.Logging;
using NativeGateway.Model;

namespace NativeGateway.Telemetry;

/// <summary>The health of servers. Event ids 2400–2449; next free: 2404. Endpoints by their position in the configuration, never by address.</summary>
internal static partial class Log
{
    [LoggerMessage(EventId = 2400, Message = "Upstream {Upstream}: endpoint {Endpoint} was {Before} and is {After}; the server as a whole is {Whole}. {Reason}")]
    public static partial void VerdictChanged(
        this ILogger logger, LogLevel level, string upstream, int endpoint, HealthVerdict before, HealthVerdict after, HealthVerdict whole, string? reason);

    [LoggerMessage(2401, LogLevel.Warning, "Upstream {Upstream}: lists leave something of it out or show it from memory")]
    public static partial void ListsIncomplete(this ILogger logger, string upstream);

    [LoggerMessage(2402, LogLevel.Information, "Upstream {Upstream}: lists are complete again")]
    public static partial void ListsComplete(this ILogger logger, string upstream);

    [LoggerMessage(2403, LogLevel.Error, "Upstream {Upstream}: asking endpoint {Endpoint} how it is failed by a fault of the gateway")]
    public static partial void ProbeFaulted(this ILogger logger, string upstream, int endpoint, Exception fault);
}
