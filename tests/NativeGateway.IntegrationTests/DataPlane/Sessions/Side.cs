namespace NativeGateway.IntegrationTests.DataPlane.Sessions;

/// <summary>How messages travel on one side of the gateway.</summary>
internal enum Wire
{
    StreamableHttp,
    HttpSse,
    Stdio,
}

/// <summary>One peer of the gateway in the matrix: a client or an upstream of one revision over one transport. Traits are the test's own, by the specification.</summary>
internal sealed record Side(string Revision, Wire Wire)
{
    public static readonly IReadOnlyList<Side> Clients =
    [
        new("2024-11-05", Wire.HttpSse),
        new("2025-03-26", Wire.StreamableHttp),
        new("2025-06-18", Wire.StreamableHttp),
        new("2025-11-25", Wire.StreamableHttp),
        new("2026-07-28", Wire.StreamableHttp),
        new("2024-11-05", Wire.Stdio),
        new("2025-03-26", Wire.Stdio),
        new("2025-06-18", Wire.Stdio),
        new("2025-11-25", Wire.Stdio),
        new("2026-07-28", Wire.Stdio),
    ];

    public static readonly IReadOnlyList<Side> Upstreams =
    [
        new("2024-11-05", Wire.HttpSse),
        new("2025-03-26", Wire.StreamableHttp),
        new("2025-06-18", Wire.StreamableHttp),
        new("2025-11-25", Wire.StreamableHttp),
        new("2026-07-28", Wire.StreamableHttp),
        new("2024-11-05", Wire.Stdio),
        new("2025-03-26", Wire.Stdio),
        new("2025-06-18", Wire.Stdio),
        new("2025-11-25", Wire.Stdio),
        new("2026-07-28", Wire.Stdio),
    ];

    public string Name => $"{Revision} {Wire}";

    /// <summary>The name of the upstream in the gateway's configuration.</summary>
    public string Key => $"{Wire}-{Revision}".ToLowerInvariant();

    /// <summary>As a client, it can only have the aggregate.</summary>
    public bool IsAggregateOnly => Wire == Wire.Stdio;

    /// <summary>Every request describes itself; no handshake, no sessions.</summary>
    public bool IsModern => Revision == "2026-07-28";

    /// <summary>Requests over HTTP name the revision in a header.</summary>
    public bool HasVersionHeader => Revision is "2025-06-18" or "2025-11-25" or "2026-07-28";

    public static Side Client(string name) => Clients.Single(side => side.Name == name);

    public static Side Upstream(string name) => Upstreams.Single(side => side.Name == name);

    public override string ToString() => Name;
}
