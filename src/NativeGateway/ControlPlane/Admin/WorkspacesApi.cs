using System.Text.Json;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Admin;

/// <summary><c>/workspaces</c> of the caller's organization, or of any for an administrator of the instance.</summary>
internal sealed class WorkspacesApi(RegistryWriter registry, Creations creations, TimeProvider time)
{
    private const string Path = "/workspaces";

    public async Task<AdminAnswer> ListAsync(AdminRequest request)
    {
        var state = await registry.LoadAsync(request.ClientGone);
        return Page.Answer(request, state.Workspaces.Where(one => request.Sees(one.OrganizationId)), one => $"{one.Name}\0{one.Id}", Write);
    }

    public async Task<AdminAnswer> GetAsync(AdminRequest request) =>
        Show(request, await registry.LoadAsync(request.ClientGone), request.Id) ?? AdminAnswer.Of(TenantRules.Unknown);

    public Task<AdminAnswer> CreateAsync(AdminRequest request)
    {
        var id = Guid.CreateVersion7(time.GetUtcNow());
        return creations.CreateAsync(
            request, Path, id.ToString(), state => PlanCreation(request, state, id), (state, created) => Show(request, state, created));
    }

    public async Task<AdminAnswer> UpdateAsync(AdminRequest request)
    {
        if (request.IfMatch is null)
        {
            return AdminAnswer.Of(Problem.PreconditionRequired());
        }

        var refusal = await registry.ChangeAsync(request.Author, state => PlanUpdate(request, state), request.ClientGone);
        return refusal is null ? await GetAsync(request) : AdminAnswer.Of(refusal);
    }

    public async Task<AdminAnswer> DeleteAsync(AdminRequest request)
    {
        var refusal = await registry.ChangeAsync(
            request.Author,
            state => Find(request, state, request.Id) is not { } workspace ? TenantRules.UnknownPlan
                : EntityTag.Check(request.IfMatch, EntityTag.Of(workspace.Version)) is { } outdated ? new Plan([], outdated)
                : workspace.Id == DefaultTenant.WorkspaceId
                    ? Plan.Refuse(RefusalKind.Conflict, "this is the workspace that the configuration file's servers live in; it stays")
                : state.Upstreams.Any(upstream => upstream.WorkspaceId == workspace.Id) || state.Keys.Any(key => key.WorkspaceId == workspace.Id)
                    ? Plan.Refuse(RefusalKind.Conflict, "it still has servers or keys; delete them first")
                : Plan.Write(new DeleteWorkspace(workspace.Id)),
            request.ClientGone);
        return refusal is null ? AdminAnswer.Nothing : AdminAnswer.Of(refusal);
    }

    private static Plan PlanCreation(AdminRequest request, RegistryConfig state, Guid id)
    {
        var reading = ConfigReading.OfJson();
        var body = new ConfigNode(request.Body, "", reading);
        var members = body.Members("name", "instructions", "organizationId") ?? [];
        var owner = TenantRules.ReadId(members, "organizationId") ?? request.Caller.OrganizationId;
        if (!request.Sees(owner) || state.Organizations.All(one => one.Id != owner))
        {
            reading.Fault(body.MemberPath("organizationId"), "is no organization that you administer");
        }

        var workspace = new WorkspaceConfig(id, owner, TenantRules.ReadName(body, members), TenantRules.ReadInstructions(members));
        var present = state.Workspaces.Count(one => one.OrganizationId == owner);
        return (TenantRules.FaultsOf(reading) ?? TenantRules.TooMany(present, TenantRules.MostWorkspaces, "workspaces")) is { } why
            ? new Plan([], why)
            : Plan.Write(new SaveWorkspace(workspace));
    }

    private static Plan PlanUpdate(AdminRequest request, RegistryConfig state)
    {
        if (Find(request, state, request.Id) is not { } workspace)
        {
            return TenantRules.UnknownPlan;
        }

        if (EntityTag.Check(request.IfMatch, EntityTag.Of(workspace.Version)) is { } outdated)
        {
            return new Plan([], outdated);
        }

        var reading = ConfigReading.OfJson();
        var body = new ConfigNode(MergePatch.Apply(json => WriteEntry(json, workspace), request.Body), "", reading);
        var members = body.Members("name", "instructions") ?? [];
        var next = workspace with { Name = TenantRules.ReadName(body, members), Instructions = TenantRules.ReadInstructions(members) };
        return TenantRules.FaultsOf(reading) is { } faults ? new Plan([], faults) : Plan.Write(new SaveWorkspace(next));
    }

    private static WorkspaceConfig? Find(AdminRequest request, RegistryConfig state, string id) =>
        Guid.TryParseExact(id, "D", out var wanted)
            ? state.Workspaces.FirstOrDefault(one => one.Id == wanted && request.Sees(one.OrganizationId))
            : null;

    private static AdminAnswer? Show(AdminRequest request, RegistryConfig state, string id) => Find(request, state, id) is { } workspace
        ? AdminAnswer.Of(json => Write(json, workspace)) with { ETag = EntityTag.Of(workspace.Version) }
        : null;

    public static void Write(Utf8JsonWriter json, WorkspaceConfig workspace)
    {
        json.WriteString("id", workspace.Id);
        json.WriteString("organizationId", workspace.OrganizationId);
        WriteEntry(json, workspace);
    }

    private static void WriteEntry(Utf8JsonWriter json, WorkspaceConfig workspace)
    {
        json.WriteString("name", workspace.Name);
        json.WriteString("instructions", workspace.Instructions);
    }
}
