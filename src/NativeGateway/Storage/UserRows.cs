using System.Data.Common;
using NativeGateway.Model;

namespace NativeGateway.Storage;

/// <summary>Users, their memberships and invitations ↔ rows, the same for both databases. Passwords and tokens come here as hashes only.</summary>
internal static class UserRows
{
    public const string UserColumns = "id, email, name, password_hash, instance, created_at, version";
    public const string MemberColumns = "id, organization_id, user_id, role, created_at, version";
    public const string InvitationColumns = "id, organization_id, email, role, token_hash, created_at, expires_at, version";

    public static UserConfig User(DbDataReader row) => new()
    {
        Id = row.GetGuid(0),
        Email = row.GetString(1),
        Name = row.GetString(2),
        PasswordHash = row.GetString(3),
        IsInstanceAdministrator = row.GetBoolean(4),
        CreatedAt = Rows.Time(row, 5),
        Version = row.GetInt64(6),
    };

    public static Column[] Row(UserConfig user) =>
    [
        new("id", user.Id),
        new("email", user.Email),
        new("name", user.Name),
        new("password_hash", user.PasswordHash),
        new("instance", user.IsInstanceAdministrator),
        new("created_at", Rows.Stored(user.CreatedAt)),
    ];

    public static MemberConfig Member(DbDataReader row) => new(row.GetGuid(0), row.GetGuid(1), row.GetGuid(2), RoleOf(row, 3), Rows.Time(row, 4))
    {
        Version = row.GetInt64(5),
    };

    public static Column[] Row(MemberConfig member) =>
    [
        new("id", member.Id),
        new("organization_id", member.OrganizationId),
        new("user_id", member.UserId),
        new("role", member.Role.Label()),
        new("created_at", Rows.Stored(member.CreatedAt)),
    ];

    public static InvitationConfig Invitation(DbDataReader row) => new()
    {
        Id = row.GetGuid(0),
        OrganizationId = row.GetGuid(1),
        Email = row.GetString(2),
        Role = RoleOf(row, 3),
        TokenHash = Rows.Bytes(row, 4),
        CreatedAt = Rows.Time(row, 5),
        ExpiresAt = Rows.Time(row, 6),
        Version = row.GetInt64(7),
    };

    public static Column[] Row(InvitationConfig invitation) =>
    [
        new("id", invitation.Id),
        new("organization_id", invitation.OrganizationId),
        new("email", invitation.Email),
        new("role", invitation.Role.Label()),
        new("token_hash", invitation.TokenHash),
        new("created_at", Rows.Stored(invitation.CreatedAt)),
        new("expires_at", Rows.Stored(invitation.ExpiresAt)),
    ];

    private static Role RoleOf(DbDataReader row, int column) =>
        Roles.Find(row.GetString(column)) ?? throw new FormatException($"'{row.GetString(column)}' is no role.");
}
