using System.Text.Json;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.ControlPlane.Users;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Admin;

/// <summary><c>/organizations</c>: an administrator sees and renames its own; creating, limiting, suspending and deleting takes the instance's.</summary>
internal sealed class OrganizationsApi(RegistryWriter registry, Creations creations, TimeProvider time)
{
    private const string Path = "/organizations";

    private static readonly string[] Known = ["name", "suspended", "allowedNetworks", "limits", "plan", "quotas"];

    private static readonly string[] InstanceOnly = ["suspended", "limits", "plan", "quotas"];

    public async Task<AdminAnswer> ListAsync(AdminRequest request)
    {
        var state = await registry.LoadAsync(request.ClientGone);
        return Page.Answer(request, state.Organizations.Where(one => request.Sees(one.Id)), one => $"{one.Name}\0{one.Id}", Write);
    }

    public async Task<AdminAnswer> GetAsync(AdminRequest request) =>
        Show(request, await registry.LoadAsync(request.ClientGone), request.Id) ?? AdminAnswer.Of(TenantRules.Unknown);

    public Task<AdminAnswer> CreateAsync(AdminRequest request)
    {
        var id = Guid.CreateVersion7(time.GetUtcNow());
        return creations.CreateAsync(
            request,
            Path,
            id.ToString(),
            state =>
            {
                var reading = ConfigReading.OfJson();
                var organization = Read(new ConfigNode(request.Body, "", reading), id);
                return (TenantRules.FaultsOf(reading) ?? TenantRules.TooMany(state.Organizations.Count, TenantRules.MostOrganizations, "organizations")) is { } why
                    ? new Plan([], why)
                    : Plan.Write(new SaveOrganization(organization));
            },
            (state, created) => Show(request, state, created));
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
        if (request.Parameter("cascade") is { } text and not "true" and not "false")
        {
            return AdminAnswer.Of(Problem.Malformed("A parameter of the query is wrong.", new ConfigFault("cascade", $"must be true or false, not \"{text}\"")));
        }

        var refusal = await registry.ChangeAsync(request.Author, state => PlanDelete(request, state, time.GetUtcNow()), request.ClientGone);
        return refusal is null ? AdminAnswer.Nothing : AdminAnswer.Of(refusal);
    }

    /// <summary>Everything that is stored about an organization, but for secrets: what the API shows of it one by one, and the rest as rows.</summary>
    public async Task<AdminAnswer> ExportAsync(AdminRequest request)
    {
        var state = await registry.LoadAsync(request.ClientGone);
        if (Find(request, state, request.Id) is not { } organization)
        {
            return AdminAnswer.Of(TenantRules.Unknown);
        }

        var rows = await registry.ExportRowsAsync(organization.Id, request.ClientGone);
        return AdminAnswer.Of(json => OrganizationExport.Write(json, state, organization, rows, time.GetUtcNow()));
    }

    private static Plan PlanDelete(AdminRequest request, RegistryConfig state, DateTimeOffset now)
    {
        if (Find(request, state, request.Id) is not { } organization)
        {
            return TenantRules.UnknownPlan;
        }

        if (EntityTag.Check(request.IfMatch, EntityTag.Of(organization.Version)) is { } outdated)
        {
            return new Plan([], outdated);
        }

        if (organization.Id == DefaultTenant.OrganizationId)
        {
            return Plan.Refuse(RefusalKind.Conflict, "this is the organization that the configuration file's servers live in; it stays");
        }

        if (request.Parameter("cascade") == "true")
        {
            // Its keys have to be dead before, or the calls of the last moment would leave traces again.
            return organization.Suspended
                ? Plan.Write(new EraseOrganization(organization.Id))
                : Plan.Refuse(RefusalKind.Conflict, "it is in use; suspend it first");
        }

        return state.Workspaces.Any(workspace => workspace.OrganizationId == organization.Id)
            ? Plan.Refuse(RefusalKind.Conflict, "it still has workspaces; delete them first, or everything with cascade=true")
            : Plan.Write(
            [
                .. state.Members.Where(member => member.OrganizationId == organization.Id).SelectMany(member => MemberRules.Removal(state, member, now)),
                new DeleteOrganization(organization.Id),
            ]);
    }

    private static Plan PlanUpdate(AdminRequest request, RegistryConfig state)
    {
        if (Find(request, state, request.Id) is not { } organization)
        {
            return TenantRules.UnknownPlan;
        }

        if (EntityTag.Check(request.IfMatch, EntityTag.Of(organization.Version)) is { } outdated)
        {
            return new Plan([], outdated);
        }

        if (!request.IsInstanceAdministrator && request.Body.ValueKind == JsonValueKind.Object
            && Array.Find(InstanceOnly, member => request.Body.TryGetProperty(member, out _)) is { } forbidden)
        {
            return Plan.Refuse(RefusalKind.Forbidden, $"\"{forbidden}\" is changed by an administrator of the instance (scope instance)");
        }

        var reading = ConfigReading.OfJson();
        var next = Read(new ConfigNode(MergePatch.Apply(json => WriteEntry(json, organization), request.Body), "", reading), organization.Id);
        return TenantRules.FaultsOf(reading) is { } faults ? new Plan([], faults) : Plan.Write(new SaveOrganization(next));
    }

    private static OrganizationConfig Read(ConfigNode body, Guid id)
    {
        var members = body.Members(Known) ?? [];
        var networks = members.TryGetValue("allowedNetworks", out var list) ? list.Texts() ?? [] : [];
        for (var i = 0; i < networks.Count; i++)
        {
            if (AddressSet.TryParse([networks[i]], out _) is null)
            {
                body.Reading.Fault(list.ItemPath(i), "must be an address or a block of addresses, such as \"10.0.0.0/8\"");
            }
        }

        return new OrganizationConfig(
            id,
            TenantRules.ReadName(body, members),
            members.TryGetValue("suspended", out var suspended) && (suspended.Flag() ?? false),
            networks,
            members.TryGetValue("limits", out var limits) ? LimitReader.Read(limits) : null)
        {
            Plan = members.TryGetValue("plan", out var plan) ? plan.Text() : null,
            Quotas = members.TryGetValue("quotas", out var quotas) ? QuotaReader.Read(quotas) : QuotaConfig.None,
        };
    }

    private static OrganizationConfig? Find(AdminRequest request, RegistryConfig state, string id) =>
        Guid.TryParseExact(id, "D", out var wanted) && request.Sees(wanted) ? state.Organizations.FirstOrDefault(one => one.Id == wanted) : null;

    private static AdminAnswer? Show(AdminRequest request, RegistryConfig state, string id) => Find(request, state, id) is { } organization
        ? AdminAnswer.Of(json => Write(json, organization)) with { ETag = EntityTag.Of(organization.Version) }
        : null;

    public static void Write(Utf8JsonWriter json, OrganizationConfig organization)
    {
        json.WriteString("id", organization.Id);
        WriteEntry(json, organization);
    }

    private static void WriteEntry(Utf8JsonWriter json, OrganizationConfig organization)
    {
        json.WriteString("name", organization.Name);
        json.WriteBoolean("suspended", organization.Suspended);
        json.WriteTexts("allowedNetworks", organization.AllowedNetworks);
        json.WriteLimit("limits", organization.Limits);
        if (organization.Plan is { } plan)
        {
            json.WriteString("plan", plan);
        }

        json.WriteQuotas("quotas", organization.Quotas);
    }
}
