using NativeGateway.ControlPlane.Configuration;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Admin;

/// <summary><c>/servers</c>: the registry of upstreams. Those of the configuration file are shown and cannot be changed here.</summary>
internal sealed class ServersApi(RegistryWriter registry, Creations creations, ServerDirectory directory, TimeProvider time)
{
    private const string Path = "/servers";

    private static readonly Refusal InFile = new(RefusalKind.Conflict, "this server stands in the configuration file; change it there");

    public async Task<AdminAnswer> ListAsync(AdminRequest request)
    {
        var state = await registry.LoadAsync(request.ClientGone);
        var workspace = request.Parameter("workspaceId");
        var servers = directory.Visible(request, state).Where(server => workspace is null || server.WorkspaceId.ToString() == workspace);
        return Page.Answer(request, servers, server => $"{server.Key}\0{server.Id}", ServerJson.Write);
    }

    public async Task<AdminAnswer> GetAsync(AdminRequest request) =>
        Show(request, await registry.LoadAsync(request.ClientGone), request.Id) ?? AdminAnswer.Of(TenantRules.Unknown);

    public Task<AdminAnswer> CreateAsync(AdminRequest request)
    {
        var id = Guid.CreateVersion7(time.GetUtcNow());
        return creations.CreateAsync(
            request, Path, id.ToString(), state => PlanCreation(request, state, id), (state, created) => Show(request, state, created));
    }

    public async Task<AdminAnswer> UpdateAsync(AdminRequest request) => request.IfMatch is null
        ? AdminAnswer.Of(Problem.PreconditionRequired())
        : await ChangeAsync(request, (state, server) => PlanUpdate(request, state, server));

    public Task<AdminAnswer> EnableAsync(AdminRequest request) => SetDisabledAsync(request, false);

    public Task<AdminAnswer> DisableAsync(AdminRequest request) => SetDisabledAsync(request, true);

    public async Task<AdminAnswer> DeleteAsync(AdminRequest request)
    {
        var refusal = await registry.ChangeAsync(request.Author, state => PlanChange(request, state, (_, server) => Plan.Write(new DeleteUpstream(server.Id))), request.ClientGone);
        return refusal is null ? AdminAnswer.Nothing : AdminAnswer.Of(refusal);
    }

    private Task<AdminAnswer> SetDisabledAsync(AdminRequest request, bool disabled) => ChangeAsync(
        request,
        (_, server) => server.Disabled == disabled ? Plan.Nothing : Plan.Write(new SaveUpstream(server with { Disabled = disabled })));

    private async Task<AdminAnswer> ChangeAsync(AdminRequest request, Func<RegistryConfig, UpstreamConfig, Plan> change)
    {
        var refusal = await registry.ChangeAsync(request.Author, state => PlanChange(request, state, change), request.ClientGone);
        return refusal is null ? await GetAsync(request) : AdminAnswer.Of(refusal);
    }

    private Plan PlanChange(AdminRequest request, RegistryConfig state, Func<RegistryConfig, UpstreamConfig, Plan> change) =>
        directory.Find(request, state, request.Id) is not { } server ? TenantRules.UnknownPlan
            : server.Source == ConfigSource.File ? new Plan([], InFile)
            : EntityTag.Check(request.IfMatch, EntityTag.Of(server.Version)) is { } outdated ? new Plan([], outdated)
            : change(state, server);

    private Plan PlanCreation(AdminRequest request, RegistryConfig state, Guid id)
    {
        var reading = ConfigReading.OfJson();
        var body = new ConfigNode(request.Body, "", reading);
        var workspace = ServerDirectory.ReadWorkspace(request, state, body);
        var server = ServerBody.Read(body, id, workspace?.Id ?? default, StoredSettings.Effective(state, registry.File));
        return (TenantRules.FaultsOf(reading) ?? directory.WhyNotAdded(state, server!)) is { } why ? new Plan([], why) : Plan.Write(new SaveUpstream(server!));
    }

    private Plan PlanUpdate(AdminRequest request, RegistryConfig state, UpstreamConfig server)
    {
        var reading = ConfigReading.OfJson();
        var next = ServerBody.Change(server, request.Body, StoredSettings.Effective(state, registry.File), reading);
        return TenantRules.FaultsOf(reading) is { } faults ? new Plan([], faults) : Plan.Write(new SaveUpstream(next!));
    }

    private AdminAnswer? Show(AdminRequest request, RegistryConfig state, string id) => directory.Find(request, state, id) is { } server
        ? AdminAnswer.Of(json => ServerJson.Write(json, server)) with { ETag = EntityTag.Of(server.Version) }
        : null;
}
