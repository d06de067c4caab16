using Microsoft.Extensions.Logging;

namespace NativeGateway.Telemetry;

/// <summary>Upstreams over HTTP+SSE. Event ids 2150–2199; next free: 2154. Places are host and port; never a header, a path or a body.</summary>
internal static partial class Log
{
    [LoggerMessage(2150, LogLevel.Warning, "Upstream {Upstream} at {Place}: lost its event stream: {Reason}")]
    public static partial void SseConnectionLost(this ILogger logger, string upstream, string place, string reason);

    [LoggerMessage(2151, LogLevel.Warning, "Upstream {Upstream}: an event is no message ({Fault}, {Length} bytes) and was skipped")]
    public static partial void SseEventIsNoMessage(this ILogger logger, string upstream, string fault, int length);

    [LoggerMessage(2152, LogLevel.Error, "Upstream {Upstream} at {Place}: reading its event stream met a bug in the gateway")]
    public static partial void SseLoopFaulted(this ILogger logger, string upstream, string place, Exception fault);

    [LoggerMessage(2153, LogLevel.Error, "Upstream {Upstream} at {Place}: sending a request met a bug in the gateway")]
    public static partial void SsePostFaulted(this ILogger logger, string upstream, string place, Exception fault);
}
