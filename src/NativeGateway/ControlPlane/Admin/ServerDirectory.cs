using System.Text.Json;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>Which servers a caller sees, from the database and from the configuration file, and where new ones go.</summary>
internal sealed class ServerDirectory(RegistryWriter registry)
{
    public IEnumerable<UpstreamConfig> Visible(AdminRequest request, RegistryConfig state)
    {
        var workspaces = state.Workspaces.Where(workspace => request.Sees(workspace.OrganizationId)).ToDictionary(workspace => workspace.Id);
        return registry.File.Upstreams.Concat(state.Upstreams).Where(server => workspaces.ContainsKey(server.WorkspaceId));
    }

    /// <summary>By its id.</summary>
    public UpstreamConfig? Find(AdminRequest request, RegistryConfig state, string id) =>
        Guid.TryParseExact(id, "D", out var wanted) ? Visible(request, state).FirstOrDefault(server => server.Id == wanted) : null;

    /// <summary>The workspace that a body names, else the caller's; null with a fault.</summary>
    public static WorkspaceConfig? ReadWorkspace(AdminRequest request, RegistryConfig state, ConfigNode body)
    {
        Guid? named = null;
        if (body.Element.ValueKind == JsonValueKind.Object && body.Element.TryGetProperty("workspaceId", out var element)
            && element.ValueKind != JsonValueKind.Null)
        {
            var node = new ConfigNode(element, body.MemberPath("workspaceId"), body.Reading);
            named = TenantRules.ReadId(new() { ["workspaceId"] = node }, "workspaceId") ?? Guid.Empty;
        }

        var workspace = TenantRules.FindWorkspace(state, request, named);
        if (workspace is null && named != Guid.Empty)
        {
            body.Reading.Fault(body.MemberPath("workspaceId"), "is no workspace that you administer");
        }

        return workspace;
    }

    /// <summary>Null when the server can be added beside those that there are.</summary>
    public Refusal? WhyNotAdded(RegistryConfig state, UpstreamConfig server)
    {
        if (registry.File.Upstreams.Any(own => own.WorkspaceId == server.WorkspaceId && own.Key == server.Key))
        {
            return new Refusal(RefusalKind.Conflict, "a server of that name stands in the configuration file; change it there");
        }

        var beside = state.Upstreams.Where(own => own.WorkspaceId == server.WorkspaceId).ToList();
        return beside.Exists(own => own.Key == server.Key)
            ? new Refusal(RefusalKind.Conflict, $"there is a server \"{server.Key}\" in this workspace already")
            : TenantRules.TooMany(beside.Count, TenantRules.MostServers, "servers in this workspace");
    }
}
