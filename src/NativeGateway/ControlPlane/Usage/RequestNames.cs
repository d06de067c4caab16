using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Usage;

/// <summary>What ids are called at present; null for what is gone.</summary>
internal sealed class RequestNames(RegistryConfig registry, FileConfig file)
{
    public string? Organization(Guid id) => registry.Organizations.FirstOrDefault(one => one.Id == id)?.Name;

    public string? Workspace(Guid id) => registry.Workspaces.FirstOrDefault(one => one.Id == id)?.Name;

    public string? Key(string id) => registry.Keys.FirstOrDefault(one => one.Id == id)?.Name ?? file.Keys.FirstOrDefault(one => one.Id == id)?.Name;
}
