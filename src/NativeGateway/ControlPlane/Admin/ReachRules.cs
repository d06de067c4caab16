using System.Collections.Frozen;
using System.Net;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>
/// Where an upstream may be that nobody on the machine vouched for: at public addresses, or a program of the operator's list. This tells a
/// mistake early; what protects the gateway's network is <see cref="ConnectGuard"/>, which looks at the address that is connected to.
/// </summary>
internal static class ReachRules
{
    private const string OperatorsWay = "an operator can add it, in the configuration file or by native-gateway servers add";

    private const int MostArguments = 256;
    private const int LongestArgument = 4096;

    /// <summary>Where mail, databases, shells and the like listen: a request there does harm without being HTTP.</summary>
    private static readonly FrozenSet<int> ServicePorts = FrozenSet.ToFrozenSet([110, 143, 993, 995, 1433, 1521, 2375, 3306, 5432, 6379, 9200, 11211, 27017]);

    private const int LeastPort = 80;

    private static readonly string[] LocalNames = ["localhost", "local", "internal", "intranet", "lan", "home", "corp", "localdomain", "arpa"];

    /// <summary>Variables that make an allowed program run something else, or load it from elsewhere.</summary>
    private static readonly FrozenSet<string> LoadingVariables = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "PATH", "HOME", "SHELL", "IFS", "ENV", "BASH_ENV", "NODE_OPTIONS", "NODE_PATH", "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONINSPECT",
        "PERL5LIB", "PERL5OPT", "RUBYOPT", "RUBYLIB", "JAVA_TOOL_OPTIONS", "DOTNET_STARTUP_HOOKS", "GCONV_PATH", "HOSTALIASES");

    private static readonly string[] LoadingPrefixes = ["LD_", "DYLD_", "NPM_CONFIG_", "UV_", "PIP_", "DOTNET_", "CORECLR_", "COMPlus_", "NATIVE_GATEWAY_"];

    /// <summary>Adds every fault to the body's reading.</summary>
    public static void Check(UpstreamConfig upstream, GatewaySettings settings, ConfigNode body)
    {
        if (upstream.Command is { } command)
        {
            CheckCommand(command, settings, body);
            return;
        }

        var isSingle = body.Element.TryGetProperty("url", out _);
        for (var i = 0; i < upstream.Endpoints.Count; i++)
        {
            if (!settings.AllowPrivateUpstreams && WhyNotPublic(upstream.Endpoints[i].Url) is { } why)
            {
                body.Reading.Fault(isSingle ? body.MemberPath("url") : $"{body.MemberPath("endpoints")}/{i}/url", $"{why}; {OperatorsWay}");
            }
        }
    }

    /// <summary>Null for what may be a public place, as far as its URL tells.</summary>
    public static string? WhyNotPublic(Uri url)
    {
        if (url.Port < LeastPort || ServicePorts.Contains(url.Port))
        {
            return "names a port of another service";
        }

        if (IPAddress.TryParse(url.DnsSafeHost, out var address))
        {
            return ConnectGuard.IsRefused(address) ? "is no address of the public internet" : null;
        }

        var labels = url.DnsSafeHost.TrimEnd('.').Split('.');
        return labels.Length == 1 || LocalNames.Contains(labels[^1], StringComparer.OrdinalIgnoreCase) ? "is no name of the public internet" : null;
    }

    private static void CheckCommand(CommandConfig command, GatewaySettings settings, ConfigNode body)
    {
        if (!settings.AllowedCommands.Contains(command.FileName, StringComparer.Ordinal))
        {
            body.Reading.Fault(body.MemberPath("command"), $"must be one of {string.Join(", ", settings.AllowedCommands)} (stdio.allowedCommands); {OperatorsWay}");
        }

        if (command.WorkingDirectory is not null)
        {
            body.Reading.Fault(body.MemberPath("cwd"), $"cannot be chosen over the API; {OperatorsWay}");
        }

        if (command.Arguments.Count > MostArguments || command.Arguments.Any(argument => argument.Length > LongestArgument || argument.Any(char.IsControl)))
        {
            body.Reading.Fault(body.MemberPath("args"), $"must be at most {MostArguments} arguments of at most {LongestArgument} characters, without control characters");
        }

        foreach (var name in command.Environment.Keys)
        {
            if (LoadingVariables.Contains(name) || LoadingPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)))
            {
                body.Reading.Fault($"{body.MemberPath("env")}/{name}", $"changes which program runs or what it loads; {OperatorsWay}");
            }
        }
    }
}
