namespace NativeGateway.Model;

/// <summary>What went wrong, in the gateway's own words. <c>ErrorResponder</c> alone turns a kind into a status and a JSON-RPC code.</summary>
internal enum ErrorKind
{
    /// <summary>Origin or Host is not allowed (DNS rebinding).</summary>
    ForbiddenOrigin,
    TooLarge,

    /// <summary>The request body came too slowly.</summary>
    TooSlow,
    MethodNotAllowed,
    NotAcceptable,
    UnsupportedMediaType,
    Unauthenticated,
    ForbiddenAddress,
    NotJson,
    InvalidRequest,

    /// <summary>Required members of <c>_meta</c> are missing (2026-07-28).</summary>
    MissingMeta,

    /// <summary>A mirrored header differs from the body or is missing (2026-07-28).</summary>
    HeaderMismatch,
    UnsupportedRevision,
    SessionRequired,
    SessionNotFound,

    /// <summary>No upstream of that name in the caller's workspace.</summary>
    UnknownUpstream,
    UnknownMethod,

    /// <summary>An unknown tool or prompt, a bad cursor, an invalid level.</summary>
    InvalidParams,
    ResourceNotFound,
    Forbidden,
    RateLimited,
    Saturated,
    UpstreamUnavailable,
    UpstreamTimeout,

    /// <summary>The upstream answered with something that is no valid answer.</summary>
    UpstreamProtocol,

    /// <summary>The upstream cannot do it for a client without a certain capability (2026-07-28).</summary>
    MissingCapability,

    /// <summary>The upstream asked for something that the client cannot be asked for, or nobody answered.</summary>
    InputFailed,

    /// <summary>The client went away or cancelled; nobody is left to answer.</summary>
    ClientGone,

    /// <summary>A bug in the gateway.</summary>
    Internal,
}

/// <summary>Whether the same exchange may be tried again without the upstream having executed anything.</summary>
internal enum RetryHint
{
    Never,

    /// <summary>Nothing reached the upstream: another endpoint, or the same one over a fresh connection, may be tried.</summary>
    NothingSent,
}

/// <summary>An expected failure, as a value.</summary>
/// <param name="Message">For the client: clear, and free of secrets, internal addresses and other tenants' names.</param>
internal sealed record GatewayError(ErrorKind Kind, string Message)
{
    public RetryHint Retry { get; init; }

    /// <summary>For the operator's log only: what exactly failed and what to do. Free of secrets and bodies as well.</summary>
    public string? Detail { get; init; }

    /// <summary>The <c>data</c> member of the JSON-RPC error, as raw UTF-8 JSON.</summary>
    public ReadOnlyMemory<byte> Data { get; init; }

    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Which kind of bucket refused, for the metric; null for every other kind of error.</summary>
    public string? LimitScope { get; init; }
}
