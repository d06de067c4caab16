using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>One operation of the API.</summary>
/// <param name="Template">Below <see cref="AdminApi.Root"/>; a segment <c>{id}</c> stands for any text.</param>
/// <param name="Scopes">What the caller's key must have; none for what everybody may see.</param>
internal sealed record AdminRoute(string Method, string Template, KeyScopes Scopes, Func<AdminRequest, Task<AdminAnswer>> AnswerAsync)
{
    private readonly string[] _segments = Template.Split('/');

    /// <summary>What stands at its path, in the singular: <c>key</c>, <c>server</c>, …</summary>
    public string ResourceType => _segments[1].TrimEnd('s');

    /// <summary>
    /// The role from which a signed-in user may ask for it; null where <see cref="Scopes"/> say it all. What the user may do to which of the things
    /// there, the operation decides.
    /// </summary>
    public Role? LeastRole { get; init; }

    /// <summary>About the session itself: takes one, and no key.</summary>
    public bool TakesSession { get; init; }

    /// <summary>What the body is; nothing is read when the operation takes none.</summary>
    public BodyKind Body { get; init; }

    public bool Allows(SignedIn user) => user.User.IsInstanceAdministrator
        || (LeastRole is { } least ? user.Role >= least : (Scopes & ~user.Role.Scopes()) == KeyScopes.None);

    /// <param name="id">The text at the place of <c>{id}</c>, unescaped; empty without one.</param>
    public bool Matches(string[] path, out string id)
    {
        id = "";
        if (path.Length != _segments.Length)
        {
            return false;
        }

        for (var i = 0; i < path.Length; i++)
        {
            if (_segments[i] == "{id}")
            {
                id = path[i];
            }
            else if (_segments[i] != path[i])
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>The bodies that an operation takes.</summary>
internal enum BodyKind
{
    None,

    /// <summary><c>application/json</c>.</summary>
    Json,

    /// <summary><c>application/json</c>, of a request that takes no <c>Idempotency-Key</c>: it creates nothing, or holds a password.</summary>
    Command,

    /// <summary>RFC 7396: <c>application/merge-patch+json</c>, or <c>application/json</c>.</summary>
    MergePatch,

    /// <summary><c>application/json</c> or <c>text/csv</c>.</summary>
    Table,
}
