using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>A response whose status is no success, understood as far as it goes.</summary>
internal sealed class HttpRefusal
{
    private readonly byte[] _body;
    private readonly RpcMessage _message;

    private HttpRefusal(int status, TimeSpan? retryAfter, byte[] body, in RpcMessage message)
    {
        Status = status;
        RetryAfter = retryAfter;
        _body = body;
        _message = message;
    }

    public int Status { get; }

    public TimeSpan? RetryAfter { get; }

    public bool HasRpcError => _message.Kind == RpcKind.Error;

    /// <summary>Of the JSON-RPC error in the body; 0 without one.</summary>
    public int ErrorCode => _message.ErrorCode;

    public ReadOnlyMemory<byte> Body => _body;

    public ByteRange Error => _message.Error;

    /// <summary>The gateway's credentials do not do, or the upstream asks for patience: that says nothing about what it speaks.</summary>
    public bool IsForOperator => Status is 401 or 403 or 429 or 503;

    /// <summary>Reads the body when it may be a JSON-RPC error, and disposes the response.</summary>
    public static async ValueTask<HttpRefusal> ReadAsync(IWireResponse response, TimeProvider time, CancellationToken cancellationToken)
    {
        var (status, retryAfter) = (response.Status, response.RetryAfter(time));
        if (HttpFrames.TryOpen(response, null) is not { } frames)
        {
            response.Dispose();
            return new HttpRefusal(status, retryAfter, [], default);
        }

        await using (frames)
        {
            var frame = frames.IsEventStream ? default : await frames.ReadAsync(cancellationToken);
            frames.Leave();
            return !frame.Bytes.IsEmpty && RpcReader.Read(frame.Bytes.Span, out var message) == RpcFault.None && message.Kind == RpcKind.Error
                ? new HttpRefusal(status, retryAfter, frame.Bytes.ToArray(), message)
                : new HttpRefusal(status, retryAfter, [], default);
        }
    }

    public bool Answers(ReadOnlySpan<byte> id) => HasRpcError && _message.Id.Of(_body).SequenceEqual(id);

    /// <summary>
    /// The session is gone, so the request was not processed: 404 (2025-11-25, basic/transports, "Session Management"), or, as many servers
    /// written after the official examples do, 400 with an error of the range that has no fixed meanings.
    /// </summary>
    public bool MeansLostSession(HttpSessionHead head, ReadOnlySpan<byte> id) =>
        head.SessionId is not null && Status switch
        {
            404 => !(ErrorCode == -32601 && Answers(id)),
            400 => ErrorCode is <= -32000 and > -32020,
            _ => false,
        };

    /// <summary>It may be different in a moment.</summary>
    public bool IsPassing => Status is >= 500 or 408 or 409 or 425 or 429;

    /// <summary>The upstream does not speak (any more) what it spoke when the session was opened; the request was not processed.</summary>
    public bool MeansOtherEra => ErrorCode is -32022 || (Status is 404 or 405 && !HasRpcError);

    public UpstreamSending ToSending(string key, ReadOnlySpan<byte> id) =>
        Status switch
        {
            401 or 403 => new UpstreamSending(null, HttpFailures.Credentials(key, Status)),
            429 or 503 => new UpstreamSending(null, HttpFailures.Busy(key, Status, RetryAfter)),
            _ when Answers(id) => new UpstreamSending(new RefusalReply(_body, _message), null),
            _ => new UpstreamSending(null, HttpFailures.Status(key, Status)),
        };

    public GatewayError ToError(string key) => ToSending(key, default).Error ?? HttpFailures.Status(key, Status);

    /// <summary>The error of a refusal as the answer that it is.</summary>
    private sealed class RefusalReply(byte[] body, RpcMessage message) : UpstreamReply
    {
        public override ValueTask<UpstreamReceived> ReadAsync(CancellationToken cancellationToken) =>
            ValueTask.FromResult(new UpstreamReceived(body, message, null));

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
