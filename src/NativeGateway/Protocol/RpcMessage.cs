namespace NativeGateway.Protocol;

/// <summary>What a JSON-RPC 2.0 message is, told by which members it has.</summary>
internal enum RpcKind : byte
{
    Request,
    Notification,
    Result,
    Error,
}

/// <summary>
/// The head of one JSON-RPC message: where the few members stand that a gateway acts on. Every range is the raw JSON token (strings with
/// their quotes) within the message's bytes, which are never changed; whatever is not named here travels as it came.
/// Filled by <see cref="RpcReader"/>; valid as long as the bytes it was read from.
/// </summary>
internal struct RpcMessage
{
    public RpcKind Kind;

    /// <summary>Known method, or <see cref="McpMethod.Unknown"/>.</summary>
    public McpMethod MethodCode;

    public ByteRange Id;

    public ByteRange Method;

    /// <summary>The whole <c>params</c> object.</summary>
    public ByteRange Params;

    /// <summary><c>params.name</c>, or <c>params.ref.name</c> of a completion.</summary>
    public ByteRange Name;

    /// <summary><c>params.uri</c>, or <c>params.ref.uri</c> of a completion.</summary>
    public ByteRange Uri;

    /// <summary><c>params.taskId</c> of <c>tasks/*</c>.</summary>
    public ByteRange TaskId;

    /// <summary><c>params.task</c>: the wish of a client of 2025-11-25 that a call be run as a task.</summary>
    public ByteRange Task;

    /// <summary><c>params.arguments</c>.</summary>
    public ByteRange Arguments;

    /// <summary><c>params.cursor</c>.</summary>
    public ByteRange Cursor;

    /// <summary><c>params.requestId</c> of <c>notifications/cancelled</c>.</summary>
    public ByteRange RequestId;

    /// <summary><c>params.progressToken</c> of <c>notifications/progress</c>.</summary>
    public ByteRange NotifiedProgressToken;

    /// <summary><c>params.level</c> of <c>logging/setLevel</c> and <c>notifications/message</c>.</summary>
    public ByteRange Level;

    /// <summary><c>params.protocolVersion</c> of <c>initialize</c>.</summary>
    public ByteRange InitializeVersion;

    /// <summary><c>params.capabilities</c> of <c>initialize</c>.</summary>
    public ByteRange InitializeCapabilities;

    /// <summary><c>params.clientInfo</c> of <c>initialize</c>.</summary>
    public ByteRange InitializeClientInfo;

    /// <summary><c>params.notifications</c>, the filter of <c>subscriptions/listen</c>.</summary>
    public ByteRange ListenFilter;

    /// <summary><c>params.inputResponses</c>: a modern client's answers to what an earlier answer to this request asked for.</summary>
    public ByteRange InputResponses;

    /// <summary><c>params.requestState</c>, which came with those questions.</summary>
    public ByteRange RequestState;

    /// <summary><c>params._meta</c>.</summary>
    public ByteRange Meta;

    /// <summary><c>params._meta.progressToken</c>.</summary>
    public ByteRange ProgressToken;

    /// <summary><c>params._meta["io.modelcontextprotocol/protocolVersion"]</c>.</summary>
    public ByteRange MetaVersion;

    /// <summary><c>params._meta["io.modelcontextprotocol/clientCapabilities"]</c>.</summary>
    public ByteRange MetaCapabilities;

    /// <summary><c>params._meta["io.modelcontextprotocol/clientInfo"]</c>.</summary>
    public ByteRange MetaClientInfo;

    /// <summary><c>params._meta["io.modelcontextprotocol/logLevel"]</c>.</summary>
    public ByteRange MetaLogLevel;

    /// <summary><c>result</c> of a response.</summary>
    public ByteRange Result;

    /// <summary><c>error</c> of a response.</summary>
    public ByteRange Error;

    /// <summary><c>error.code</c>, or 0 when it is missing or no 32-bit integer.</summary>
    public int ErrorCode;

    public readonly bool IsResponse => Kind is RpcKind.Result or RpcKind.Error;
}
