using System.Text;
using System.Text.Json;
using NativeGateway.ControlPlane.Configuration;
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
            return item.Text() is { } bare ? Make(item, bare, DefaultName, KeyRightsReader.Read([])) : null;
        }

        if (item.Members(["key", "name", .. KeyRightsReader.Known]) is not { } members)
        {
            return null;
        }

        var name = members.TryGetValue("name", out var nameNode) ? nameNode.Text() ?? "" : DefaultName;
        var rights = KeyRightsReader.Read(members);
        if (!members.TryGetValue("key", out var keyNode))
        {
            item.Fault("has no \"key\"; add it, best as \"${NAME}\" of an environment variable");
            return null;
        }

        return keyNode.Text() is { } text ? Make(keyNode, text, name, rights) : null;
    }

    private static FileKey? Make(ConfigNode node, string text, string name, KeyRights rights)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        if (ApiKey.TryParse(bytes, out var key))
        {
            return new FileKey(name, Encoding.ASCII.GetString(key.Id), ApiKey.Digest(bytes), rights.Scopes, rights.Permissions)
            {
                Limits = rights.Limits,
                ToolLimits = rights.ToolLimits,
            };
        }

        node.Fault("is not a whole key (ngw_…, as \"native-gateway keys create\" prints it): mistyped, cut off, or made by hand");
        return null;
    }
}
