using NativeGateway.ControlPlane.Configuration;
using NativeGateway.ControlPlane.Users;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>Reads what clients say about people. Faults go to the body's reading; nothing of a password is ever repeated.</summary>
internal static class MemberBody
{
    public const string Unusable = "unusable";

    public static string ReadEmail(ConfigNode body, Dictionary<string, ConfigNode> members)
    {
        if (!members.TryGetValue("email", out var node))
        {
            body.Reading.Fault(body.MemberPath("email"), "is missing");
            return Unusable;
        }

        if (node.Text() is not { } text)
        {
            return Unusable;
        }

        if (EmailAddress.Parse(text) is { } email)
        {
            return email;
        }

        node.Fault(EmailAddress.Rule);
        return Unusable;
    }

    public static Role ReadRole(ConfigNode body, Dictionary<string, ConfigNode> members)
    {
        if (!members.TryGetValue("role", out var node))
        {
            body.Reading.Fault(body.MemberPath("role"), $"is missing; give one of {Roles.Known}");
            return Role.Viewer;
        }

        if (node.Text() is { } text && Roles.Find(text) is { } role)
        {
            return role;
        }

        node.Fault($"must be one of {Roles.Known}");
        return Role.Viewer;
    }

    /// <summary>Any text: whether it is a good password is another matter.</summary>
    public static string ReadText(ConfigNode body, Dictionary<string, ConfigNode> members, string name)
    {
        if (members.TryGetValue(name, out var node))
        {
            return node.Text() ?? "";
        }

        body.Reading.Fault(body.MemberPath(name), "is missing");
        return "";
    }

    public static string ReadNewPassword(ConfigNode body, Dictionary<string, ConfigNode> members, string name, string email)
    {
        var password = ReadText(body, members, name);
        if (members.ContainsKey(name) && PasswordRules.WhyRefused(password, email == Unusable ? "@" : email) is { } why)
        {
            body.Reading.Fault(body.MemberPath(name), why);
        }

        return password;
    }

    /// <summary>The organization that is meant: the named one, else the caller's. Null, and a fault, when it is none that the caller sees.</summary>
    public static OrganizationConfig? ReadOrganization(AdminRequest request, RegistryConfig state, ConfigNode body, Dictionary<string, ConfigNode> members)
    {
        var wanted = TenantRules.ReadId(members, "organizationId") ?? request.Caller.OrganizationId;
        var found = state.Organizations.FirstOrDefault(one => one.Id == wanted && request.Sees(wanted));
        if (found is null)
        {
            body.Reading.Fault(body.MemberPath("organizationId"), "is no organization that you administer");
        }

        return found;
    }
}
