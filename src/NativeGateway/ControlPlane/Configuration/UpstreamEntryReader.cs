using System.Text.Json;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Configuration;

/// <summary>
/// Reads one entry of <c>mcpServers</c>, in the shape that desktop clients use and with what the gateway adds to it. Written by the operator,
/// so what it reads is trusted (loopback and private addresses, any command).
/// </summary>
internal static class UpstreamEntryReader
{
    private const int MostConcurrent = 1_000_000;

    private static readonly TimeSpan LongestTimeout = TimeSpan.FromHours(1);
    private static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(60);

    private static readonly string[] Known =
    [
        "command", "args", "env", "cwd", "url", "headers", "type", "endpoints", "loadBalancing", "timeout", "healthCheck", "disabled", "tools",
        "prefix", "instructions", "costPerCall", "limits", "auth",
    ];

    /// <summary>Null when the entry has faults, all of which have then been reported.</summary>
    /// <param name="besides">Members that the caller reads itself.</param>
    public static UpstreamConfig? Read(string key, ConfigNode entry, int order, params string[] besides)
    {
        var faultsBefore = entry.Reading.Faults.Count;
        if (entry.Members([.. besides, .. Known]) is not { } members)
        {
            return null;
        }

        var transport = ReadTransport(entry, members);
        var upstream = new UpstreamConfig
        {
            Id = DefaultTenant.UpstreamId(key),
            WorkspaceId = DefaultTenant.WorkspaceId,
            Key = key,
            Order = order,
            Source = ConfigSource.File,
            Trusted = true,
            Transport = transport ?? UpstreamTransport.StreamableHttp,
            Endpoints = transport is null or UpstreamTransport.Stdio ? [] : EndpointReader.Read(members),
            Headers = transport is UpstreamTransport.Stdio ? new Dictionary<string, string>() : ReadHeaders(members),
            Command = transport is UpstreamTransport.Stdio ? ReadCommand(members) : null,
            Timeout = members.TryGetValue("timeout", out var timeout)
                ? timeout.Duration(TimeSpan.FromMilliseconds(100), LongestTimeout) ?? default
                : TimeSpan.FromSeconds(30),
            Disabled = members.TryGetValue("disabled", out var disabled) && (disabled.Flag() ?? false),
            Tools = members.TryGetValue("tools", out var tools) ? GlobReader.Read(tools) : GlobRule.Everything,
            Prefix = members.TryGetValue("prefix", out var prefix) ? Checked(prefix, UpstreamRules.Prefix) : null,
            Instructions = members.TryGetValue("instructions", out var instructions) ? instructions.Text() : null,
            CostPerCall = members.TryGetValue("costPerCall", out var cost) ? cost.Amount() ?? 0 : 0,
            LoadBalancing = EndpointReader.ReadBalancing(members),
            HealthInterval = ReadHealthCheck(members),
        };
        if (members.TryGetValue("limits", out var limits))
        {
            upstream = ReadLimits(limits, upstream);
        }

        return entry.Reading.Faults.Count == faultsBefore ? upstream : null;
    }

    private static UpstreamTransport? ReadTransport(ConfigNode entry, Dictionary<string, ConfigNode> members)
    {
        string? type = null;
        if (members.TryGetValue("type", out var typeNode))
        {
            type = typeNode.OneOf("stdio", "http", "streamable-http", "streamableHttp", "sse");
            if (type is null)
            {
                return null;
            }
        }

        var hasCommand = members.ContainsKey("command");
        var hasUrl = members.ContainsKey("url") || members.ContainsKey("endpoints");
        if (hasCommand == hasUrl)
        {
            entry.Fault(hasUrl
                ? "has both \"command\" and \"url\" or \"endpoints\"; keep the one that is meant"
                : "has neither \"command\" (a local program) nor \"url\" or \"endpoints\" (a remote server); add one");
            return null;
        }

        if (type is not null && type == "stdio" != hasCommand)
        {
            typeNode.Fault(hasCommand ? "must be \"stdio\" for a server with \"command\", or be left out" : "\"stdio\" needs \"command\" instead of a URL");
            return null;
        }

        ReportMembersOfTheOther(members, hasCommand);
        return hasCommand ? UpstreamTransport.Stdio : type == "sse" ? UpstreamTransport.Sse : UpstreamTransport.StreamableHttp;
    }

    private static void ReportMembersOfTheOther(Dictionary<string, ConfigNode> members, bool hasCommand)
    {
        string[] others = hasCommand ? ["headers", "auth", "loadBalancing"] : ["args", "env", "cwd"];
        foreach (var name in others)
        {
            if (members.TryGetValue(name, out var node))
            {
                node.Fault(hasCommand ? "is for servers with \"url\"; remove it (a program gets its secrets by \"env\")" : "is for servers with \"command\"; remove it");
            }
        }
    }

    private static CommandConfig ReadCommand(Dictionary<string, ConfigNode> members)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        if (members.TryGetValue("env", out var env))
        {
            environment = env.TextMap(StringComparer.Ordinal);
            foreach (var (name, value) in environment ?? [])
            {
                var problem = UpstreamRules.EnvironmentName(name) ?? UpstreamRules.ProcessText(value);
                if (problem is not null)
                {
                    env.Reading.Fault(env.MemberPath(name), problem);
                }
            }
        }

        List<string> arguments = members.TryGetValue("args", out var args) ? args.Texts() ?? [] : [];
        if (arguments.FindIndex(argument => UpstreamRules.ProcessText(argument) is not null) is var bad and >= 0)
        {
            args.Reading.Fault(args.ItemPath(bad), UpstreamRules.ProcessText(arguments[bad])!);
        }

        return new CommandConfig(
            Checked(members["command"], UpstreamRules.Command) ?? "",
            arguments,
            environment ?? [],
            members.TryGetValue("cwd", out var cwd) ? Checked(cwd, UpstreamRules.ProcessText) : null);
    }

    private static Dictionary<string, string> ReadHeaders(Dictionary<string, ConfigNode> members)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        if (members.TryGetValue("headers", out var node))
        {
            foreach (var (name, value) in node.TextMap(StringComparer.OrdinalIgnoreCase) ?? [])
            {
                var path = node.MemberPath(name);
                if (UpstreamRules.IsSetByGateway(name))
                {
                    node.Reading.Warn(path, "is set by the gateway itself; ignored");
                }
                else if ((UpstreamRules.HeaderName(name) ?? UpstreamRules.HeaderValue(value)) is { } problem)
                {
                    node.Reading.Fault(path, problem);
                }
                else
                {
                    headers.Add(name, value);
                }
            }
        }

        if (members.TryGetValue("auth", out var auth) && UpstreamAuthReader.Read(auth) is var (header, secret) && !headers.TryAdd(header, secret))
        {
            auth.Fault($"gives the header {header} that \"headers\" gives too; keep one of the two");
        }

        return headers;
    }

    /// <summary><c>false</c>, or an object with the interval; null for no checks.</summary>
    private static TimeSpan? ReadHealthCheck(Dictionary<string, ConfigNode> members)
    {
        if (!members.TryGetValue("healthCheck", out var node))
        {
            return DefaultInterval;
        }

        if (node.Element.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return node.Element.GetBoolean() ? DefaultInterval : null;
        }

        return node.Members("interval") is { } check && check.TryGetValue("interval", out var interval)
            ? interval.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromHours(24))
            : DefaultInterval;
    }

    private static UpstreamConfig ReadLimits(ConfigNode node, UpstreamConfig upstream)
    {
        if (node.Members("requestsPerMinute", "burst", "maxConcurrent") is not { } members)
        {
            return upstream;
        }

        var most = members.TryGetValue("maxConcurrent", out var concurrent) ? concurrent.Integer(1, MostConcurrent) : null;
        return upstream with { Limits = LimitReader.Read(node, members), MaxConcurrent = most ?? upstream.MaxConcurrent };
    }

    private static string? Checked(ConfigNode node, Func<string, string?> rule)
    {
        var text = node.Text();
        if (text is not null && rule(text) is { } problem)
        {
            node.Fault(problem);
            return null;
        }

        return text;
    }
}
