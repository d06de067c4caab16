using System.Security.Cryptography;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.ControlPlane.Users;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>
/// What the holder of an invitation's token may do without being anybody yet: see what it is for, and accept it. A new user chooses its password, one
/// that there is proves its own. Guessing tokens is as limited as guessing passwords.
/// </summary>
internal sealed class AcceptanceApi(RegistryWriter registry, SignIn signIn, SecretHashing hashing, TimeProvider time)
{
    private static readonly Refusal NotValid = new(
        RefusalKind.NotFound, "the invitation is not valid (any more): it was accepted, revoked or renewed, or has expired; ask for another one");

    /// <summary>What an acceptance form has to know.</summary>
    public async Task<AdminAnswer> LookUpAsync(AdminRequest request)
    {
        var reading = ConfigReading.OfJson();
        var body = new ConfigNode(request.Body, "", reading);
        var token = MemberBody.ReadText(body, body.Members("token") ?? [], "token");
        if (TenantRules.FaultsOf(reading) is { } faults)
        {
            return AdminAnswer.Of(faults);
        }

        var state = await registry.LoadAsync(request.ClientGone);
        var (invitation, problem) = Find(request, state, token);
        return invitation is null
            ? AdminAnswer.Of(problem!)
            : AdminAnswer.Of(json =>
            {
                json.WriteString("email", invitation.Email);
                json.WriteString("role", invitation.Role.Label());
                json.WriteString("organization", state.Organizations.First(one => one.Id == invitation.OrganizationId).Name);
                json.WriteBoolean("hasAccount", state.Users.Any(user => user.Email == invitation.Email));
                json.WriteTime("expiresAt", invitation.ExpiresAt);
            });
    }

    public async Task<AdminAnswer> AcceptAsync(AdminRequest request)
    {
        var reading = ConfigReading.OfJson();
        var body = new ConfigNode(request.Body, "", reading);
        var members = body.Members("token", "name", "password") ?? [];
        var token = MemberBody.ReadText(body, members, "token");
        var password = MemberBody.ReadText(body, members, "password");
        if (TenantRules.FaultsOf(reading) is { } faults)
        {
            return AdminAnswer.Of(faults);
        }

        var state = await registry.LoadAsync(request.ClientGone);
        var (invitation, problem) = Find(request, state, token);
        if (invitation is null)
        {
            return AdminAnswer.Of(problem!);
        }

        if (state.Users.FirstOrDefault(user => user.Email == invitation.Email) is { } present)
        {
            var verdict = await signIn.CheckAsync(present.Email, password, request.RemoteAddress, request.Author.RequestId!, request.ClientGone);
            return verdict.User is { } proven
                ? await JoinAsync(request, invitation, proven, isNew: false)
                : AdminAnswer.Of(Problem.Of(verdict)) with { Account = new AuditedUser(present.Id, invitation.OrganizationId) };
        }

        var now = time.GetUtcNow();
        var user = new UserConfig { Id = Guid.CreateVersion7(now), Email = invitation.Email, Name = TenantRules.ReadName(body, members), PasswordHash = "", CreatedAt = now };
        MemberBody.ReadNewPassword(body, members, "password", invitation.Email);
        return TenantRules.FaultsOf(reading) is { } more
            ? AdminAnswer.Of(more)
            : await JoinAsync(request, invitation, user with { PasswordHash = await hashing.HashAsync(password, request.ClientGone) }, isNew: true);
    }

    private async Task<AdminAnswer> JoinAsync(AdminRequest request, InvitationConfig invitation, UserConfig user, bool isNew)
    {
        var member = new MemberConfig(Guid.CreateVersion7(time.GetUtcNow()), invitation.OrganizationId, user.Id, invitation.Role, time.GetUtcNow());
        var refusal = await registry.ChangeAsync(
            request.Author with { Actor = AuditActor.User(user.Id, request.RemoteAddress.ToString()) },
            state => PlanJoining(state, invitation, user, member, isNew),
            request.ClientGone);
        return refusal is null ? AdminAnswer.Of(json => MemberJson.Write(json, member, user)) : AdminAnswer.Of(refusal);
    }

    /// <summary>The invitation may have been revoked, and the account made or removed, while the password was looked at.</summary>
    private static Plan PlanJoining(RegistryConfig state, InvitationConfig invitation, UserConfig user, MemberConfig member, bool isNew)
    {
        var isOpen = state.Invitations.Any(one => one.Id == invitation.Id && CryptographicOperations.FixedTimeEquals(one.TokenHash, invitation.TokenHash));
        if (!isOpen || state.Users.Any(one => one.Email == user.Email) == isNew)
        {
            return new Plan([], NotValid);
        }

        if (state.Members.Any(one => one.UserId == user.Id && one.OrganizationId == member.OrganizationId))
        {
            return Plan.Refuse(RefusalKind.Conflict, "you are a member already; sign in");
        }

        return Plan.Write([.. isNew ? (RegistryWrite[])[new SaveUser(user)] : [], new SaveMember(member), new DeleteInvitation(invitation.Id, Accepted: true)]);
    }

    private (InvitationConfig? Invitation, Problem? Problem) Find(AdminRequest request, RegistryConfig state, string token)
    {
        if (signIn.ChargeAddress(request.RemoteAddress) is { } limited)
        {
            return (null, Problem.Of(limited));
        }

        var hash = SecretToken.HashOf(SecretToken.Invitation, token) ?? [];
        var found = state.Invitations.FirstOrDefault(one => CryptographicOperations.FixedTimeEquals(one.TokenHash, hash));
        if (found is null || found.ExpiresAt <= time.GetUtcNow() || state.Organizations.First(one => one.Id == found.OrganizationId).Suspended)
        {
            return (null, Problem.Of(NotValid));
        }

        signIn.PayBackAddress(request.RemoteAddress);
        return (found, null);
    }
}
