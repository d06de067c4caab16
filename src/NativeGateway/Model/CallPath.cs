namespace NativeGateway.Model;

/// <summary>The stages of the pipeline, in their order; what each of them asks stands with <c>RequestWords</c>.</summary>
internal enum CallStage : byte
{
    Capacity,
    Origin,
    Size,
    Credential,
    Address,
    Path,
    Message,
    Revision,
    Resolve,
    Permission,
    RateLimit,
    Quota,

    /// <summary>The gateway answers itself, or the upstream does.</summary>
    Answer,
}

/// <summary>Why an endpoint was the one to be called.</summary>
internal enum EndpointReason : byte
{
    /// <summary>None was called.</summary>
    None,

    /// <summary>There is no other.</summary>
    Only,

    /// <summary>First by priority and region, or by its place in the configuration.</summary>
    Preferred,

    /// <summary>One of several alike, by weight, turn or load.</summary>
    Balanced,

    /// <summary>The client's session stays where it was.</summary>
    Sticky,

    /// <summary>Those that come before it by priority or region were not usable.</summary>
    Fallback,

    /// <summary>None was known to be usable.</summary>
    LastResort,

    /// <summary>Another one was chosen first and could not be reached.</summary>
    Failover,
}

/// <summary>
/// How a request went through the gateway: which stage decided, by what rule, where it was sent to, and what its time went for. The parts of time
/// are disjoint; what is left of the whole is the gateway's own work.
/// </summary>
internal readonly record struct CallPath
{
    /// <summary>The last stage that the request came to.</summary>
    public CallStage Stage { get; init; }

    /// <summary>Why that stage refused or failed it; null when it did not.</summary>
    public ErrorKind? Reason { get; init; }

    /// <summary>Which bucket or quota refused; null for none.</summary>
    public string? LimitScope { get; init; }

    /// <summary>It failed before anything of it had reached the upstream.</summary>
    public bool NothingSent { get; init; }

    /// <summary>The method as it is labelled in metrics, where <see cref="UsageEvent.Method"/> names its group.</summary>
    public string Method { get; init; }

    public EndpointReason Why { get; init; }

    /// <summary>The position of the endpoint that was called last; -1 for none.</summary>
    public int Endpoint { get; init; }

    /// <summary>How many endpoints it was sent to, one after the other.</summary>
    public int Tries { get; init; }

    /// <summary>Waiting for a place among the calls that the server may get at once.</summary>
    public TimeSpan Queued { get; init; }

    /// <summary>Opening a session with the server, because there was none yet.</summary>
    public TimeSpan Opening { get; init; }

    /// <summary>Until the server began to answer.</summary>
    public TimeSpan Waiting { get; init; }

    /// <summary>From there to the last byte of the answer.</summary>
    public TimeSpan Relaying { get; init; }
}

/// <summary>The texts of stages and reasons, in the store and the API; never changed once released.</summary>
internal static class CallPathTexts
{
    private static readonly string[] Stages =
    [
        "capacity", "origin", "size", "credential", "address", "path", "message", "revision", "resolve", "permission", "rate_limit", "quota", "answer",
    ];

    private static readonly string[] Whys = ["", "only", "preferred", "balanced", "sticky", "fallback", "last_resort", "failover"];

    private static readonly string[] Reasons =
    [
        "forbidden_origin", "too_large", "too_slow", "method_not_allowed", "not_acceptable", "unsupported_media_type", "unauthenticated",
        "forbidden_address", "not_json", "invalid_request", "missing_meta", "header_mismatch", "unsupported_revision", "session_required",
        "session_not_found", "unknown_server", "unknown_method", "invalid_params", "resource_not_found", "forbidden", "rate_limited", "saturated",
        "upstream_unavailable", "upstream_timeout", "upstream_protocol", "missing_capability", "input_failed", "client_gone", "internal",
    ];

    public static string Label(this CallStage stage) => Stages[(int)stage];

    public static string Label(this EndpointReason why) => Whys[(int)why];

    public static string Label(this ErrorKind kind) => Reasons[(int)kind];

    /// <summary>Of a text that an other version wrote and this one does not know, the last stage.</summary>
    public static CallStage FindStage(string label) => Array.IndexOf(Stages, label) is var index and >= 0 ? (CallStage)index : CallStage.Answer;

    public static EndpointReason FindWhy(string label) => Array.IndexOf(Whys, label) is var index and >= 0 ? (EndpointReason)index : EndpointReason.None;

    public static ErrorKind? FindReason(string label) => Array.IndexOf(Reasons, label) is var index and >= 0 ? (ErrorKind)index : null;
}
