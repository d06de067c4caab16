using Microsoft.Extensions.Logging;
using NativeGateway.Protocol;

namespace NativeGateway.Telemetry;

/// <summary>HTTP upstreams. Event ids 2000–2199; next free: 2013. Places are host and port; never a header, a path or a body.</summary>
internal static partial class Log
{
    [LoggerMessage(2000, LogLevel.Information, "Upstream {Upstream} at {Place} speaks {Revision}")]
    public static partial void UpstreamSpeaks(this ILogger logger, string upstream, string place, ProtocolRevision revision);

    [LoggerMessage(2001, LogLevel.Debug, "Upstream {Upstream} at {Place} is not asked for {Seconds:0.#} s, because it could not be reached: {Reason}")]
    public static partial void CircuitOpened(this ILogger logger, string upstream, string place, double seconds, string? reason);

    [LoggerMessage(2002, LogLevel.Debug, "Upstream {Upstream} at {Place} can be reached again")]
    public static partial void CircuitClosed(this ILogger logger, string upstream, string place);

    [LoggerMessage(2003, LogLevel.Debug, "Upstream {Upstream}: ignored a response that answers another request")]
    public static partial void ForeignResponse(this ILogger logger, string upstream);

    [LoggerMessage(2004, LogLevel.Debug, "Upstream {Upstream}: ignored a request, which its revision does not allow")]
    public static partial void ForbiddenRequest(this ILogger logger, string upstream);

    [LoggerMessage(2005, LogLevel.Information, "Upstream {Upstream} at {Place} lost a session; it was opened anew")]
    public static partial void SessionRenewed(this ILogger logger, string upstream, string place);

    [LoggerMessage(2006, LogLevel.Warning, "Upstream {Upstream} at {Place}: no session could be opened: {Reason}")]
    public static partial void OpeningFailed(this ILogger logger, string upstream, string place, string? reason);

    [LoggerMessage(2007, LogLevel.Error, "Upstream {Upstream} at {Place}: opening a session failed by a fault of the gateway")]
    public static partial void OpeningFaulted(this ILogger logger, string upstream, string place, Exception fault);

    [LoggerMessage(2008, LogLevel.Debug, "Upstream {Upstream} at {Place} offers no stream for its notifications")]
    public static partial void NoStreamOffered(this ILogger logger, string upstream, string place);

    [LoggerMessage(2009, LogLevel.Debug, "Upstream {Upstream} at {Place}: its stream of notifications ended: {Reason}")]
    public static partial void StreamEnded(this ILogger logger, string upstream, string place, string reason);

    [LoggerMessage(2010, LogLevel.Error, "Upstream {Upstream} at {Place}: its stream of notifications failed by a fault of the gateway")]
    public static partial void StreamFaulted(this ILogger logger, string upstream, string place, Exception fault);

    [LoggerMessage(2011, LogLevel.Debug, "Upstream {Upstream}: a reply that broke is taken up again, attempt {Attempt}")]
    public static partial void ReplyResumed(this ILogger logger, string upstream, int attempt);

    [LoggerMessage(2012, LogLevel.Debug, "Upstream {Upstream}: refused its question, because it belongs to none of the calls in flight, or may belong to several")]
    public static partial void QuestionRefused(this ILogger logger, string upstream);
}
