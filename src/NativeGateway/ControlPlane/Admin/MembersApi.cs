using Microsoft.AspNetCore.Http;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.ControlPlane.Users;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>
/// <c>/members</c>: who belongs to an organization, in which role. People come by an invitation; making an account for somebody, or giving it
/// another password, takes an administrator of the instance.
/// </summary>
internal sealed class MembersApi(RegistryWriter registry, SecretHashing hashing, TimeProvider time)
{
    private const string Path = "/members";

    public async Task<AdminAnswer> ListAsync(AdminRequest request)
    {
        var state = await registry.LoadAsync(request.ClientGone);
        var users = state.Users.ToDictionary(user => user.Id);
        return Page.Answer(
            request,
            state.Members.Where(member => request.Sees(member.OrganizationId)),
            member => $"{users[member.UserId].Email}\0{member.Id}",
            (json, member) => MemberJson.Write(json, member, users[member.UserId]));
    }

    public async Task<AdminAnswer> GetAsync(AdminRequest request) =>
        Show(request, await registry.LoadAsync(request.ClientGone), request.Id) ?? AdminAnswer.Of(TenantRules.Unknown);

    /// <summary>
    /// Takes no <c>Idempotency-Key</c>: the digest that is kept with one would be a fast hash of a password. The address is unique anyway.
    /// </summary>
    public async Task<AdminAnswer> CreateAsync(AdminRequest request)
    {
        var now = time.GetUtcNow();
        var blank = new UserConfig { Id = Guid.CreateVersion7(now), Email = "", Name = "", PasswordHash = "", CreatedAt = now };
        var member = new MemberConfig(Guid.CreateVersion7(now), default, default, Role.Viewer, now);
        var early = await registry.LoadAsync(request.ClientGone);
        if (PlanCreation(request, early, blank, member, out var password).Refusal is { } refusal)
        {
            return AdminAnswer.Of(refusal);
        }

        var hash = password.Length == 0 ? "" : await hashing.HashAsync(password, request.ClientGone);
        var conflict = await registry.ChangeAsync(
            request.Author, state => PlanCreation(request, state, blank with { PasswordHash = hash }, member, out _), request.ClientGone);
        return conflict is not null || Show(request, await registry.LoadAsync(request.ClientGone), member.Id.ToString()) is not { } shown
            ? AdminAnswer.Of(conflict ?? TenantRules.Unknown)
            : shown with { Status = StatusCodes.Status201Created, Location = $"{Path}/{member.Id}" };
    }

    public Task<AdminAnswer> UpdateAsync(AdminRequest request) => request.IfMatch is null
        ? Task.FromResult(AdminAnswer.Of(Problem.PreconditionRequired()))
        : ChangeAsync(request, (state, member) =>
        {
            var reading = ConfigReading.OfJson();
            var body = new ConfigNode(MergePatch.Apply(json => MemberJson.WriteEntry(json, member), request.Body), "", reading);
            var next = member with { Role = MemberBody.ReadRole(body, body.Members("role") ?? []) };
            return (TenantRules.FaultsOf(reading) ?? MemberRules.CheckChange(state, request.Role, member, next.Role)) is { } why
                ? new Plan([], why)
                : Plan.Write(new SaveMember(next));
        });

    public async Task<AdminAnswer> DeleteAsync(AdminRequest request)
    {
        var refusal = await registry.ChangeAsync(
            request.Author,
            state => Check(request, state, (_, member) =>
                MemberRules.CheckRemoval(state, request.Role, member, member.UserId == request.SignedIn?.User.Id, request.IsInstanceAdministrator) is { } why
                    ? new Plan([], why)
                    : Plan.Write(MemberRules.Removal(state, member, time.GetUtcNow()))),
            request.ClientGone);
        return refusal is null ? AdminAnswer.Nothing : AdminAnswer.Of(refusal);
    }

    /// <summary>Gives the user another password and signs it out everywhere.</summary>
    public async Task<AdminAnswer> SetPasswordAsync(AdminRequest request)
    {
        if (Find(request, await registry.LoadAsync(request.ClientGone), request.Id) is not var (_, user))
        {
            return AdminAnswer.Of(TenantRules.Unknown);
        }

        var reading = ConfigReading.OfJson();
        var body = new ConfigNode(request.Body, "", reading);
        var password = MemberBody.ReadNewPassword(body, body.Members("password") ?? [], "password", user.Email);
        if (TenantRules.FaultsOf(reading) is { } faults)
        {
            return AdminAnswer.Of(faults);
        }

        var hash = await hashing.HashAsync(password, request.ClientGone);
        return await ChangeAsync(request, (state, member) => Plan.Write(
            new SaveUser(state.Users.First(one => one.Id == member.UserId) with { PasswordHash = hash }), new EndSessions(member.UserId, null)));
    }

    /// <param name="password">Empty for a user that there is already.</param>
    private static Plan PlanCreation(AdminRequest request, RegistryConfig state, UserConfig blank, MemberConfig member, out string password)
    {
        var reading = ConfigReading.OfJson();
        var body = new ConfigNode(request.Body, "", reading);
        var members = body.Members("organizationId", "email", "role", "name", "password", "instance") ?? [];
        var email = MemberBody.ReadEmail(body, members);
        var organization = MemberBody.ReadOrganization(request, state, body, members);
        var present = state.Users.FirstOrDefault(user => user.Email == email);
        var user = present ?? blank with { Email = email, Name = TenantRules.ReadName(body, members) };
        if (members.TryGetValue("instance", out var instance))
        {
            user = user with { IsInstanceAdministrator = instance.Flag() ?? false };
        }

        password = "";
        if (present is null)
        {
            password = MemberBody.ReadNewPassword(body, members, "password", email);
        }
        else if (members.ContainsKey("password") || members.ContainsKey("name"))
        {
            reading.Fault(body.MemberPath("email"), "has an account already; leave name and password out to make it a member");
        }

        var joined = member with { OrganizationId = organization?.Id ?? default, UserId = user.Id, Role = MemberBody.ReadRole(body, members) };
        var why = TenantRules.FaultsOf(reading) ?? CheckJoining(state, joined);
        return why is not null ? new Plan([], why) : Plan.Write([.. user == present ? (RegistryWrite[])[] : [new SaveUser(user)], new SaveMember(joined)]);
    }

    private static Refusal? CheckJoining(RegistryConfig state, MemberConfig joined) =>
        state.Members.Any(member => member.OrganizationId == joined.OrganizationId && member.UserId == joined.UserId)
            ? new Refusal(RefusalKind.Conflict, "this user is a member already; change its role instead")
            : TenantRules.TooMany(state.Members.Count(member => member.OrganizationId == joined.OrganizationId), MemberRules.MostMembers, "members");

    private async Task<AdminAnswer> ChangeAsync(AdminRequest request, Func<RegistryConfig, MemberConfig, Plan> plan)
    {
        var refusal = await registry.ChangeAsync(request.Author, state => Check(request, state, plan), request.ClientGone);
        return refusal is null ? await GetAsync(request) : AdminAnswer.Of(refusal);
    }

    private static Plan Check(AdminRequest request, RegistryConfig state, Func<RegistryConfig, MemberConfig, Plan> plan) =>
        Find(request, state, request.Id) is not var (member, _) ? TenantRules.UnknownPlan
        : EntityTag.Check(request.IfMatch, EntityTag.Of(member.Version)) is { } outdated ? new Plan([], outdated)
        : plan(state, member);

    private static Found? Find(AdminRequest request, RegistryConfig state, string id) =>
        Guid.TryParseExact(id, "D", out var wanted) && state.Members.FirstOrDefault(one => one.Id == wanted && request.Sees(one.OrganizationId)) is { } member
            ? new Found(member, state.Users.First(user => user.Id == member.UserId))
            : null;

    private static AdminAnswer? Show(AdminRequest request, RegistryConfig state, string id) => Find(request, state, id) is var (member, user)
        ? AdminAnswer.Of(json => MemberJson.Write(json, member, user)) with { ETag = EntityTag.Of(member.Version) }
        : null;

    private sealed record Found(MemberConfig Member, UserConfig User);
}
