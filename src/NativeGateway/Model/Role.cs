namespace NativeGateway.Model;

/// <summary>What a user may do in an organization; each role may what those before it may.</summary>
internal enum Role
{
    /// <summary>Sees everything but secrets.</summary>
    Viewer,

    /// <summary>Uses the servers, with keys of its own.</summary>
    Member,

    /// <summary>Changes servers, workspaces, webhooks, all keys, and members up to its own role.</summary>
    Admin,

    /// <summary>Everything of the organization, its owners and its deletion included.</summary>
    Owner,
}

/// <summary>Roles as people write them, and what they mean in scopes.</summary>
internal static class Roles
{
    public const string Known = "viewer, member, admin, owner";

    public static string Label(this Role role) => role switch
    {
        Role.Viewer => "viewer",
        Role.Member => "member",
        Role.Admin => "admin",
        _ => "owner",
    };

    public static Role? Find(string label) => label switch
    {
        "viewer" => Role.Viewer,
        "member" => Role.Member,
        "admin" => Role.Admin,
        "owner" => Role.Owner,
        _ => null,
    };

    /// <summary>What a signed-in user of that role may ask the administration API for.</summary>
    public static KeyScopes Scopes(this Role role) =>
        role >= Role.Admin ? KeyScopes.AdminRead | KeyScopes.AdminWrite : KeyScopes.AdminRead;

    /// <summary>The most that a key may do which belongs to a user of that role: no key is worth more than its user.</summary>
    public static KeyScopes MostKeyScopes(this Role role) => role switch
    {
        Role.Viewer => KeyScopes.AdminRead,
        Role.Member => KeyScopes.AdminRead | KeyScopes.Mcp,
        _ => KeyScopes.AdminRead | KeyScopes.AdminWrite | KeyScopes.Mcp | KeyScopes.Connect,
    };
}
