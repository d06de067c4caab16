using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using NativeGateway.DataPlane.Catalog;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// One request and its reply, from the first header to the last byte. Filled stage by stage by <see cref="McpProxy"/>; used by one
/// logical thread at a time; never shared. A front that answers one request after the other may use it again by <see cref="Restart"/>.
/// </summary>
internal sealed class Exchange
{
    private static readonly GatewayError BodyLost = new(ErrorKind.ClientGone, "The client left before its request had arrived.");

    private readonly PipeReader? _pipe;
    private byte[]? _pooled;
    private bool _holdsPipe;
    private SequencePosition _pipeEnd;
    private CallClock? _clock;

    public Exchange(RequestHead head, IReplySink reply, PipeReader? body, CancellationToken clientGone)
    {
        (Head, Reply, _pipe, ClientGone) = (head, reply, body, clientGone);
        StartedAt = Stopwatch.GetTimestamp();
    }

    /// <summary>A message that is already in memory. It must stay there until the exchange is over.</summary>
    public Exchange(RequestHead head, ReadOnlyMemory<byte> message, IReplySink reply, CancellationToken clientGone)
        : this(head, reply, null, clientGone) => Body = message;

    /// <summary>Part of a batch.</summary>
    public Exchange(Exchange whole, IReplySink reply, ReadOnlyMemory<byte> message)
        : this(whole.Head, reply, null, whole.ClientGone)
    {
        Body = message;
        Snapshot = whole.Snapshot;
        Caller = whole.Caller;
        Single = whole.Single;
        IsBatched = true;
    }

    public RequestHead Head { get; private set; }

    /// <summary>What is wrong with a body that cannot be read to its end; the front knows what its server means. Given the size limit in bytes.</summary>
    public Func<IOException, int, GatewayError> ExplainBrokenBody { get; init; } =
        static (_, _) => new GatewayError(ErrorKind.InvalidRequest, "The request body is broken.");

    public IReplySink Reply { get; private set; }

    /// <summary>Cancelled when the connection to the client is gone. Whether that cancels the work depends on the revision.</summary>
    public CancellationToken ClientGone { get; private set; }

    public Snapshot Snapshot { get; set; } = null!;

    public Caller Caller { get; set; } = null!;

    /// <summary>The bytes of the message; <see cref="Message"/> points into them.</summary>
    public ReadOnlyMemory<byte> Body { get; private set; }

    public RpcMessage Message;

    public bool IsBatched { get; }

    /// <summary>The body is a batch, and <see cref="Message"/> is none.</summary>
    public bool HoldsBatch { get; set; }

    /// <summary>The client's revision.</summary>
    public ProtocolRevision Revision { get; set; } = ProtocolRevision.Assumed;

    /// <summary>Whom a session has to belong to in order to be the client's.</summary>
    public SessionOwner Owner => new(Caller.KeyId, Caller.Workspace!.Id, Single?.Id);

    /// <summary>The client's session; null for modern clients and for legacy ones that never opened one.</summary>
    public Session? Session { get; set; }

    /// <summary>The one upstream of <c>/mcp/{server}</c>; null on the aggregate endpoint.</summary>
    public Model.Upstream? Single { get; set; }

    /// <summary>Where the message goes; null when the gateway answers itself.</summary>
    public Model.Upstream? Target { get; set; }

    /// <summary>The upstream's own name of the tool or prompt, or its own URI, as text; empty when the method names nothing.</summary>
    public ReadOnlyMemory<byte> OwnName { get; set; }

    /// <summary>The same as the client wrote it.</summary>
    public ReadOnlyMemory<byte> SentName { get; set; }

    /// <summary>
    /// The tool's or prompt's own name in the memory of the upstream's catalog: what may be told of the request beyond its life. Null for a name
    /// that is in no catalog, which a client may have made up.
    /// </summary>
    public byte[]? CatalogName { get; set; }

    /// <summary>Set when the body must name the target differently from the client: the raw token to put in place.</summary>
    public ReadOnlyMemory<byte> OwnNameToken { get; set; }

    /// <summary>Headers that a modern upstream wants some of the tool's arguments repeated in; empty for nearly every tool.</summary>
    public IReadOnlyList<HeaderParameter> HeaderParameters { get; set; } = [];

    /// <summary>A legacy client gets the tool's structured results as a member of an object, whatever they are; see <see cref="StructuredOutput"/>.</summary>
    public bool WrapsOutput { get; set; }

    public UpstreamRequest Request { get; } = new();

    /// <summary>What the client can be asked by the upstream while this exchange runs.</summary>
    public ClientCapabilities Askable { get; set; }

    /// <summary>What the upstream wanted to ask and could not.</summary>
    public ClientCapabilities Refused { get; set; }

    /// <summary>Questions put to a legacy client; null as long as there was none.</summary>
    public ClientQuestions? Questions { get; set; }

    /// <summary>What a modern client brought along with the answers to questions; null for a first request.</summary>
    public RequestState? State { get; set; }

    /// <summary>The upstream's reply, the clock and the lease belong to a <see cref="SuspendedCall"/> now.</summary>
    public bool IsHandedOver { get; set; }

    /// <summary>How far the exchange has come, and when.</summary>
    public CallMarks Marks;

    /// <summary>The exchange in its client's trace.</summary>
    public SpanContext Span;

    /// <summary>Time stamps of <see cref="Stopwatch"/>.</summary>
    public long StartedAt { get; private set; }

    public long UpstreamTicks { get; set; }

    /// <summary>Why the exchange was refused or failed; null when it was answered.</summary>
    public GatewayError? Failure { get; set; }

    /// <summary>The code of the JSON-RPC error that the upstream answered with; null for none.</summary>
    public int? AnsweredCode { get; set; }

    /// <summary>The tool answered with <c>isError</c>.</summary>
    public bool AnsweredWithToolError { get; set; }

    /// <summary>The upstream answered with a JSON-RPC error or the tool with <c>isError</c>.</summary>
    public bool AnsweredWithError => AnsweredCode is not null || AnsweredWithToolError;

    public CallOutcome Outcome => Failure is { } failure ? ErrorResponder.OutcomeOf(failure.Kind)
        : AnsweredCode is not null ? CallOutcome.ServerError
        : AnsweredWithToolError ? CallOutcome.ToolError
        : CallOutcome.Ok;

    /// <summary>Nobody holds on to anything of it, so that it may serve another request once it is over.</summary>
    public bool MayRestart => Session is null && State is null && Questions is null && !IsHandedOver;

    /// <summary>Makes it the exchange of another request. The message must stay in memory until that is over.</summary>
    public void Restart(RequestHead head, ReadOnlyMemory<byte> message, IReplySink reply, CancellationToken clientGone)
    {
        (Head, Reply, ClientGone, Body) = (head, reply, clientGone, message);
        (Snapshot, Caller, Message, Revision) = (null!, null!, default, ProtocolRevision.Assumed);
        (HoldsBatch, Single, Target, OwnName, SentName, CatalogName, OwnNameToken) = (false, null, null, default, default, null, default);
        (HeaderParameters, WrapsOutput, Askable, Refused) = ([], false, default, default);
        (Marks, Span) = (default, default);
        Request.Clear();
        (UpstreamTicks, Failure, AnsweredCode, AnsweredWithToolError) = (0, null, null, false);
        StartedAt = Stopwatch.GetTimestamp();
    }

    /// <summary>The clock of the call that begins now. To be given back by <see cref="EndClock"/>, unless it goes into other hands.</summary>
    public CallClock StartClock(TimeSpan silence, TimeProvider time)
    {
        var clock = _clock ?? new CallClock(time);
        _clock = null;

        // A legacy client that loses its connection has not cancelled anything (2025-11-25, basic/transports); a modern one has.
        clock.Start(silence, Revision.IsModern ? ClientGone : default);
        return clock;
    }

    public void EndClock(CallClock clock)
    {
        if (MayRestart && clock.TryEnd())
        {
            _clock = clock;
        }
        else
        {
            clock.Dispose();
        }
    }

    public ReadOnlySpan<byte> Text(ByteRange range) => range.Of(Body.Span);

    /// <summary>Reads the whole body. Until <see cref="ReleaseBody"/> its memory stays with the exchange.</summary>
    public ValueTask<GatewayError?> ReadBodyAsync(int maxBytes) => _pipe is null ? default : ReadBodyAsync(_pipe, maxBytes);

    private async ValueTask<GatewayError?> ReadBodyAsync(PipeReader pipe, int maxBytes)
    {
        try
        {
            while (true)
            {
                var result = await pipe.ReadAsync(ClientGone).ConfigureAwait(false);
                if (result.Buffer.Length > maxBytes)
                {
                    pipe.AdvanceTo(result.Buffer.End);
                    return TooLarge(maxBytes);
                }

                if (result.IsCompleted)
                {
                    Take(result.Buffer);
                    return null;
                }

                pipe.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            }
        }
        catch (IOException broken)
        {
            return ClientGone.IsCancellationRequested ? BodyLost : ExplainBrokenBody(broken, maxBytes);
        }
        catch (OperationCanceledException)
        {
            return BodyLost;
        }
    }

    public static GatewayError TooLarge(int maxBytes) =>
        new(ErrorKind.TooLarge, $"The request body is larger than {maxBytes} bytes (limits.maxRequestBytes).");

    /// <summary>Gives the body's memory back. <see cref="Body"/> must not be used afterwards.</summary>
    public void ReleaseBody()
    {
        Body = default;
        if (_pooled is { } rented)
        {
            _pooled = null;
            ArrayPool<byte>.Shared.Return(rented);
        }

        if (_holdsPipe)
        {
            _holdsPipe = false;
            _pipe!.AdvanceTo(_pipeEnd);
        }
    }

    private void Take(ReadOnlySequence<byte> buffer)
    {
        if (buffer.IsSingleSegment)
        {
            // The pipe's own memory is used in place: it is not advanced before the exchange is over.
            Body = buffer.First;
            _pipeEnd = buffer.End;
            _holdsPipe = true;
            return;
        }

        var length = (int)buffer.Length;
        _pooled = ArrayPool<byte>.Shared.Rent(length);
        buffer.CopyTo(_pooled);
        Body = _pooled.AsMemory(0, length);
        _pipe!.AdvanceTo(buffer.End);
    }
}
