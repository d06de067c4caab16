using System.Security.Cryptography;
using System.Text.Json;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.ControlPlane.Users;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>
/// <c>/invitations</c>: open ones, each with a token that is shown once, to whoever made it, who passes the link on. Accepting stands in
/// <see cref="AcceptanceApi"/>.
/// </summary>
internal sealed class InvitationsApi(RegistryWriter registry, Creations creations, TimeProvider time)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(7);

    private const string Path = "/invitations";

    /// <summary>Of the dashboard. What stands behind # no browser sends to anybody.</summary>
    private const string LinkStart = "/invite#";

    public async Task<AdminAnswer> ListAsync(AdminRequest request)
    {
        var state = await registry.LoadAsync(request.ClientGone);
        var now = time.GetUtcNow();
        return Page.Answer(
            request,
            state.Invitations.Where(one => request.Sees(one.OrganizationId)),
            one => $"{one.Email}\0{one.Id}",
            (json, one) => MemberJson.Write(json, one, now));
    }

    public async Task<AdminAnswer> GetAsync(AdminRequest request) =>
        Show(request, await registry.LoadAsync(request.ClientGone), request.Id) ?? AdminAnswer.Of(TenantRules.Unknown);

    public async Task<AdminAnswer> CreateAsync(AdminRequest request)
    {
        var token = SecretToken.Create(SecretToken.Invitation);
        var now = time.GetUtcNow();
        var blank = new InvitationConfig
        {
            Id = Guid.CreateVersion7(now),
            OrganizationId = default,
            Email = "",
            Role = Role.Viewer,
            TokenHash = token.Hash,
            CreatedAt = now,
            ExpiresAt = now + Lifetime,
        };
        var answer = await creations.CreateAsync(
            request, Path, blank.Id.ToString(), state => PlanCreation(request, state, blank), (state, id) => Show(request, state, id));
        return answer.Problem is not null || answer.IsReplayed ? answer : await WithTokenAsync(request, answer, blank.Id.ToString(), token);
    }

    /// <summary>Another token and seven more days; the former link is worth nothing any more.</summary>
    public async Task<AdminAnswer> RenewAsync(AdminRequest request)
    {
        var token = SecretToken.Create(SecretToken.Invitation);
        var refusal = await registry.ChangeAsync(
            request.Author,
            state => Check(request, state, invitation => Plan.Write(new SaveInvitation(invitation with { TokenHash = token.Hash, ExpiresAt = time.GetUtcNow() + Lifetime }))),
            request.ClientGone);
        return refusal is null ? await WithTokenAsync(request, await GetAsync(request), request.Id, token) : AdminAnswer.Of(refusal);
    }

    public async Task<AdminAnswer> DeleteAsync(AdminRequest request)
    {
        var refusal = await registry.ChangeAsync(
            request.Author,
            state => Check(request, state, invitation => Plan.Write(new DeleteInvitation(invitation.Id, Accepted: false))),
            request.ClientGone);
        return refusal is null ? AdminAnswer.Nothing : AdminAnswer.Of(refusal);
    }

    private Plan PlanCreation(AdminRequest request, RegistryConfig state, InvitationConfig blank)
    {
        var reading = ConfigReading.OfJson();
        var body = new ConfigNode(request.Body, "", reading);
        var members = body.Members("organizationId", "email", "role") ?? [];
        var invitation = blank with
        {
            OrganizationId = MemberBody.ReadOrganization(request, state, body, members)?.Id ?? default,
            Email = MemberBody.ReadEmail(body, members),
            Role = MemberBody.ReadRole(body, members),
        };
        var why = TenantRules.FaultsOf(reading) ?? MemberRules.CheckGrant(request.Role, invitation.Role) ?? CheckRoom(state, invitation);
        if (why is not null)
        {
            return new Plan([], why);
        }

        // One that has expired must not be in the way of the next.
        var expired = state.Invitations.Where(
            one => one.OrganizationId == invitation.OrganizationId && one.Email == invitation.Email && one.ExpiresAt <= time.GetUtcNow());
        return Plan.Write([.. expired.Select(one => new DeleteInvitation(one.Id, Accepted: false)), new SaveInvitation(invitation)]);
    }

    private Refusal? CheckRoom(RegistryConfig state, InvitationConfig invitation)
    {
        var user = state.Users.FirstOrDefault(one => one.Email == invitation.Email);
        if (user is not null && state.Members.Any(member => member.UserId == user.Id && member.OrganizationId == invitation.OrganizationId))
        {
            return new Refusal(RefusalKind.Conflict, "this user is a member already; change its role instead");
        }

        var open = state.Invitations.Where(one => one.OrganizationId == invitation.OrganizationId).ToList();
        return open.Exists(one => one.Email == invitation.Email && one.ExpiresAt > time.GetUtcNow())
            ? new Refusal(RefusalKind.Conflict, "there is an invitation for this address already; renew it for another link, or revoke it first")
            : TenantRules.TooMany(open.Count, MemberRules.MostInvitations, "invitations");
    }

    /// <summary>Whoever may not give a role may not hand out its link again, nor take it away.</summary>
    private static Plan Check(AdminRequest request, RegistryConfig state, Func<InvitationConfig, Plan> plan) =>
        Find(request, state, request.Id) is not { } invitation ? TenantRules.UnknownPlan
        : MemberRules.CheckGrant(request.Role, invitation.Role) is { } above ? new Plan([], above)
        : EntityTag.Check(request.IfMatch, EntityTag.Of(invitation.Version)) is { } outdated ? new Plan([], outdated)
        : plan(invitation);

    private static InvitationConfig? Find(AdminRequest request, RegistryConfig state, string id) =>
        Guid.TryParseExact(id, "D", out var wanted) ? state.Invitations.FirstOrDefault(one => one.Id == wanted && request.Sees(one.OrganizationId)) : null;

    private AdminAnswer? Show(AdminRequest request, RegistryConfig state, string id) => Find(request, state, id) is { } invitation
        ? AdminAnswer.Of(json => MemberJson.Write(json, invitation, time.GetUtcNow())) with { ETag = EntityTag.Of(invitation.Version) }
        : null;

    /// <summary>The answer once more, with the token in it: the one time that it is seen.</summary>
    private async Task<AdminAnswer> WithTokenAsync(AdminRequest request, AdminAnswer answer, string id, SecretToken token)
    {
        var state = await registry.LoadAsync(request.ClientGone);
        return Find(request, state, id) is { } invitation && CryptographicOperations.FixedTimeEquals(invitation.TokenHash, token.Hash)
            ? answer with { Content = AdminAnswer.Write(json => WriteIssued(json, invitation, token)) }
            : answer;
    }

    private void WriteIssued(Utf8JsonWriter json, InvitationConfig invitation, SecretToken token)
    {
        json.WriteString("token", token.Text);
        json.WriteString("link", LinkStart + token.Text);
        MemberJson.Write(json, invitation, time.GetUtcNow());
    }
}
