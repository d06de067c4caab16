using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>How the requests of a session present themselves to an HTTP upstream.</summary>
/// <param name="Revision">Null before it is known, on <c>initialize</c>.</param>
/// <param name="SessionId">What a legacy upstream gave on <c>initialize</c>; null when it gave none.</param>
internal sealed record HttpSessionHead(ProtocolRevision? Revision, string? SessionId)
{
    public static readonly HttpSessionHead None = new(null, null);

    public static readonly HttpSessionHead Modern = new(ProtocolRevision.NewestModern, null);

    public bool IsModern => Revision is { IsModern: true };
}

/// <summary>A session's handshake and what became known by it. Replaced as a whole when the session is opened anew.</summary>
internal sealed class HttpSessionState(UpstreamPeer peer, HttpSessionHead head)
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public UpstreamPeer Peer => peer;

    public HttpSessionHead Head => head;

    /// <summary>Completes when another state took this one's place, or nothing shall be done with it any more.</summary>
    public Task Ended => _ended.Task;

    public void End() => _ended.TrySetResult();
}
