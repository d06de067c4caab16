using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>A user who has signed in, as it is at the time of a request: what changed since it signed in counts at once, on every replica.</summary>
/// <param name="Role">In the organization that the session acts in; an administrator of the instance is an owner everywhere.</param>
/// <param name="Caller">What stands for a key: scopes, limits and organization.</param>
/// <param name="CsrfToken">What a change by this session has to bring along.</param>
internal sealed record SignedIn(UserSession Session, UserConfig User, Role Role, Caller Caller, string CsrfToken)
{
    public AuditedUser Audited => new(User.Id, Session.OrganizationId);

    public override string ToString() => $"user {User.Id}";
}
