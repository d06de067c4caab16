using NativeGateway.ControlPlane.Registry;
using NativeGateway.ControlPlane.Users;
using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>The table of all operations. Where two templates match a path the earlier one counts.</summary>
internal sealed class AdminRoutes : IDisposable
{
    private const KeyScopes Read = KeyScopes.AdminRead;
    private const KeyScopes Write = KeyScopes.AdminWrite;
    private const KeyScopes Instance = KeyScopes.Instance;

    private readonly SecretHashing _hashing = new();

    /// <param name="live">Null beside the gateway, where nobody can be asked how a server is.</param>
    /// <param name="signIn">Null beside the gateway, where nobody signs in.</param>
    public AdminRoutes(
        RegistryWriter registry,
        LiveServers? live,
        SignInParts? signIn,
        UsageApi usage,
        RequestsApi requests,
        AuditApi audit,
        OutboxStore outbox,
        TimeProvider time)
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
        var keys = new KeysApi(registry, creations, _hashing, time);
        var members = new MembersApi(registry, _hashing, time);
        var invitations = new InvitationsApi(registry, creations, time);
        All =
        [
            new("GET", "/openapi.json", KeyScopes.None, OpenApiDocument.GetAsync),

            new("GET", "/organizations", Read, organizations.ListAsync),
            new("POST", "/organizations", Write | Instance, organizations.CreateAsync) { Body = BodyKind.Json },
            new("GET", "/organizations/{id}", Read, organizations.GetAsync),
            new("GET", "/organizations/{id}/export", Read, organizations.ExportAsync),
            new("PATCH", "/organizations/{id}", Write, organizations.UpdateAsync) { Body = BodyKind.MergePatch },
            new("DELETE", "/organizations/{id}", Write | Instance, organizations.DeleteAsync) { LeastRole = Role.Owner },

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

            new("GET", "/keys", Read, keys.ListAsync),
            new("POST", "/keys", Write, keys.CreateAsync) { Body = BodyKind.Json, LeastRole = Role.Member },
            new("GET", "/keys/{id}", Read, keys.GetAsync),
            new("PATCH", "/keys/{id}", Write, keys.UpdateAsync) { Body = BodyKind.MergePatch, LeastRole = Role.Member },
            new("DELETE", "/keys/{id}", Write, keys.DeleteAsync) { LeastRole = Role.Member },
            new("POST", "/keys/{id}/rotate", Write, keys.RotateAsync) { LeastRole = Role.Member },
            new("POST", "/keys/{id}/revoke", Write, keys.RevokeAsync) { LeastRole = Role.Member },

            new("GET", "/members", Read, members.ListAsync),
            new("POST", "/members", Write | Instance, members.CreateAsync) { Body = BodyKind.Command },
            new("GET", "/members/{id}", Read, members.GetAsync),
            new("PATCH", "/members/{id}", Write, members.UpdateAsync) { Body = BodyKind.MergePatch },
            new("DELETE", "/members/{id}", Write, members.DeleteAsync) { LeastRole = Role.Viewer },
            new("POST", "/members/{id}/password", Write | Instance, members.SetPasswordAsync) { Body = BodyKind.Command },

            new("GET", "/invitations", Read, invitations.ListAsync),
            new("POST", "/invitations", Write, invitations.CreateAsync) { Body = BodyKind.Json },
            new("GET", "/invitations/{id}", Read, invitations.GetAsync),
            new("DELETE", "/invitations/{id}", Write, invitations.DeleteAsync),
            new("POST", "/invitations/{id}/renew", Write, invitations.RenewAsync),
            .. signIn is null ? [] : OfSignIn(
                new SessionApi(registry, signIn, _hashing, time), new AcceptanceApi(registry, signIn.SignIn, _hashing, time)),

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

    public void Dispose() => _hashing.Dispose();

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

    private static AdminRoute[] OfSignIn(SessionApi session, AcceptanceApi acceptance) =>
    [
        new("POST", "/invitations/lookup", KeyScopes.None, acceptance.LookUpAsync) { Body = BodyKind.Command },
        new("POST", "/invitations/accept", KeyScopes.None, acceptance.AcceptAsync) { Body = BodyKind.Command },

        new("POST", "/session", KeyScopes.None, session.SignInAsync) { Body = BodyKind.Command },
        new("GET", "/session", KeyScopes.None, session.GetAsync) { TakesSession = true },
        new("DELETE", "/session", KeyScopes.None, session.SignOutAsync) { TakesSession = true },
        new("POST", "/session/organization", KeyScopes.None, session.SwitchAsync) { TakesSession = true, Body = BodyKind.Command },
        new("POST", "/session/password", KeyScopes.None, session.ChangePasswordAsync) { TakesSession = true, Body = BodyKind.Command },
    ];

    private static AdminRoute[] OfLiveServers(ServerActions actions) =>
    [
        new("POST", "/servers/{id}/test", Write, actions.TestAsync),
        new("POST", "/servers/{id}/refresh", Write, actions.RefreshAsync),
        new("GET", "/servers/{id}/tools", Read, actions.ToolsAsync),
        new("GET", "/servers/{id}/health", Read, actions.HealthAsync),
    ];
}
