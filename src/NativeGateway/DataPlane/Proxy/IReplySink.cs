using NativeGateway.DataPlane.Policy;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// Where the reply of one exchange goes. Any number of <see cref="SendAsync"/>, then exactly one <see cref="CompleteAsync"/> or
/// <see cref="CompleteEmptyAsync"/>. Messages are copied before a call returns.
/// </summary>
internal interface IReplySink
{
    /// <summary>Facts that leave with the reply; they count until the first message is sent.</summary>
    ReplyHeaders Headers { get; }

    /// <summary>Messages before the final one can be carried.</summary>
    bool CanStream { get; }

    /// <summary>
    /// From here on the reply waits for an upstream. One that belongs to a session may become a stream that its client can resume, by itself
    /// when the wait is long; what fails later is then told in the stream.
    /// </summary>
    void AwaitUpstream(Session? session)
    {
    }

    /// <summary>Sends a notification or a request that precedes the response; turns an HTTP reply into an event stream.</summary>
    ValueTask SendAsync(MessageEditor message);

    /// <summary>The same for a message that is likely to be followed by another one at once: it may leave with that, or at <see cref="FlushAsync"/>.</summary>
    ValueTask HoldAsync(MessageEditor message) => SendAsync(message);

    /// <summary>What is held leaves now. To be called before anything is waited for.</summary>
    ValueTask FlushAsync() => ValueTask.CompletedTask;

    /// <summary>Sends the response. <paramref name="status"/> is the HTTP status, if none has been sent yet.</summary>
    ValueTask CompleteAsync(int status, MessageEditor message);

    /// <summary>Ends the reply without a message: a notification was accepted, or nobody waits for an answer.</summary>
    ValueTask CompleteEmptyAsync(int status);
}

/// <summary>What leaves beside the messages.</summary>
internal sealed class ReplyHeaders
{
    public LimitState Limits { get; set; }

    /// <summary>The session that <c>initialize</c> has opened.</summary>
    public Session? IssuedSession { get; set; }

    public TimeSpan? RetryAfter { get; set; }

    /// <summary>Adds a <c>WWW-Authenticate</c> challenge.</summary>
    public bool ChallengesCredentials { get; set; }

    /// <summary>The <c>Allow</c> header of a 405.</summary>
    public string? Allow { get; set; }

    public void Clear() => (Limits, IssuedSession, RetryAfter, ChallengesCredentials, Allow) = (default, null, null, false, null);
}
