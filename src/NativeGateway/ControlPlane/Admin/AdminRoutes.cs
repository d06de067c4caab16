using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>The table of all operations. Where two templates match a path the earlier one counts.</summary>
internal sealed class AdminRoutes : IDisposable
{
    private const KeyScopes Read = KeyScopes.AdminRead;
    private const KeyScopes Write = KeyScopes.AdminWrite;
    private const KeyScopes Instance = KeyScopes.Instance;

    private readonly KeysApi _keys;

    /// <param name="live">Null beside the gateway, where nobody can be asked how a server is.</param>
    public AdminRoutes(RegistryWriter registry, LiveServers? live, UsageApi usage, RequestsApi requests, AuditApi audit, IOutboxStore outbox, TimeProvider time)
    {
        var creations = new Creations(registry, time);
        var directory = new ServerDirectory(registry);
        var organizations = new OrganizationsApi(registry, creations, time);
        var workspaces = new WorkspacesApi(registry, creations, time);
        var servers = new ServersApi(registry, creations, directory, time);
        var transfer = new ServerTransfer(registry, directory, time);
        var settings = new SettingsApi(registry);
        var alerts = new AlertsApi(outbox);
        var webhooks = new WebhooksApi(registry, creations, outbox, time);
        _keys = new KeysApi(registry, creations, time);
        All =
        [
            new("GET", "/openapi.json", KeyScopes.None, OpenApiDocument.GetAsync),

            new("GET", "/organizations", Read, organizations.ListAsync),
            new("POST", "/organizations", Write | Instance, organizations.CreateAsync) { Body = BodyKind.Json },
            new("GET", "/organizations/{id}", Read, organizations.GetAsync),
            new("GET", "/organizations/{id}/export", Read, organizations.ExportAsync),
            new("PATCH", "/organizations/{id}", Write, organizations.UpdateAsync) { Body = BodyKind.MergePatch },
            new("DELETE", "/organizations/{id}", Write | Instance, organizations.DeleteAsync),

            new("GET", "/workspaces", Read, workspaces.ListAsync),
            new("POST", "/workspaces", Write, workspaces.CreateAsync) { Body = BodyKind.Json },
            new("GET", "/workspaces/{id}", Read, workspaces.GetAsync),
            new("PATCH", "/workspaces/{id}", Write, workspaces.UpdateAsync) { Body = BodyKind.MergePatch },
            new("DELETE", "/workspaces/{id}", Write, workspaces.DeleteAsync),

            new("GET", "/servers/export", Read, transfer.ExportAsync),
            new("POST", "/servers/import", Write, transfer.ImportAsync) { Body = BodyKind.Table },
            new("GET", "/servers", Read, servers.ListAsync),
            new("POST", "/servers", Write, servers.CreateAsync) { Body = BodyKind.Json },
            new("GET", "/servers/{id}", Read, servers.GetAsync),
            new("PATCH", "/servers/{id}", Write, servers.UpdateAsync) { Body = BodyKind.MergePatch },
            new("DELETE", "/servers/{id}", Write, servers.DeleteAsync),
            new("POST", "/servers/{id}/enable", Write, servers.EnableAsync),
            new("POST", "/servers/{id}/disable", Write, servers.DisableAsync),
            .. live is null ? [] : OfLiveServers(new ServerActions(registry, directory, live, time)),

            new("GET", "/keys", Read, _keys.ListAsync),
            new("POST", "/keys", Write, _keys.CreateAsync) { Body = BodyKind.Json },
            new("GET", "/keys/{id}", Read, _keys.GetAsync),
            new("PATCH", "/keys/{id}", Write, _keys.UpdateAsync) { Body = BodyKind.MergePatch },
            new("DELETE", "/keys/{id}", Write, _keys.DeleteAsync),
            new("POST", "/keys/{id}/rotate", Write, _keys.RotateAsync),
            new("POST", "/keys/{id}/revoke", Write, _keys.RevokeAsync),

            new("GET", "/usage/summary", Read, usage.SummaryAsync),
            new("GET", "/usage/timeseries", Read, usage.TimeSeriesAsync),
            new("GET", "/usage/by-key", Read, usage.ByKeyAsync),
            new("GET", "/usage/by-server", Read, usage.ByServerAsync),
            new("GET", "/usage/by-tool", Read, usage.ByToolAsync),
            new("GET", "/usage/trending", Read, usage.TrendingAsync),
            new("GET", "/usage/errors", Read, usage.ErrorsAsync),
            new("GET", "/usage/latency", Read, usage.LatencyAsync),
            new("GET", "/usage/export", Read, usage.ExportAsync),

            new("GET", "/requests/{id}", Read, requests.GetAsync),

            new("GET", "/audit", Read, audit.ListAsync),
            new("GET", "/audit/export", Read, audit.ExportAsync),
            new("GET", "/audit/verify", Read | Instance, audit.VerifyAsync),

            new("GET", "/alerts", Read, alerts.ListAsync),

            new("GET", "/webhooks", Read, webhooks.ListAsync),
            new("POST", "/webhooks", Write, webhooks.CreateAsync) { Body = BodyKind.Json },
            new("GET", "/webhooks/{id}", Read, webhooks.GetAsync),
            new("PATCH", "/webhooks/{id}", Write, webhooks.UpdateAsync) { Body = BodyKind.MergePatch },
            new("DELETE", "/webhooks/{id}", Write, webhooks.DeleteAsync),
            new("POST", "/webhooks/{id}/rotate", Write, webhooks.RotateAsync),
            new("POST", "/webhooks/{id}/test", Write, webhooks.TestAsync),
            new("GET", "/webhooks/{id}/deliveries", Read, webhooks.DeliveriesAsync),

            new("GET", "/settings", Read | Instance, settings.GetAsync),
            new("PATCH", "/settings", Write | Instance, settings.UpdateAsync) { Body = BodyKind.MergePatch },
        ];
    }

    public IReadOnlyList<AdminRoute> All { get; }

    public void Dispose() => _keys.Dispose();

    /// <param name="path">Below <see cref="AdminApi.Root"/>, without a query.</param>
    /// <returns>The operation and its <c>{id}</c>, or why there is none.</returns>
    public (AdminRoute? Route, string Id, Problem? Missing) Find(string method, string path)
    {
        var segments = path.Split('/');
        var methods = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var route in All)
        {
            if (!route.Matches(segments, out var id))
            {
                continue;
            }

            if (route.Method == method)
            {
                return (route, id, null);
            }

            methods.Add(route.Method);
        }

        return (null, "", methods.Count == 0 ? Problem.NoSuchPath : Problem.MethodNotAllowed(string.Join(", ", methods)));
    }

    private static AdminRoute[] OfLiveServers(ServerActions actions) =>
    [
        new("POST", "/servers/{id}/test", Write, actions.TestAsync),
        new("POST", "/servers/{id}/refresh", Write, actions.RefreshAsync),
        new("GET", "/servers/{id}/tools", Read, actions.ToolsAsync),
        new("GET", "/servers/{id}/health", Read, actions.HealthAsync),
    ];
}
