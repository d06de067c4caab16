using NativeGateway.ControlPlane.Notify;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Configuration;

/// <summary>Reads <c>mail</c>: the server that takes alerts by e-mail.</summary>
internal static class MailReader
{
    private const int LongestText = 500;

    private static readonly string[] Securities = ["starttls", "tls", "none"];

    /// <summary>Null after a fault.</summary>
    public static MailServer? Read(ConfigNode node)
    {
        if (node.Members("host", "port", "security", "user", "password", "from", "trustedCertificates") is not { } members)
        {
            return null;
        }

        var (host, from) = (Required(node, members, "host"), Required(node, members, "from"));
        var security = members.TryGetValue("security", out var kind) && kind.OneOf(Securities) is { } text
            ? (MailSecurity)Array.IndexOf(Securities, text)
            : MailSecurity.StartTls;
        var port = members.TryGetValue("port", out var number) ? number.Integer(1, 65_535) : DefaultPort(security);
        var (user, password) = (Optional(members, "user"), Optional(members, "password"));
        if (host is not null && Uri.CheckHostName(host) == UriHostNameType.Unknown)
        {
            members["host"].Fault("must be a host name or an address, without port");
        }

        if (from is not null && !MailAddress.IsOne(from))
        {
            members["from"].Fault(MailAddress.Rule);
        }

        if (user is null != password is null)
        {
            node.Fault("needs both \"user\" and \"password\", or none of them");
        }

        if (user is not null && security == MailSecurity.None)
        {
            node.Fault("would send a password in clear; set \"security\" to \"starttls\" or \"tls\"");
        }

        return host is null || from is null || port is null
            ? null
            : new MailServer(host, port.Value, security, from) { User = user, Password = password, TrustedCertificates = ReadCertificates(members) };
    }

    private static int DefaultPort(MailSecurity security) => security switch
    {
        MailSecurity.Tls => 465,
        MailSecurity.None => 25,
        _ => 587,
    };

    private static string? Required(ConfigNode node, Dictionary<string, ConfigNode> members, string name)
    {
        if (!members.ContainsKey(name))
        {
            node.Fault($"has no \"{name}\"");
        }

        return Optional(members, name);
    }

    /// <summary>A text that fits into one line of the protocol.</summary>
    private static string? Optional(Dictionary<string, ConfigNode> members, string name)
    {
        if (!members.TryGetValue(name, out var node) || node.Text() is not { } text)
        {
            return null;
        }

        if (text.Length is > 0 and <= LongestText && !text.Any(char.IsControl))
        {
            return text;
        }

        node.Fault($"must have 1 to {LongestText} characters and no control characters");
        return null;
    }

    private static string? ReadCertificates(Dictionary<string, ConfigNode> members)
    {
        var path = Optional(members, "trustedCertificates");
        if (path is not null && !File.Exists(path))
        {
            members["trustedCertificates"].Fault("names a file that does not exist or that this user may not see");
        }

        return path;
    }
}
