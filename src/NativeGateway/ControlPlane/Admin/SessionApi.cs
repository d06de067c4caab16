using System.Text.Json;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.ControlPlane.Users;
using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>What signing in takes, which only a running gateway has.</summary>
internal sealed record SignInParts(SignIn SignIn, SessionStore Sessions);

/// <summary><c>/session</c>: a user signs in and out, sees who it is, changes its password and acts in another of its organizations.</summary>
internal sealed class SessionApi(RegistryWriter registry, SignInParts parts, SecretHashing hashing, TimeProvider time)
{
    public async Task<AdminAnswer> SignInAsync(AdminRequest request)
    {
        var reading = ConfigReading.OfJson();
        var body = new ConfigNode(request.Body, "", reading);
        var members = body.Members("email", "password") ?? [];
        var email = MemberBody.ReadText(body, members, "email");
        var password = MemberBody.ReadText(body, members, "password");
        if (TenantRules.FaultsOf(reading) is { } faults)
        {
            return AdminAnswer.Of(faults);
        }

        var verdict = await parts.SignIn.CheckAsync(
            EmailAddress.Parse(email) ?? MemberBody.Unusable, password, request.RemoteAddress, request.Author.RequestId!, request.ClientGone);
        var state = await registry.LoadAsync(request.ClientGone);
        if (verdict.User is not { } user)
        {
            var account = verdict.Account is { } tried ? new AuditedUser(tried.Id, HomeOf(state, tried)?.OrganizationId) : null;
            return AdminAnswer.Of(Problem.Of(verdict)) with { Account = account };
        }

        return HomeOf(state, user) is { } home
            ? await BeginAsync(request, state, user, home.OrganizationId)
            : AdminAnswer.Of(Problem.NotSignedIn);
    }

    public async Task<AdminAnswer> GetAsync(AdminRequest request)
    {
        var user = request.SignedIn!;
        return Show(await registry.LoadAsync(request.ClientGone), user.User, user.Session, user.CsrfToken);
    }

    public async Task<AdminAnswer> SignOutAsync(AdminRequest request)
    {
        var session = request.SignedIn!.Session;
        await parts.Sessions.EndAsync(session.Id, EntryOf(request, session, "session.ended"), request.ClientGone);
        return AdminAnswer.Nothing with { Cookie = SessionCookie.None };
    }

    public async Task<AdminAnswer> SwitchAsync(AdminRequest request)
    {
        var user = request.SignedIn!;
        var reading = ConfigReading.OfJson();
        var body = new ConfigNode(request.Body, "", reading);
        var wanted = TenantRules.ReadId(body.Members("organizationId") ?? [], "organizationId");
        var state = await registry.LoadAsync(request.ClientGone);
        if (TenantRules.FaultsOf(reading) is { } faults)
        {
            return AdminAnswer.Of(faults);
        }

        if (state.Organizations.FirstOrDefault(one => one.Id == wanted) is not { } organization || !MayActIn(state, user.User, organization))
        {
            return AdminAnswer.Of(new Refusal(RefusalKind.NotFound, "you belong to no organization of that id"));
        }

        var session = user.Session with { OrganizationId = organization.Id };
        await parts.Sessions.SwitchAsync(session.Id, organization.Id, EntryOf(request, session, "session.switched"), request.ClientGone);
        return Show(state, user.User, session, user.CsrfToken);
    }

    /// <summary>All sessions of the user end; the client gets a new one.</summary>
    public async Task<AdminAnswer> ChangePasswordAsync(AdminRequest request)
    {
        var user = request.SignedIn!;
        var reading = ConfigReading.OfJson();
        var body = new ConfigNode(request.Body, "", reading);
        var members = body.Members("current", "password") ?? [];
        var current = MemberBody.ReadText(body, members, "current");
        var next = MemberBody.ReadNewPassword(body, members, "password", user.User.Email);
        if (TenantRules.FaultsOf(reading) is { } faults)
        {
            return AdminAnswer.Of(faults);
        }

        var verdict = await parts.SignIn.CheckAsync(user.User.Email, current, request.RemoteAddress, request.Author.RequestId!, request.ClientGone);
        if (verdict.User is null)
        {
            return AdminAnswer.Of(Problem.Of(verdict));
        }

        var hash = await hashing.HashAsync(next, request.ClientGone);
        var refusal = await registry.ChangeAsync(
            request.Author,
            state => state.Users.FirstOrDefault(one => one.Id == user.User.Id) is { } present && present.PasswordHash == verdict.User.PasswordHash
                ? Plan.Write(new SaveUser(present with { PasswordHash = hash }), new EndSessions(present.Id, null))
                : Plan.Refuse(RefusalKind.Conflict, "the password was changed meanwhile; sign in with the new one"),
            request.ClientGone);
        return refusal is null
            ? await BeginAsync(request, await registry.LoadAsync(request.ClientGone), user.User, user.Session.OrganizationId)
            : AdminAnswer.Of(refusal);
    }

    private async Task<AdminAnswer> BeginAsync(AdminRequest request, RegistryConfig state, UserConfig user, Guid organizationId)
    {
        var token = SecretToken.Create(SecretToken.Session);
        var now = time.GetUtcNow();
        var session = new UserSession(Guid.CreateVersion7(now), token.Hash, user.Id, organizationId, now, now);
        return await parts.Sessions.BeginAsync(session, SessionRules.MostPerUser, EntryOf(request, session, "session.created"), request.ClientGone)
            ? Show(state, user, session, SessionDoor.CsrfTokenOf(token.Text)) with { Cookie = new SessionCookie(token.Text) }
            : AdminAnswer.Of(Problem.NotSignedIn);
    }

    private static AdminAnswer Show(RegistryConfig state, UserConfig user, UserSession session, string csrfToken) => AdminAnswer.Of(json =>
    {
        json.WriteStartObject("user");
        json.WriteString("id", user.Id);
        json.WriteString("email", user.Email);
        json.WriteString("name", user.Name);
        json.WriteBoolean("instance", user.IsInstanceAdministrator);
        json.WriteEndObject();
        json.WriteString("organizationId", session.OrganizationId);
        json.WriteStartArray("organizations");
        foreach (var organization in state.Organizations.Where(one => MayActIn(state, user, one)))
        {
            Write(json, organization, MemberOf(state, user, organization)?.Role);
        }

        json.WriteEndArray();
        json.WriteString("csrfToken", csrfToken);
        json.WriteTime("expiresAt", session.CreatedAt + SessionRules.Lifetime);
    });

    /// <param name="role">Null for an administrator of the instance who is no member.</param>
    private static void Write(Utf8JsonWriter json, OrganizationConfig organization, Role? role)
    {
        json.WriteStartObject();
        json.WriteString("id", organization.Id);
        json.WriteString("name", organization.Name);
        json.WriteString("role", role?.Label());
        json.WriteBoolean("suspended", organization.Suspended);
        json.WriteEndObject();
    }

    /// <summary>The organization that a user acts in at first: the one it joined first of those that are not suspended.</summary>
    private static MemberConfig? HomeOf(RegistryConfig state, UserConfig user)
    {
        var suspended = state.Organizations.Where(one => one.Suspended).Select(one => one.Id).ToHashSet();
        var memberships = state.Members.Where(member => member.UserId == user.Id).ToList();
        return memberships.Find(member => !suspended.Contains(member.OrganizationId)) ?? memberships.FirstOrDefault();
    }

    private static bool MayActIn(RegistryConfig state, UserConfig user, OrganizationConfig organization) =>
        user.IsInstanceAdministrator || MemberOf(state, user, organization) is not null;

    private static MemberConfig? MemberOf(RegistryConfig state, UserConfig user, OrganizationConfig organization) =>
        state.Members.FirstOrDefault(member => member.UserId == user.Id && member.OrganizationId == organization.Id);

    private AuditEntry EntryOf(AdminRequest request, UserSession session, string action) => new()
    {
        At = time.GetUtcNow(),
        OrganizationId = session.OrganizationId,
        Actor = AuditActor.User(session.UserId, request.RemoteAddress.ToString()),
        Action = action,
        ResourceType = "session",
        ResourceId = session.Id.ToString(),
        RequestId = request.Author.RequestId,
    };
}
