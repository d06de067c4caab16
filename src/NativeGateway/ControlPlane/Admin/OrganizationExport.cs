using System.Text.Json;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>What <c>/organizations/{id}/export</c> answers with.</summary>
internal static class OrganizationExport
{
    /// <param name="rows">A JSON object: what is stored besides the registry, by table.</param>
    public static void Write(Utf8JsonWriter json, RegistryConfig state, OrganizationConfig organization, ReadOnlyMemory<byte> rows, DateTimeOffset now)
    {
        var workspaces = state.Workspaces.Where(workspace => workspace.OrganizationId == organization.Id).ToList();
        json.WriteTime("exportedAt", now);
        json.WriteStartObject("organization");
        OrganizationsApi.Write(json, organization);
        json.WriteEndObject();
        WriteAll(json, "workspaces", workspaces, WorkspacesApi.Write);
        WriteAll(json, "servers", state.Upstreams.Where(upstream => workspaces.Exists(workspace => workspace.Id == upstream.WorkspaceId)), ServerJson.Write);
        WriteAll(json, "keys", state.Keys.Where(key => key.OrganizationId == organization.Id), (writer, key) => KeyJson.Write(writer, key, now));
        WriteAll(json, "members", state.Members.Where(member => member.OrganizationId == organization.Id), (writer, member) =>
            MemberJson.Write(writer, member, state.Users.First(user => user.Id == member.UserId)));
        WriteAll(json, "invitations", state.Invitations.Where(one => one.OrganizationId == organization.Id), (writer, one) => MemberJson.Write(writer, one, now));
        json.WritePropertyName("rows");
        json.WriteRawValue(rows.Span);
    }

    private static void WriteAll<T>(Utf8JsonWriter json, string name, IEnumerable<T> items, Action<Utf8JsonWriter, T> write)
    {
        json.WriteStartArray(name);
        foreach (var item in items)
        {
            json.WriteStartObject();
            write(json, item);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
