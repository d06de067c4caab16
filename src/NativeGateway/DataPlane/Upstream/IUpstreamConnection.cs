using System.Buffers;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// One upstream MCP server as the gateway talks to it, over whatever transport: finds out which revision it speaks, keeps sessions with it
/// and heals them. One per upstream and credential; used by many exchanges at once; survives a snapshot swap that does not change its config.
/// </summary>
internal interface IUpstreamConnection : IAsyncDisposable
{
    /// <summary>
    /// The session in which an exchange of a client with these capabilities runs. Opened, with probe and handshake, when there is none yet
    /// (concurrent callers share one attempt); completes synchronously otherwise. A modern upstream has one session for all capabilities.
    /// </summary>
    ValueTask<UpstreamOpening> OpenAsync(UpstreamClient client, CancellationToken cancellationToken);

    /// <summary>What is known of its endpoints.</summary>
    UpstreamHealth Health { get; }

    /// <summary>
    /// Asks an endpoint how it is, and lets <see cref="Health"/> know. Opens no session, starts no process, and is not counted as a use of either.
    /// </summary>
    /// <exception cref="OperationCanceledException">The endpoint said nothing in time; what that means is the caller's to say.</exception>
    ValueTask<ProbeOutcome> ProbeAsync(int endpoint, CancellationToken cancellationToken);
}

/// <summary>For whom a session is opened.</summary>
/// <param name="Affinity">
/// Clients of the same number get the same endpoint as long as it is usable, where sessions hold state; 0 for whom any will do.
/// </param>
internal readonly record struct UpstreamClient(ClientCapabilities Capabilities, int Affinity = 0)
{
    /// <summary>The number for what all clients share, such as the subscription of a resource.</summary>
    public const int Everybody = 1;

    public static implicit operator UpstreamClient(ClientCapabilities capabilities) => new(capabilities);
}

/// <summary>How an endpoint answered when it was asked how it is.</summary>
internal enum ProbeOutcome : byte
{
    /// <summary>There was no way to ask without leaving something behind.</summary>
    NotAsked,
    Answered,
    Failed,
}

/// <summary>A session, or why there is none. Exactly one of the two is set.</summary>
/// <param name="Why">Why it is a session with this endpoint.</param>
internal readonly record struct UpstreamOpening(IUpstreamSession? Session, GatewayError? Error, EndpointReason Why = EndpointReason.Only);

/// <summary>A conversation with an upstream in one revision. A lost legacy session is re-initialized once per request behind this interface.</summary>
internal interface IUpstreamSession
{
    UpstreamPeer Peer { get; }

    /// <summary>
    /// Completes when what was set up in this conversation is lost: the process or connection has ended, the session was opened anew, or nothing
    /// shall be done with it any more. Asked for again, it speaks of the conversation that came after.
    /// </summary>
    Task Ended { get; }

    /// <summary>A request id (or progress token) that this session has never used, as decimal digits written into <paramref name="destination"/>; returns how many.</summary>
    int NextId(Span<byte> destination);

    /// <summary>
    /// Sends one request, whose id comes from <see cref="NextId"/>. Returns when the upstream has begun to answer, or an error when it cannot.
    /// Cancelling <paramref name="cancellationToken"/> abandons the request but tells a legacy upstream nothing (post <c>notifications/cancelled</c> for that).
    /// </summary>
    ValueTask<UpstreamSending> SendAsync(UpstreamRequest request, CancellationToken cancellationToken);

    /// <summary>Sends a notification, or the response to a request of the upstream. The bytes are free again when the task completes.</summary>
    ValueTask<GatewayError?> PostAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken);
}

/// <summary>What an upstream said of itself.</summary>
/// <param name="Capabilities">Raw JSON object of its server capabilities.</param>
/// <param name="ServerInfo">Raw JSON object, or empty when a modern upstream gave none.</param>
internal sealed record UpstreamPeer(
    ProtocolRevision Revision,
    ReadOnlyMemory<byte> Capabilities,
    ReadOnlyMemory<byte> ServerInfo,
    string? Instructions);

/// <summary>One request on its way to an upstream. Owned by the exchange; valid until the reply is disposed.</summary>
internal sealed class UpstreamRequest
{
    private readonly byte[] _id = new byte[20];

    /// <summary>What the HTTP transports keep with a request, to use it again for the next one.</summary>
    public WireRequest? Wire { get; set; }

    /// <inheritdoc cref="Wire"/>
    public HttpReply? Reply { get; set; }

    /// <summary>The message, already in the upstream's revision, with the upstream's id and names.</summary>
    public MessageEditor Message { get; } = new();

    /// <summary>The upstream id as it stands in the message, to correlate the response.</summary>
    public ReadOnlyMemory<byte> Id { get; set; }

    /// <summary>The token under which the upstream reports progress, as it stands in the message; empty when no progress was asked for.</summary>
    public ReadOnlyMemory<byte> ProgressToken { get; set; }

    public McpMethod Method { get; set; }

    /// <summary>The endpoint that it was sent to last, by its position in the configuration.</summary>
    public int Endpoint { get; private set; }

    /// <summary>How many endpoints it was sent to.</summary>
    public int Tries { get; set; }

    /// <summary>Part of opening a session, which is judged as a whole.</summary>
    public bool IsHandshake { get; init; }

    /// <summary>Asked by the gateway itself, whether the upstream is well: no use of it.</summary>
    public bool IsProbe { get; init; }

    /// <summary>The method's text without quotes, for the <c>Mcp-Method</c> header of modern upstreams.</summary>
    public ReadOnlyMemory<byte> MethodText { get; set; }

    /// <summary>Unescaped text for the <c>Mcp-Name</c> header of modern upstreams; empty when the method has none.</summary>
    public ReadOnlyMemory<byte> MirroredName { get; set; }

    /// <summary>Further mirrored headers (<c>Mcp-Param-*</c>), names and already encoded values; null for none.</summary>
    public IReadOnlyList<KeyValuePair<string, string>>? MirroredParameters { get; set; }

    /// <summary>W3C trace context from the client's headers, to send as a header or where there are none in <c>_meta</c>; null for none.</summary>
    public string? TraceParent { get; set; }

    /// <inheritdoc cref="TraceParent"/>
    public string? TraceState { get; set; }

    /// <summary>A session is about to send it.</summary>
    public void GoTo(int endpoint)
    {
        Endpoint = endpoint;
        Tries++;
    }

    /// <summary>Sets <see cref="Id"/>; its memory is used again for the next one.</summary>
    /// <param name="digits">20 at most.</param>
    public ReadOnlyMemory<byte> TakeId(ReadOnlySpan<byte> digits)
    {
        digits.CopyTo(_id);
        return Id = _id.AsMemory(0, digits.Length);
    }

    /// <summary>Makes it fit for another request.</summary>
    public void Clear()
    {
        Message.Reset(default);
        (Id, ProgressToken, Method, MethodText, MirroredName) = (default, default, McpMethod.Unknown, default, default);
        (MirroredParameters, TraceParent, TraceState, Endpoint, Tries) = (null, null, null, default, 0);
    }

    /// <summary>The request as it is now, on its own.</summary>
    public UpstreamRequest Copy()
    {
        var message = new ArrayBufferWriter<byte>(Message.Length);
        Message.WriteTo(message);
        var copy = new UpstreamRequest
        {
            Id = Id.ToArray(),
            ProgressToken = ProgressToken.ToArray(),
            Method = Method,
            MethodText = MethodText,
            MirroredName = MirroredName,
            MirroredParameters = MirroredParameters,
            TraceParent = TraceParent,
            TraceState = TraceState,
        };
        copy.Message.Reset(message.WrittenMemory);
        return copy;
    }
}

/// <summary>A reply stream, or why there is none. Exactly one of the two is set.</summary>
/// <param name="Elsewhere">The session that took the request in the place of the one it was given to; what belongs to the request goes there.</param>
internal readonly record struct UpstreamSending(UpstreamReply? Reply, GatewayError? Error, IUpstreamSession? Elsewhere = null);

/// <summary>
/// What an upstream sends back for one request: any number of notifications and requests, then one response. Reading is pull-based, so a slow
/// client slows only its own reply down. Disposing before the response abandons the rest (and, for a modern HTTP upstream, cancels the request).
/// </summary>
internal abstract class UpstreamReply : IAsyncDisposable
{
    /// <summary>The next message; its bytes are valid until the next call. After the response the reply is at its end and must not be read again.</summary>
    public abstract ValueTask<UpstreamReceived> ReadAsync(CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();
}

/// <summary>One message from an upstream with its head, or why there is none (connection broken, not a JSON-RPC message, too large).</summary>
internal readonly record struct UpstreamReceived(ReadOnlyMemory<byte> Bytes, RpcMessage Message, GatewayError? Error);

/// <summary>
/// What an upstream says outside any request. Handlers return at once; they are called from the connection's own reading loop.
/// </summary>
internal interface IUpstreamEvents
{
    /// <summary><c>notifications/{tools,prompts,resources}/list_changed</c>, or a fresh session after a lost one (method <see cref="McpMethod.Unknown"/>).</summary>
    void ListChanged(Guid upstreamId, McpMethod notification);

    /// <summary><c>notifications/resources/updated</c>, with the whole message.</summary>
    void ResourceUpdated(Guid upstreamId, ReadOnlyMemory<byte> message);

    /// <summary><c>notifications/elicitation/complete</c>, with the whole message.</summary>
    void ElicitationCompleted(Guid upstreamId, ReadOnlyMemory<byte> message);

    /// <summary>What is known of an endpoint is different now. May be called from any thread, in the order of the changes.</summary>
    void HealthChanged(VerdictChanged change);
}
