using System.Text;
using NativeGateway.ControlPlane.Registry;

namespace NativeGateway.ControlPlane.Configuration;

/// <summary>Reads <c>auth</c> of an upstream: how the gateway identifies itself there, which comes down to one header.</summary>
internal static class UpstreamAuthReader
{
    /// <summary>Null for none, and when there are faults.</summary>
    public static (string Header, string Value)? Read(ConfigNode node)
    {
        if (node.Element.ValueKind == System.Text.Json.JsonValueKind.String)
        {
            if (node.OneOf("none", "oauth") == "oauth")
            {
                RefuseOAuth(node);
            }

            return null;
        }

        var members = node.Members("type", "token", "name", "value", "username", "password", "clientId", "clientSecret", "scopes");
        if (members is null)
        {
            return null;
        }

        if (!members.TryGetValue("type", out var typeNode))
        {
            node.Fault("has no \"type\"; add \"type\": \"none\", \"bearer\", \"header\" or \"basic\"");
            return null;
        }

        switch (typeNode.OneOf("none", "bearer", "header", "basic", "oauth"))
        {
            case "bearer":
                Only(members, "token");
                return Text(node, members, "token") is { } token ? Checked(members["token"], "Authorization", "Bearer " + token) : null;
            case "header":
                Only(members, "name", "value");
                return ReadHeader(node, members);
            case "basic":
                Only(members, "username", "password");
                return ReadBasic(node, members);
            case "oauth":
                RefuseOAuth(typeNode);
                return null;
            case "none":
                Only(members);
                return null;
            default:
                return null;
        }
    }

    private static (string Header, string Value)? ReadHeader(ConfigNode node, Dictionary<string, ConfigNode> members)
    {
        var name = Text(node, members, "name");
        var value = Text(node, members, "value");
        if (name is null || value is null)
        {
            return null;
        }

        if (UpstreamRules.HeaderName(name) is { } problem)
        {
            members["name"].Fault(problem);
            return null;
        }

        return Checked(members["value"], name, value);
    }

    private static (string Header, string Value)? ReadBasic(ConfigNode node, Dictionary<string, ConfigNode> members)
    {
        var user = Text(node, members, "username");
        var password = Text(node, members, "password");
        if (user is null || password is null)
        {
            return null;
        }

        if (user.Contains(':'))
        {
            members["username"].Fault("must not contain a colon (RFC 7617)");
            return null;
        }

        return ("Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));
    }

    private static string? Text(ConfigNode node, Dictionary<string, ConfigNode> members, string name)
    {
        if (!members.TryGetValue(name, out var member))
        {
            node.Fault($"has no \"{name}\"; add it");
            return null;
        }

        var text = member.Text();
        if (text is "")
        {
            member.Fault("must not be empty");
            return null;
        }

        return text;
    }

    private static (string Header, string Value)? Checked(ConfigNode node, string header, string value)
    {
        if (UpstreamRules.HeaderValue(value) is { } problem)
        {
            node.Fault(problem);
            return null;
        }

        return (header, value);
    }

    private static void Only(Dictionary<string, ConfigNode> members, params string[] allowed)
    {
        foreach (var (name, member) in members)
        {
            if (name != "type" && !allowed.Contains(name))
            {
                member.Fault("does not belong to this type of authentication; remove it");
            }
        }
    }

    private static void RefuseOAuth(ConfigNode node)
    {
        node.Fault("\"oauth\" is not available yet; use \"bearer\" with a token from the server's own settings, or \"header\" or \"basic\"");
    }
}
