using NativeGateway.ControlPlane.Registry;
using NativeGateway.ControlPlane.Users;
using NativeGateway.Model;

namespace NativeGateway.Tests.ControlPlane.Users;

public sealed class MemberRulesTests
{
    private static readonly Guid Acme = Guid.NewGuid();

    [Fact]
    public void A_role_is_given_up_to_the_own_one_and_from_admin_on()
    {
        foreach (var own in Enum.GetValues<Role>())
        {
            foreach (var given in Enum.GetValues<Role>())
            {
                Assert.Equal(own >= Role.Admin && given <= own, MemberRules.CheckGrant(own, given) is null);
            }
        }
    }

    [Fact]
    public void The_last_owner_is_neither_demoted_nor_removed_not_even_by_itself()
    {
        var owner = Member(Role.Owner);
        var state = State(owner, Member(Role.Admin), Member(Role.Owner) with { OrganizationId = Guid.NewGuid() });

        Assert.Equal(RefusalKind.Conflict, MemberRules.CheckChange(state, Role.Owner, owner, Role.Admin)!.Kind);
        Assert.Equal(RefusalKind.Conflict, MemberRules.CheckRemoval(state, Role.Owner, owner, isSelf: true, byInstance: true)!.Kind);
        Assert.Null(MemberRules.CheckChange(state, Role.Owner, owner, Role.Owner));
        var two = state with { Members = [.. state.Members, Member(Role.Owner)] };
        Assert.Null(MemberRules.CheckChange(two, Role.Owner, owner, Role.Admin));
        Assert.Null(MemberRules.CheckRemoval(two, Role.Owner, owner, isSelf: true, byInstance: false));
    }

    [Fact]
    public void Everybody_may_leave_and_only_admins_remove_others_up_to_their_own_role()
    {
        var admin = Member(Role.Admin);
        var state = State(Member(Role.Owner), admin);

        Assert.Null(MemberRules.CheckRemoval(state, Role.Viewer, Member(Role.Viewer), isSelf: true, byInstance: false));
        Assert.Equal(RefusalKind.Forbidden, MemberRules.CheckRemoval(state, Role.Member, Member(Role.Viewer), isSelf: false, byInstance: false)!.Kind);
        Assert.Equal(RefusalKind.Forbidden, MemberRules.CheckRemoval(state, Role.Admin, state.Members[0], isSelf: false, byInstance: false)!.Kind);
        Assert.Null(MemberRules.CheckRemoval(state, Role.Admin, admin, isSelf: false, byInstance: false));
    }

    [Fact]
    public void An_administrator_of_the_instance_is_removed_by_another_one_only()
    {
        var member = Member(Role.Viewer);
        var user = new UserConfig { Id = member.UserId, Email = "a@b", Name = "A", PasswordHash = "", IsInstanceAdministrator = true };
        var state = State(member, Member(Role.Owner)) with { Users = [user] };

        Assert.Equal(RefusalKind.Forbidden, MemberRules.CheckRemoval(state, Role.Owner, member, isSelf: false, byInstance: false)!.Kind);
        Assert.Null(MemberRules.CheckRemoval(state, Role.Owner, member, isSelf: false, byInstance: true));
    }

    [Fact]
    public void With_a_member_go_its_sessions_and_keys_there_and_with_the_last_membership_the_user()
    {
        var member = Member(Role.Member);
        var elsewhere = member with { Id = Guid.NewGuid(), OrganizationId = Guid.NewGuid() };
        var state = State(member, elsewhere) with { Keys = [Key("own", member), Key("there", elsewhere), Key("foreign", Member(Role.Member))] };

        var writes = MemberRules.Removal(state, member, DateTimeOffset.UnixEpoch);
        Assert.Equal(["own"], writes.OfType<SaveKey>().Where(save => save.Key.RevokedAt == DateTimeOffset.UnixEpoch).Select(save => save.Key.Id));
        Assert.Contains(new EndSessions(member.UserId, Acme), writes);
        Assert.DoesNotContain(new DeleteUser(member.UserId), writes);
        Assert.Contains(new DeleteUser(member.UserId), MemberRules.Removal(State(member), member, DateTimeOffset.UnixEpoch));
    }

    private static RegistryConfig State(params MemberConfig[] members) => RegistryConfig.Empty with { Members = members };

    private static MemberConfig Member(Role role) => new(Guid.NewGuid(), Acme, Guid.NewGuid(), role, DateTimeOffset.UnixEpoch);

    private static KeyConfig Key(string id, MemberConfig owner) => new()
    {
        Id = id, OrganizationId = owner.OrganizationId, WorkspaceId = default, Name = id, SecretHash = "", Scopes = KeyScopes.Mcp, UserId = owner.UserId,
    };
}
