using System.Text;
using System.Text.Json;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.DataPlane.Policy;
using NativeGateway.Model;

namespace NativeGateway.Hosting.Configuration;

/// <summary>
/// Reads <c>auth.keys</c>: a whole key, or an object with the key and what it may do. A key comes from <c>keys create</c>, so that it has a
/// checksum and enough randomness; its best place is an environment variable.
/// </summary>
internal static class KeyListReader
{
    private const string DefaultName = "file";

    public static IReadOnlyList<FileKey> Read(ConfigNode node)
    {
        var keys = new List<FileKey>();
        foreach (var item in node.Items() ?? [])
        {
            if (ReadKey(item) is not { } key)
            {
                continue;
            }

            if (keys.Exists(other => other.Id == key.Id))
            {
                item.Fault("is a key that stands in the list already; remove one of the two");
            }
            else
            {
                keys.Add(key);
            }
        }

        return keys;
    }

    private static FileKey? ReadKey(ConfigNode item)
    {
        if (item.Element.ValueKind == JsonValueKind.String)
        {
            return item.Text() is { } bare ? Make(item, bare, DefaultName, KeyScopes.Mcp, PermissionConfig.Everything) : null;
        }

        if (item.Members("key", "name", "scopes", "servers", "tools", "prompts", "resources", "limits", "toolLimits") is not { } members)
        {
            return null;
        }

        var name = members.TryGetValue("name", out var nameNode) ? nameNode.Text() ?? "" : DefaultName;
        var scopes = members.TryGetValue("scopes", out var scopesNode) ? ReadScopes(scopesNode) : KeyScopes.Mcp;
        var permissions = new PermissionConfig(Globs(members, "servers"), Globs(members, "tools"), Globs(members, "prompts"), Globs(members, "resources"));
        var limits = members.TryGetValue("limits", out var limitsNode) ? LimitReader.Read(limitsNode) : null;
        var toolLimits = members.TryGetValue("toolLimits", out var toolLimitsNode) ? ReadToolLimits(toolLimitsNode) : [];
        if (!members.TryGetValue("key", out var keyNode))
        {
            item.Fault("has no \"key\"; add it, best as \"${NAME}\" of an environment variable");
            return null;
        }

        var key = keyNode.Text() is { } text ? Make(keyNode, text, name, scopes, permissions) : null;
        return key is null ? null : key with { Limits = limits, ToolLimits = toolLimits };
    }

    private static FileKey? Make(ConfigNode node, string text, string name, KeyScopes scopes, PermissionConfig permissions)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        if (ApiKey.TryParse(bytes, out var key))
        {
            return new FileKey(name, Encoding.ASCII.GetString(key.Id), ApiKey.Digest(bytes), scopes, permissions);
        }

        node.Fault("is not a whole key (ngw_…, as \"native-gateway keys create\" prints it): mistyped, cut off, or made by hand");
        return null;
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

        return limits;
    }

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

    private static GlobRule Globs(Dictionary<string, ConfigNode> members, string name)
    {
        return members.TryGetValue(name, out var node) ? GlobReader.Read(node) : GlobRule.Everything;
    }
}
