using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Users;

/// <summary>Who may give, change and take which role, and what goes with a member.</summary>
internal static class MemberRules
{
    public const int MostMembers = 10_000;
    public const int MostInvitations = 1_000;

    private static readonly Refusal LastOwner = new(
        RefusalKind.Conflict, "it is the last owner of the organization; make another member an owner first");

    private static readonly Refusal AboveCaller = new(RefusalKind.Forbidden, "nobody gives, changes or takes a role above their own");

    private static readonly Refusal InstanceOnly = new(
        RefusalKind.Forbidden, "an administrator of the instance is changed and removed by another one, or leaves by itself");

    /// <param name="own">The role of whoever gives it.</param>
    public static Refusal? CheckGrant(Role own, Role given) => own < Role.Admin || given > own ? AboveCaller : null;

    /// <param name="own">The role of whoever changes it.</param>
    public static Refusal? CheckChange(RegistryConfig state, Role own, MemberConfig member, Role next) =>
        member.Role > own ? AboveCaller
        : CheckGrant(own, next) is { } above ? above
        : next < Role.Owner && IsLastOwner(state, member) ? LastOwner
        : null;

    /// <param name="isSelf">It leaves; that takes no role.</param>
    /// <param name="byInstance">An administrator of the instance removes it.</param>
    public static Refusal? CheckRemoval(RegistryConfig state, Role own, MemberConfig member, bool isSelf, bool byInstance)
    {
        if (!isSelf && (own < Role.Admin || member.Role > own))
        {
            return AboveCaller;
        }

        if (!isSelf && !byInstance && state.Users.FirstOrDefault(user => user.Id == member.UserId) is { IsInstanceAdministrator: true })
        {
            return InstanceOnly;
        }

        return IsLastOwner(state, member) ? LastOwner : null;
    }

    /// <summary>
    /// A member, its sessions there and the keys that belong to it; and the user itself, when it is a member of nothing else.
    /// </summary>
    public static IReadOnlyList<RegistryWrite> Removal(RegistryConfig state, MemberConfig member, DateTimeOffset now)
    {
        var isLast = !state.Members.Any(other => other.UserId == member.UserId && other.Id != member.Id);
        return
        [
            .. state.Keys.Where(key => key.UserId == member.UserId && key.OrganizationId == member.OrganizationId && key.RevokedAt is null)
                .Select(key => new SaveKey(key with { RevokedAt = now })),
            new EndSessions(member.UserId, member.OrganizationId),
            new DeleteMember(member.Id),
            .. isLast ? (RegistryWrite[])[new DeleteUser(member.UserId)] : [],
        ];
    }

    private static bool IsLastOwner(RegistryConfig state, MemberConfig member) => member.Role == Role.Owner
        && !state.Members.Any(other => other.OrganizationId == member.OrganizationId && other.Role == Role.Owner && other.Id != member.Id);
}
