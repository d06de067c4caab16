namespace NativeGateway.Telemetry;

/// <summary>What an exchange carries while it is traced; the default value: it is not. Kept where it is changed.</summary>
internal struct SpanContext
{
    public ulong TraceHigh, TraceLow;

    /// <summary>The caller's span; 0 when the trace begins here.</summary>
    public ulong Parent;

    /// <summary>The span of the exchange; 0 while it is not traced.</summary>
    public ulong Id;

    /// <summary>The span of the upstream's part, a child of the other.</summary>
    public ulong UpstreamId;

    public readonly bool IsTraced => Id != 0;

    /// <summary>What an upstream is to take as its parent.</summary>
    public readonly TraceParent Outgoing => new(TraceHigh, TraceLow, UpstreamId, true);
}

/// <summary>
/// One finished exchange as traces show it: a span of its own, and one of the upstream's part where there was one. Times are in nanoseconds since
/// 1970. Names are those of catalogs and of the gateway, never what a client made up.
/// </summary>
internal readonly record struct SpanRecord
{
    public required SpanContext Context { get; init; }

    /// <summary>As metrics label it.</summary>
    public required string Method { get; init; }

    /// <summary>The tool's or prompt's, UTF-8; null for none.</summary>
    public required byte[]? Name { get; init; }

    /// <summary>The upstream's key; empty for none.</summary>
    public required string Server { get; init; }

    public required string Outcome { get; init; }

    public required bool IsError { get; init; }

    public required int Status { get; init; }

    /// <summary>The JSON-RPC error code; 0 for none.</summary>
    public required int Code { get; init; }

    public required string RequestId { get; init; }

    public required string Revision { get; init; }

    public required long Began { get; init; }

    public required long Ended { get; init; }

    /// <summary>0 when no upstream was asked.</summary>
    public required long UpstreamBegan { get; init; }

    public required long UpstreamEnded { get; init; }
}
