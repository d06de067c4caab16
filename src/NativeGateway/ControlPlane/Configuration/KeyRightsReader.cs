using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Configuration;

/// <summary>What a key may do, as the configuration file and the administration API write it.</summary>
internal sealed record KeyRights(
    KeyScopes Scopes, PermissionConfig Permissions, LimitConfig? Limits, IReadOnlyDictionary<string, LimitConfig> ToolLimits);

/// <summary>Reads <c>scopes</c>, <c>servers</c>, <c>tools</c>, <c>prompts</c>, <c>resources</c>, <c>limits</c> and <c>toolLimits</c> of a key.</summary>
internal static class KeyRightsReader
{
    public static readonly string[] Known = ["scopes", "servers", "tools", "prompts", "resources", "limits", "toolLimits"];

    private const int MostToolLimits = 100;

    public static KeyRights Read(Dictionary<string, ConfigNode> members) => new(
        members.TryGetValue("scopes", out var scopes) ? ReadScopes(scopes) : KeyScopes.Mcp,
        new PermissionConfig(Globs(members, "servers"), Globs(members, "tools"), Globs(members, "prompts"), Globs(members, "resources")),
        members.TryGetValue("limits", out var limits) ? LimitReader.Read(limits) : null,
        members.TryGetValue("toolLimits", out var toolLimits) ? ReadToolLimits(toolLimits) : []);

    private static KeyScopes ReadScopes(ConfigNode node)
    {
        var scopes = KeyScopes.None;
        foreach (var item in node.Items() ?? [])
        {
            if (item.Text() is not { } text)
            {
                continue;
            }

            if (KeyScopeText.Parse(text) is { } scope)
            {
                scopes |= scope;
            }
            else
            {
                item.Fault($"must be one of {KeyScopeText.Known}");
            }
        }

        return scopes;
    }

    private static Dictionary<string, LimitConfig> ReadToolLimits(ConfigNode node)
    {
        var limits = new Dictionary<string, LimitConfig>(StringComparer.Ordinal);
        foreach (var (glob, entry) in node.Entries() ?? [])
        {
            if (LimitReader.Read(entry) is { } limit)
            {
                limits[glob] = limit;
            }
        }

        if (limits.Count > MostToolLimits)
        {
            node.Fault($"must hold at most {MostToolLimits} patterns");
        }

        return limits;
    }

    private static GlobRule Globs(Dictionary<string, ConfigNode> members, string name) =>
        members.TryGetValue(name, out var node) ? GlobReader.Read(node) : GlobRule.Everything;
}
