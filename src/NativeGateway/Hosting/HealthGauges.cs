using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Telemetry;

namespace NativeGateway.Hosting;

/// <summary>
/// What is known of servers, as metrics. Tenants are no labels, so servers of the same name in several workspaces are one: well when all are.
/// </summary>
internal static class HealthGauges
{
    public static void AddTo(Metrics metrics, SnapshotHolder snapshots, UpstreamTable upstreams)
    {
        metrics.AddGauge("mcp_gateway_upstream_healthy", () => Each(snapshots, upstreams)
            .SelectMany(server => server.Health.Endpoints.Select(endpoint => new { Labels = $"server=\"{server.Key}\",endpoint=\"{endpoint.Index}\"", endpoint.Verdict }))
            .GroupBy(endpoint => endpoint.Labels, StringComparer.Ordinal)
            .Select(same => new Metrics.Sample(same.Key, same.All(endpoint => IsWell(endpoint.Verdict)) ? 1 : 0)));
        AddSum("mcp_gateway_upstream_ejections_total", health => health.Ejections);
        AddSum("mcp_gateway_upstream_retries_total", health => health.Retries.Spent);

        void AddSum(string name, Func<UpstreamHealth, long> read) => metrics.AddGauge(name, () => Each(snapshots, upstreams)
            .GroupBy(server => server.Key, StringComparer.Ordinal)
            .Select(same => new Metrics.Sample($"server=\"{same.Key}\"", same.Sum(server => read(server.Health)))));
    }

    private static IEnumerable<Server> Each(SnapshotHolder snapshots, UpstreamTable upstreams) =>
        snapshots.Current.Workspaces.Values
            .SelectMany(workspace => workspace.Upstreams)
            .Select(upstream => upstreams.Find(upstream.Id)?.Connection.Health is { } health ? new Server(upstream.Key, health) : null)
            .OfType<Server>();

    private sealed record Server(string Key, UpstreamHealth Health);

    /// <summary>Of an endpoint that was not used yet nothing bad is known, and an alert on it would be wrong.</summary>
    private static bool IsWell(HealthVerdict verdict) => verdict is HealthVerdict.Healthy or HealthVerdict.Unknown;
}
