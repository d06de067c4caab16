using NativeGateway.ControlPlane.Configuration;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>What the API holds all tenants to, so that none grows at the cost of the others.</summary>
internal static class TenantRules
{
    public const int MostOrganizations = 10_000;
    public const int MostWorkspaces = 1_000;
    public const int MostServers = 1_000;
    public const int MostKeys = 10_000;
    public const int MostWebhooks = 20;

    private const int LongestName = 100;
    private const int LongestInstructions = 32 * 1024;

    /// <summary>The same words for what does not exist and for what belongs to somebody else.</summary>
    public static readonly Refusal Unknown = new(RefusalKind.NotFound, "there is nothing of that id here");

    public static Plan UnknownPlan => new([], Unknown);

    /// <summary>A name for people.</summary>
    public static string ReadName(ConfigNode body, Dictionary<string, ConfigNode> members)
    {
        if (!members.TryGetValue("name", out var node))
        {
            body.Reading.Fault(body.MemberPath("name"), "is missing; give it a name");
            return "";
        }

        var name = node.Text() ?? "";
        if (node.Element.ValueKind == System.Text.Json.JsonValueKind.String
            && (name.Length is 0 or > LongestName || name.Any(char.IsControl) || name != name.Trim()))
        {
            node.Fault($"must have 1 to {LongestName} characters, no control characters and no space at its ends");
        }

        return name;
    }

    public static string? ReadInstructions(Dictionary<string, ConfigNode> members)
    {
        if (!members.TryGetValue("instructions", out var node) || node.Text() is not { } text)
        {
            return null;
        }

        if (text.Length > LongestInstructions)
        {
            node.Fault($"must have at most {LongestInstructions} characters");
        }

        return text;
    }

    /// <summary>The id that a member gives, or null; no UUID is a fault.</summary>
    public static Guid? ReadId(Dictionary<string, ConfigNode> members, string name)
    {
        if (!members.TryGetValue(name, out var node))
        {
            return null;
        }

        if (node.Text() is { } text && Guid.TryParseExact(text, "D", out var id))
        {
            return id;
        }

        node.Fault("must be an id as the API gives it: a UUID");
        return null;
    }

    /// <summary>Null when nothing is wrong with what was read.</summary>
    public static Refusal? FaultsOf(ConfigReading reading) => reading.Faults.Count == 0
        ? null
        : new Refusal(RefusalKind.Invalid, "what you sent has faults; see errors") { Faults = reading.Faults };

    public static Refusal? TooMany(int present, int most, string what) => present < most
        ? null
        : new Refusal(RefusalKind.Conflict, $"there are {most} {what} already, which is the most there can be; delete one first");

    /// <summary>The workspace that a request means: the named one, else the one that the caller's key acts in.</summary>
    public static WorkspaceConfig? FindWorkspace(RegistryConfig registry, AdminRequest request, Guid? id)
    {
        var wanted = id ?? request.Caller.Workspace?.Id;
        var found = registry.Workspaces.FirstOrDefault(workspace => workspace.Id == wanted);
        return found is not null && request.Sees(found.OrganizationId) ? found : null;
    }
}
