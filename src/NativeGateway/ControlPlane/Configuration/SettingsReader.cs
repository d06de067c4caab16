using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Configuration;

/// <summary>
/// Reads the settings of the file that take effect with a reload: <c>auth.required</c>, <c>limits</c>, <c>network</c>, <c>plans</c>, <c>stdio</c>,
/// <c>usage</c>, <c>audit</c>, <c>mail</c>.
/// </summary>
internal static class SettingsReader
{
    private const int MostRequestBytes = 1024 * 1024 * 1024;
    private const int MostConcurrentRequests = 1_000_000;
    private const int MostProcesses = 4096;

    private static readonly TimeSpan ShortestAudit = TimeSpan.FromDays(1);
    private static readonly TimeSpan LongestAudit = TimeSpan.FromDays(3650);

    /// <param name="document">The members of the document.</param>
    /// <param name="authRequired">Read along with <c>auth</c>, whose other member are the keys.</param>
    public static SettingsOverride Read(Dictionary<string, ConfigNode> document, bool? authRequired)
    {
        var settings = new SettingsOverride { AuthRequired = authRequired };
        if (document.TryGetValue("limits", out var limits))
        {
            settings = ReadLimits(limits, settings);
        }

        if (document.TryGetValue("network", out var network))
        {
            settings = ReadNetwork(network, settings);
        }

        if (document.TryGetValue("usage", out var usage))
        {
            settings = settings with { Usage = UsageSettingsReader.Read(usage) };
        }

        if (document.TryGetValue("audit", out var audit) && audit.Members("retention") is { } members && members.TryGetValue("retention", out var retention))
        {
            settings = settings with { AuditRetention = retention.Duration(ShortestAudit, LongestAudit) };
        }

        if (document.TryGetValue("mail", out var mail))
        {
            settings = settings with { Mail = MailReader.Read(mail) };
        }

        if (document.TryGetValue("plans", out var plans))
        {
            settings = settings with { Plans = QuotaReader.ReadPlans(plans) };
        }

        return document.TryGetValue("stdio", out var stdio) ? ReadStdio(stdio, settings) : settings;
    }

    private static SettingsOverride ReadLimits(ConfigNode node, SettingsOverride settings)
    {
        if (node.Members("requestsPerMinute", "burst", "address", "user", "maxRequestBytes", "maxConcurrentRequests") is not { } members)
        {
            return settings;
        }

        return settings with
        {
            KeyLimits = LimitReader.Read(node, members),
            AddressCallLimits = members.TryGetValue("address", out var address) ? LimitReader.Read(address) : null,
            UserCallLimits = members.TryGetValue("user", out var user) ? LimitReader.Read(user) : null,
            MaxRequestBytes = members.TryGetValue("maxRequestBytes", out var bytes) ? bytes.Integer(1024, MostRequestBytes) : null,
            MaxConcurrentRequests = members.TryGetValue("maxConcurrentRequests", out var requests) ? requests.Integer(1, MostConcurrentRequests) : null,
        };
    }

    private static SettingsOverride ReadNetwork(ConfigNode node, SettingsOverride settings)
    {
        if (node.Members("allowPrivateUpstreams", "allowedOrigins", "trustedProxies") is not { } members)
        {
            return settings;
        }

        return settings with
        {
            AllowPrivateUpstreams = members.TryGetValue("allowPrivateUpstreams", out var allow) ? allow.Flag() : null,
            AllowedOrigins = members.TryGetValue("allowedOrigins", out var origins) ? ReadOrigins(origins) : null,
            TrustedProxies = members.TryGetValue("trustedProxies", out var proxies) ? ReadNetworks(proxies) : null,
        };
    }

    private static SettingsOverride ReadStdio(ConfigNode node, SettingsOverride settings)
    {
        if (node.Members("allowedCommands", "maxProcesses") is not { } members)
        {
            return settings;
        }

        return settings with
        {
            AllowedCommands = members.TryGetValue("allowedCommands", out var commands) ? ReadCommands(commands) : null,
            MaxProcesses = members.TryGetValue("maxProcesses", out var processes) ? processes.Integer(1, MostProcesses) : null,
        };
    }

    private static List<string> ReadOrigins(ConfigNode node)
    {
        var origins = node.Texts() ?? [];
        for (var i = 0; i < origins.Count; i++)
        {
            // An origin is compared as text (RFC 6454), so it has to be written as browsers send it.
            var isOrigin = Uri.TryCreate(origins[i], UriKind.Absolute, out var uri)
                && string.Equals(uri.GetLeftPart(UriPartial.Authority), origins[i], StringComparison.OrdinalIgnoreCase);
            if (!isOrigin)
            {
                node.Reading.Fault(node.ItemPath(i), "must be an origin as browsers send it: scheme, host and port only, such as \"https://app.example.com\"");
            }
        }

        return origins;
    }

    private static List<string> ReadNetworks(ConfigNode node)
    {
        var networks = node.Texts() ?? [];
        for (var i = 0; i < networks.Count; i++)
        {
            if (AddressSet.TryParse([networks[i]], out _) is null)
            {
                node.Reading.Fault(node.ItemPath(i), "must be an address or a block of addresses, such as \"10.0.0.0/8\"");
            }
        }

        return networks;
    }

    private static List<string> ReadCommands(ConfigNode node)
    {
        var commands = node.Texts() ?? [];
        for (var i = 0; i < commands.Count; i++)
        {
            if (UpstreamRules.Command(commands[i]) is { } problem)
            {
                node.Reading.Fault(node.ItemPath(i), problem);
            }
        }

        return commands;
    }
}
