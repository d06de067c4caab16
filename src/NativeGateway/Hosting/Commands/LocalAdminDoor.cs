using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using NativeGateway.ControlPlane.Admin;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;

namespace NativeGateway.Hosting.Commands;

/// <summary>The operations of the API right on the database: whoever can open that needs no key.</summary>
internal sealed class LocalAdminDoor(StoreSession session, TimeProvider time) : IAdminDoor, IDisposable
{
    private static readonly Caller Operator = new()
    {
        KeyId = "operator",
        Name = "operator",
        OrganizationId = DefaultTenant.OrganizationId,
        Workspace = new Workspace
        {
            Id = DefaultTenant.WorkspaceId,
            OrganizationId = DefaultTenant.OrganizationId,
            Name = DefaultTenant.Name,
            Instructions = null,
            Upstreams = [],
            ByName = new Utf8Table<Upstream>([]),
        },
        Scopes = KeyScopeText.All,
        Permissions = Permissions.Everything,
        Limits = null,
        OrganizationLimits = null,
        AllowedNetworks = null,
    };

    private readonly AdminRoutes _routes = new(
        session.Registry,
        null,
        null,
        new UsageApi(session.Usage, () => (session.File.Settings.Usage ?? UsageSettings.Default).Retention, time),
        new RequestsApi(null, session.Usage, session.Registry),
        new AuditApi(session.Audit),
        session.Outbox,
        time);

    public void Dispose() => _routes.Dispose();

    public async Task<AdminResult> SendAsync(string method, string path, ReadOnlyMemory<byte>? body, CancellationToken cancellationToken)
    {
        var query = path.IndexOf('?', StringComparison.Ordinal);
        var (route, id, missing) = _routes.Find(method, query < 0 ? path : path[..query]);
        if (route is null)
        {
            return ResultOf(AdminAnswer.Of(missing!));
        }

        using var document = body is { } content ? JsonDocument.Parse(content) : null;
        return ResultOf(await route.AnswerAsync(new AdminRequest
        {
            Identified = Operator,
            RemoteAddress = IPAddress.Loopback,
            Author = Author.Operator(),
            Id = Uri.UnescapeDataString(id),
            Query = new QueryCollection(query < 0 ? [] : QueryHelpers.ParseQuery(path[query..])),
            Body = document?.RootElement ?? default,
            IfMatch = "*",
            IdempotencyKey = null,
            ClientGone = cancellationToken,
        }));
    }

    private static AdminResult ResultOf(AdminAnswer answer)
    {
        var content = answer.Problem is { } problem ? AdminAnswer.Write(json => problem.WriteTo(json, "local")) : answer.Content;
        return new AdminResult(answer.Status, RemoteAdminDoor.Parse(content.Span));
    }
}
