using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.ControlPlane.Users;
using NativeGateway.DataPlane.Proxy;
using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>
/// Tells who has signed in, by the cookie of a request, and whether the request is the user's own doing. Everything is read anew each time, so that
/// signing out, a new password, another role and removal count at once on every replica.
/// </summary>
internal sealed class SessionDoor(RegistryWriter registry, SessionStore sessions, TimeProvider time)
{
    /// <summary>Null when nobody is.</summary>
    /// <exception cref="StoreUnavailableException"/>
    public async Task<SignedIn?> FindAsync(string token, Snapshot snapshot, CancellationToken cancellationToken)
    {
        if (SecretToken.HashOf(SecretToken.Session, token) is not { } hash
            || await sessions.FindAsync(hash, cancellationToken) is not { } session || SessionRules.IsOver(session, time.GetUtcNow()))
        {
            return null;
        }

        var signedIn = Compile(await registry.LoadAsync(cancellationToken), snapshot, session, token);
        if (signedIn is not null && time.GetUtcNow() - session.SeenAt > SessionRules.TouchPause)
        {
            await sessions.TouchAsync(session.Id, time.GetUtcNow(), cancellationToken);
        }

        return signedIn;
    }

    /// <summary>Why the user may not ask for an operation; null when it may.</summary>
    public static Problem? Check(SignedIn user, AdminRoute route, HttpRequest request, RequestHead head, Snapshot snapshot)
    {
        if (!HttpMethods.IsGet(route.Method) && !IsOwnDoing(user, request, head, snapshot.Settings))
        {
            return Problem.ForeignRequest;
        }

        if (route.TakesSession)
        {
            return null;
        }

        return user.Caller.OrganizationSuspended ? Problem.OrganizationSuspended
            : user.Caller.AllowedNetworks is { } networks && !networks.Contains(head.RemoteAddress)
                ? Problem.Of(new GatewayError(ErrorKind.ForbiddenAddress, "This address is not on the organization's allow-list."))
            : route.Allows(user) ? null
            : Problem.NeedsRole(route.LeastRole);
    }

    public static string CsrfTokenOf(string token) => Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.ASCII.GetBytes(token), "csrf"u8));

    /// <summary>
    /// A browser adds the cookie to whatever a page makes it send, though not for other sites; and another port of the same host is the same site.
    /// So a change has to bring what only a page of the gateway's own can read, and come from one.
    /// </summary>
    private static bool IsOwnDoing(SignedIn user, HttpRequest request, RequestHead head, GatewaySettings settings) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(user.CsrfToken), Encoding.UTF8.GetBytes(request.Headers["X-CSRF-Token"].ToString()))
        && (head.Origin is null || IsOwnOrigin(head.Origin, head.Host) || settings.AllowedOrigins.Contains(head.Origin, StringComparer.OrdinalIgnoreCase));

    private static bool IsOwnOrigin(string origin, string? host) =>
        origin.IndexOf("://", StringComparison.Ordinal) is var end and > 0 && origin.AsSpan(end + 3).Equals(host, StringComparison.OrdinalIgnoreCase);

    private static SignedIn? Compile(RegistryConfig state, Snapshot snapshot, UserSession session, string token)
    {
        var user = state.Users.FirstOrDefault(one => one.Id == session.UserId);
        var organization = state.Organizations.FirstOrDefault(one => one.Id == session.OrganizationId);
        var member = state.Members.FirstOrDefault(one => one.UserId == session.UserId && one.OrganizationId == session.OrganizationId);
        if (user is null || organization is null || (member is null && !user.IsInstanceAdministrator))
        {
            return null;
        }

        var role = user.IsInstanceAdministrator ? Role.Owner : member!.Role;
        var caller = new Caller
        {
            KeyId = user.Id.ToString(),
            Name = user.Name,
            UserId = user.Id,
            OrganizationId = organization.Id,
            Workspace = snapshot.Workspaces.Values.Where(one => one.OrganizationId == organization.Id).MinBy(one => one.Name, StringComparer.Ordinal),
            Scopes = role.Scopes() | (user.IsInstanceAdministrator ? KeyScopes.Instance : KeyScopes.None),
            Permissions = Permissions.Everything,
            Limits = snapshot.Settings.KeyLimits,
            OrganizationLimits = organization.Limits,
            AddressLimits = snapshot.Settings.AddressCallLimits,
            UserLimits = snapshot.Settings.UserCallLimits,
            AllowedNetworks = organization.AllowedNetworks.Count == 0 ? null : AddressSet.TryParse(organization.AllowedNetworks, out _),
            OrganizationSuspended = organization.Suspended,
        };
        return new SignedIn(session, user, role, caller, CsrfTokenOf(token));
    }
}
