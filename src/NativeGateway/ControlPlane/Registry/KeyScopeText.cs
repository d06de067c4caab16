using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Registry;

/// <summary>The scopes of a key as people write them.</summary>
internal static class KeyScopeText
{
    public const string Known = "mcp, admin:read, admin:write, connect, instance";

    public const KeyScopes All = KeyScopes.Mcp | KeyScopes.AdminRead | KeyScopes.AdminWrite | KeyScopes.Connect | KeyScopes.Instance;

    public static KeyScopes? Parse(string text) => text switch
    {
        "mcp" => KeyScopes.Mcp,
        "admin:read" => KeyScopes.AdminRead,
        "admin:write" => KeyScopes.AdminWrite,
        "connect" => KeyScopes.Connect,
        "instance" => KeyScopes.Instance,
        _ => null,
    };

    public static IReadOnlyList<string> Format(KeyScopes scopes)
    {
        var names = new List<string>(5);
        foreach (var (scope, name) in ((KeyScopes, string)[])
            [
                (KeyScopes.Mcp, "mcp"), (KeyScopes.AdminRead, "admin:read"), (KeyScopes.AdminWrite, "admin:write"), (KeyScopes.Connect, "connect"),
                (KeyScopes.Instance, "instance"),
            ])
        {
            if (scopes.HasFlag(scope))
            {
                names.Add(name);
            }
        }

        return names;
    }
}
