namespace NativeGateway.Model;

/// <summary>The gateway's own state, for probes and people. Counts only: names belong to tenants.</summary>
internal sealed record HealthReport(
    bool IsReady,
    bool IsDatabaseReachable,
    DateTimeOffset? DatabaseUnreachableSince,
    long ConfigurationRevision,
    int Upstreams,
    int UpstreamsUnavailable);
