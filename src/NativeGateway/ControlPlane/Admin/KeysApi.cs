using NativeGateway.ControlPlane.Configuration;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.ControlPlane.Users;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>
/// <c>/keys</c>: an administrator manages the keys of its organization. A key that has the scope <c>instance</c> is made and changed only by
/// another one that has it: a rotation, for one, shows its secret. A user below that makes and changes keys of its own, which can do no more than it can.
/// </summary>
internal sealed class KeysApi(RegistryWriter registry, Creations creations, SecretHashing hashing, TimeProvider time)
{
    private const string Path = "/keys";

    private static readonly Refusal AboveCaller = new(
        RefusalKind.Forbidden, "a key with the scope instance takes another key with that scope to make or change it");

    private static readonly Refusal OfOthers = new(RefusalKind.Forbidden, "with the role member you make and change your own keys; this one is not yours");

    private static readonly Refusal AboveOwner = new(
        RefusalKind.Forbidden, "a key that belongs to a user may do no more than the user's role: of the scopes, a member's keys have mcp and admin:read");

    private static readonly Refusal Revoked = new(RefusalKind.Conflict, "this key is revoked and stays so; create a new one");

    private static readonly KeyRequest Blank = new("", KeyScopes.None, PermissionConfig.Everything, null, null);

    public async Task<AdminAnswer> ListAsync(AdminRequest request)
    {
        var state = await registry.LoadAsync(request.ClientGone);
        var now = time.GetUtcNow();
        return Page.Answer(
            request, state.Keys.Where(key => request.Sees(key.OrganizationId)), key => $"{key.CreatedAt:O}\0{key.Id}", (json, key) => KeyJson.Write(json, key, now));
    }

    public async Task<AdminAnswer> GetAsync(AdminRequest request) =>
        Show(request, await registry.LoadAsync(request.ClientGone), request.Id) ?? AdminAnswer.Of(TenantRules.Unknown);

    public async Task<AdminAnswer> CreateAsync(AdminRequest request)
    {
        // What is wrong is told before a secret is made for it.
        if (PlanCreation(request, await registry.LoadAsync(request.ClientGone), NoKey).Refusal is { } early)
        {
            return AdminAnswer.Of(early);
        }

        var issued = await hashing.RunAsync(() => IssuedKey.Create(Blank, DefaultTenant.Workspace, time.GetUtcNow()), request.ClientGone);
        var answer = await creations.CreateAsync(
            request, Path, issued.Key.Id, state => PlanCreation(request, state, issued.Key), (state, id) => Show(request, state, id));
        return answer.Problem is not null || answer.IsReplayed
            ? answer
            : await WithTextAsync(answer, issued, request);
    }

    public async Task<AdminAnswer> UpdateAsync(AdminRequest request) => request.IfMatch is null
        ? AdminAnswer.Of(Problem.PreconditionRequired())
        : await ChangeAsync(request, (state, key) => PlanUpdate(request, state, key));

    public async Task<AdminAnswer> RotateAsync(AdminRequest request)
    {
        var present = Find(request, await registry.LoadAsync(request.ClientGone), request.Id);
        if (present is null)
        {
            return AdminAnswer.Of(TenantRules.Unknown);
        }

        var issued = await hashing.RunAsync(() => IssuedKey.Renew(present), request.ClientGone);
        var answer = await ChangeAsync(
            request,
            (_, key) => key.RevokedAt is not null ? new Plan([], Revoked) : Plan.Write(new SaveKey(key with { SecretHash = issued.Key.SecretHash })));
        return answer.Problem is not null ? answer : await WithTextAsync(answer, issued, request);
    }

    public Task<AdminAnswer> RevokeAsync(AdminRequest request) => ChangeAsync(
        request,
        (_, key) => key.RevokedAt is not null ? Plan.Nothing : Plan.Write(new SaveKey(key with { RevokedAt = time.GetUtcNow() })));

    public async Task<AdminAnswer> DeleteAsync(AdminRequest request)
    {
        var refusal = await registry.ChangeAsync(request.Author, state => PlanChange(request, state, (_, key) => Plan.Write(new DeleteKey(key.Id))), request.ClientGone);
        return refusal is null ? AdminAnswer.Nothing : AdminAnswer.Of(refusal);
    }

    private async Task<AdminAnswer> ChangeAsync(AdminRequest request, Func<RegistryConfig, KeyConfig, Plan> change)
    {
        var refusal = await registry.ChangeAsync(request.Author, state => PlanChange(request, state, change), request.ClientGone);
        return refusal is null ? await GetAsync(request) : AdminAnswer.Of(refusal);
    }

    private static Plan PlanChange(AdminRequest request, RegistryConfig state, Func<RegistryConfig, KeyConfig, Plan> change) =>
        Find(request, state, request.Id) is not { } key ? TenantRules.UnknownPlan
            : WhyForbidden(request, state, key) is { } why ? new Plan([], why)
            : EntityTag.Check(request.IfMatch, EntityTag.Of(key.Version)) is { } outdated ? new Plan([], outdated)
            : change(state, key);

    private static Plan PlanCreation(AdminRequest request, RegistryConfig state, KeyConfig blank)
    {
        var reading = ConfigReading.OfJson();
        var key = KeyBody.Read(
            request, state, new ConfigNode(request.Body, "", reading), blank with { UserId = KeyBody.OwnerOfNew(request) }, request.Caller.Workspace?.Id);
        var present = state.Keys.Count(one => one.OrganizationId == key.OrganizationId);
        var why = TenantRules.FaultsOf(reading) ?? WhyForbidden(request, state, key) ?? TenantRules.TooMany(present, TenantRules.MostKeys, "keys");
        return why is null ? Plan.Write(new SaveKey(key)) : new Plan([], why);
    }

    private static Plan PlanUpdate(AdminRequest request, RegistryConfig state, KeyConfig key)
    {
        if (key.RevokedAt is not null)
        {
            return new Plan([], Revoked);
        }

        var reading = ConfigReading.OfJson();
        var next = KeyBody.Change(request, state, key, reading);
        return (TenantRules.FaultsOf(reading) ?? WhyForbidden(request, state, next)) is { } why ? new Plan([], why) : Plan.Write(new SaveKey(next));
    }

    /// <summary>Why the caller may not make such a key, nor touch one that there is.</summary>
    private static Refusal? WhyForbidden(AdminRequest request, RegistryConfig state, KeyConfig key)
    {
        if (key.Scopes.HasFlag(KeyScopes.Instance) && !request.IsInstanceAdministrator)
        {
            return AboveCaller;
        }

        if (request.Role < Role.Admin && key.UserId != request.Caller.UserId)
        {
            return OfOthers;
        }

        return key.UserId is { } user && (key.Scopes & ~MostScopes(state, user, key.OrganizationId)) != KeyScopes.None && request.Role < Role.Admin
            ? AboveOwner
            : null;
    }

    private static KeyScopes MostScopes(RegistryConfig state, Guid userId, Guid organizationId) =>
        state.Members.FirstOrDefault(member => member.UserId == userId && member.OrganizationId == organizationId)?.Role.MostKeyScopes() ?? KeyScopes.None;

    private static KeyConfig NoKey => new()
    {
        Id = "", OrganizationId = default, WorkspaceId = default, Name = "", SecretHash = "", Scopes = KeyScopes.None,
    };

    private static KeyConfig? Find(AdminRequest request, RegistryConfig state, string id) =>
        state.Keys.FirstOrDefault(key => key.Id == id && request.Sees(key.OrganizationId));

    private AdminAnswer? Show(AdminRequest request, RegistryConfig state, string id) => Find(request, state, id) is { } key
        ? AdminAnswer.Of(json => KeyJson.Write(json, key, time.GetUtcNow())) with { ETag = EntityTag.Of(key.Version) }
        : null;

    /// <summary>The answer once more, with the whole key in it.</summary>
    private async Task<AdminAnswer> WithTextAsync(AdminAnswer answer, IssuedKey issued, AdminRequest request)
    {
        var key = (await registry.LoadAsync(request.ClientGone)).Keys.FirstOrDefault(one => one.Id == issued.Key.Id) ?? issued.Key;
        return answer with { Content = AdminAnswer.Write(json => KeyJson.Write(json, issued with { Key = key }, time.GetUtcNow())) };
    }
}
