using System.Diagnostics;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// What an exchange leaves behind on its way, for <see cref="CallPath"/>. Part of the exchange, set in place. Time stamps are those of
/// <see cref="Stopwatch"/>, 0 for what did not happen.
/// </summary>
internal struct CallMarks
{
    /// <summary>The stage that is asked at the moment; the first one until a body is read.</summary>
    public CallStage Stage;

    /// <summary>Whose secret it was, of a request that was refused before there was a caller.</summary>
    public Caller? Known;

    /// <summary>Why the session's endpoint was chosen.</summary>
    public EndpointReason Why;

    /// <summary>It had to wait for a place among the server's calls.</summary>
    public long QueuedAt;

    public long UpstreamBegan;

    /// <summary>A session had to be opened, and was.</summary>
    public long SessionOpened;

    public long AnswerBegan;

    /// <param name="wasOpen">There was a session already, which costs no time.</param>
    public void Opened(UpstreamOpening opening, bool wasOpen)
    {
        Why = opening.Why;
        SessionOpened = wasOpen || opening.Session is null ? 0 : Stopwatch.GetTimestamp();
    }

    /// <summary>The upstream begins to answer, or the request could not be sent.</summary>
    public void Sent(UpstreamSending sending)
    {
        AnswerBegan = sending.Reply is null ? 0 : Stopwatch.GetTimestamp();
        Why = sending.Elsewhere is null ? Why : EndpointReason.Failover;
    }

    public readonly CallPath PathOf(Exchange exchange)
    {
        var failure = exchange.Failure;
        var request = exchange.Request;
        var isSent = UpstreamBegan != 0 && request.Tries > 0;
        var ended = UpstreamBegan + exchange.UpstreamTicks;
        var opened = SessionOpened != 0 ? SessionOpened : request.Tries > 0 ? UpstreamBegan : ended;
        return new CallPath
        {
            Stage = failure is not null && Stage == CallStage.Capacity ? AdmissionStageOf(failure.Kind, exchange.Caller is not null) : Stage,
            Reason = failure?.Kind,
            LimitScope = failure?.LimitScope,
            NothingSent = failure is not null
                && (UpstreamBegan == 0 ? exchange.UpstreamTicks == 0 : !isSent || failure.Retry == RetryHint.NothingSent),
            Method = McpMethods.Label(exchange.Message.MethodCode),
            Why = isSent ? Why : EndpointReason.None,
            Endpoint = isSent ? request.Endpoint : -1,
            Tries = isSent ? request.Tries : 0,
            Queued = QueuedAt == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(QueuedAt, UpstreamBegan),
            Opening = UpstreamBegan == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(UpstreamBegan, opened),
            Waiting = UpstreamBegan == 0
                ? Stopwatch.GetElapsedTime(0, exchange.UpstreamTicks)
                : Stopwatch.GetElapsedTime(opened, AnswerBegan != 0 ? AnswerBegan : ended),
            Relaying = AnswerBegan == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(AnswerBegan, ended),
        };
    }

    /// <summary>Before a body is read each stage has kinds of its own to refuse with.</summary>
    private static CallStage AdmissionStageOf(ErrorKind kind, bool isIdentified) => kind switch
    {
        ErrorKind.Saturated => CallStage.Capacity,
        ErrorKind.ForbiddenOrigin => CallStage.Origin,
        ErrorKind.TooLarge => CallStage.Size,
        ErrorKind.ForbiddenAddress => CallStage.Address,
        ErrorKind.UnknownUpstream => CallStage.Path,
        ErrorKind.Forbidden when isIdentified => CallStage.Path,
        ErrorKind.Unauthenticated or ErrorKind.RateLimited or ErrorKind.Forbidden or ErrorKind.ClientGone => CallStage.Credential,
        _ => CallStage.Message,
    };
}
