using System.Text;
using System.Text.Json;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>
/// <c>/servers/import</c> and <c>/servers/export</c>: many servers at once, all of them or none. Takes a client's <c>mcpServers</c>, a
/// <c>server.json</c> of the MCP registry, or a table; gives <c>mcpServers</c> or a table, with variables in the place of secrets.
/// </summary>
internal sealed class ServerTransfer(RegistryWriter registry, ServerDirectory directory, TimeProvider time)
{
    public async Task<AdminAnswer> ImportAsync(AdminRequest request)
    {
        var replaces = request.Parameter("replace") is "true";
        if (request.Parameter("replace") is { } text && text is not "true" and not "false")
        {
            return AdminAnswer.Of(Problem.Malformed("A parameter of the query is wrong.", new ConfigFault("replace", "must be true or false")));
        }

        IReadOnlyList<ConfigFault> warnings = [];
        List<(string Name, Guid Id, bool IsNew)> done = [];
        var refusal = await registry.ChangeAsync(
            request.Author,
            state =>
            {
                var reading = ConfigReading.OfJson(strict: false);
                done = [];
                var plan = PlanImport(request, state, replaces, reading, done);
                warnings = reading.Warnings;
                return plan;
            },
            request.ClientGone);
        return refusal is null ? AdminAnswer.Of(json => WriteReport(json, done, warnings)) : AdminAnswer.Of(refusal);
    }

    public async Task<AdminAnswer> ExportAsync(AdminRequest request)
    {
        var state = await registry.LoadAsync(request.ClientGone);
        var wanted = request.Parameter("workspaceId");
        var workspace = TenantRules.FindWorkspace(state, request, wanted is null ? null : Guid.TryParseExact(wanted, "D", out var id) ? id : Guid.Empty);
        if (workspace is null)
        {
            return AdminAnswer.Of(TenantRules.Unknown);
        }

        var servers = directory.Visible(request, state).Where(server => server.WorkspaceId == workspace.Id).DistinctBy(server => server.Key).ToList();
        return request.Parameter("format") switch
        {
            null or "json" => AdminAnswer.Of(json => ServerExport.Write(json, servers)),
            "csv" => new AdminAnswer(200, Encoding.UTF8.GetBytes(ServerExport.Table(servers))) { ContentType = "text/csv; charset=utf-8" },
            _ => AdminAnswer.Of(Problem.Malformed("A parameter of the query is wrong.", new ConfigFault("format", "must be json or csv"))),
        };
    }

    private Plan PlanImport(
        AdminRequest request, RegistryConfig state, bool replaces, ConfigReading reading, List<(string Name, Guid Id, bool IsNew)> done)
    {
        var workspace = TenantRules.FindWorkspace(
            state, request, request.Parameter("workspaceId") is { } text ? Guid.TryParseExact(text, "D", out var id) ? id : Guid.Empty : null);
        if (workspace is null)
        {
            return TenantRules.UnknownPlan;
        }

        var settings = StoredSettings.Effective(state, registry.File);
        var writes = new List<RegistryWrite>();
        var entries = ServerImport.EntriesOf(request, reading);
        if (entries.Count > TenantRules.MostServers)
        {
            return new Plan([], TenantRules.TooMany(entries.Count, TenantRules.MostServers, "servers in this workspace"));
        }

        foreach (var (name, entry) in entries)
        {
            var key = UpstreamName.ToKey(name);
            var present = state.Upstreams.FirstOrDefault(server => server.WorkspaceId == workspace.Id && server.Key == key);
            if (UpstreamEntryReader.Read(key, entry, order: 0) is not { } server)
            {
                continue;
            }

            if (key != name)
            {
                entry.Warn($"is offered as \"{key}\": a server's name consists of letters, digits, hyphens and single underscores");
            }

            ReachRules.Check(server, settings, entry);
            ServerImport.RefuseVariables(server, entry);
            server = server with
            {
                Id = present?.Id ?? Guid.CreateVersion7(time.GetUtcNow()), WorkspaceId = workspace.Id, Source = ConfigSource.Database, Trusted = false,
            };
            if ((present is null || !replaces) && directory.WhyNotAdded(state, server) is { } why)
            {
                entry.Fault(why.Message);
            }

            if (done.Exists(other => other.Name == key))
            {
                entry.Fault($"would be offered as \"{key}\", like another one; rename one of the two");
            }

            writes.Add(new SaveUpstream(server));
            done.Add((key, server.Id, present is null));
        }

        var others = state.Upstreams.Count(server => server.WorkspaceId == workspace.Id && !done.Exists(one => one.Id == server.Id));
        var refusal = TenantRules.FaultsOf(reading) ?? TenantRules.TooMany(others + done.Count - 1, TenantRules.MostServers, "servers in this workspace");
        return refusal is null ? new Plan(writes, null) : new Plan([], refusal);
    }

    private static void WriteReport(Utf8JsonWriter json, List<(string Name, Guid Id, bool IsNew)> done, IReadOnlyList<ConfigFault> warnings)
    {
        json.WriteStartArray("items");
        foreach (var (name, id, isNew) in done)
        {
            json.WriteStartObject();
            json.WriteString("id", id);
            json.WriteString("name", name);
            json.WriteString("outcome", isNew ? "created" : "replaced");
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("warnings");
        foreach (var warning in warnings)
        {
            json.WriteStartObject();
            json.WriteString("pointer", warning.Where);
            json.WriteString("detail", warning.Message);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
