namespace NativeGateway.Model;

/// <summary>
/// One finished request as usage accounting and explanations see it: who, where to, how it ended, how long and how much. Nothing of its content: no argument,
/// no result, no error text, no URI, no name that a client could have made up. The data plane drops it into a bounded channel.
/// </summary>
internal readonly record struct UsageEvent
{
    /// <summary>When the request was finished.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The <c>X-Request-Id</c>.</summary>
    public required RequestNumber Number { get; init; }

    /// <summary>Empty when nobody knows whose it is.</summary>
    public required Guid OrganizationId { get; init; }

    /// <summary>Empty when the key's workspace does not exist.</summary>
    public required Guid WorkspaceId { get; init; }

    /// <summary>Empty for the anonymous caller, and for one that is not known.</summary>
    public required string KeyId { get; init; }

    /// <summary>Null when the gateway answered itself, or refused before it knew.</summary>
    public required Upstream? Upstream { get; init; }

    /// <summary>The tool's or prompt's own name as the upstream's catalog lists it, in the catalog's own memory; null for a name that is in no catalog.</summary>
    public required byte[]? Name { get; init; }

    public required UsageMethod Method { get; init; }

    public required CallOutcome Outcome { get; init; }

    /// <summary>The HTTP status, also where no HTTP was spoken.</summary>
    public required int Status { get; init; }

    /// <summary>The JSON-RPC error code; 0 for none.</summary>
    public required int Code { get; init; }

    public required TimeSpan Duration { get; init; }

    /// <summary>The part of it that was spent on the upstream.</summary>
    public required TimeSpan UpstreamDuration { get; init; }

    /// <summary>The request's message, in bytes.</summary>
    public required int BytesIn { get; init; }

    /// <summary>The answer's message, in bytes; messages that preceded it are not in it.</summary>
    public required int BytesOut { get; init; }

    /// <summary>In millionths of the currency unit.</summary>
    public required long CostMicros { get; init; }

    /// <summary>For explanations only: nobody is charged with it, or it belongs to a request that is counted already.</summary>
    public bool IsUncounted { get; init; }

    public CallPath Path { get; init; }
}
