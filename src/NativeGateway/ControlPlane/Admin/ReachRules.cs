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

    /// <summary>Last labels of names that only private networks know.</summary>
    private static readonly FrozenSet<string> LocalNames = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "localhost", "localdomain", "local", "internal", "intranet", "private", "lan", "home", "corp", "arpa", "svc", "consul");

    /// <summary>Variables that make an allowed program run something else, or load it from elsewhere.</summary>
    private static readonly FrozenSet<string> LoadingVariables = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "PATH", "HOME", "SHELL", "SHELLOPTS", "BASHOPTS", "IFS", "ENV", "BASH_ENV", "PS4", "PROMPT_COMMAND", "CDPATH", "TMPDIR", "EDITOR", "VISUAL", "PAGER", "BROWSER",
        "NODE_OPTIONS", "NODE_PATH", "NODE_REPL_EXTERNAL_MODULE", "NODE_V8_COVERAGE", "ELECTRON_RUN_AS_NODE", "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP",
        "PYTHONINSPECT", "PYTHONUSERBASE", "PYTHONEXECUTABLE", "PYTHONPLATLIBDIR", "PYTHONBREAKPOINT", "PYTHONWARNINGS", "PYTHONPYCACHEPREFIX", "VIRTUAL_ENV",
        "PERLLIB", "PERL5LIB", "PERL5OPT", "PERL5DB", "RUBYOPT", "RUBYLIB", "CLASSPATH", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "LOCPATH", "NLSPATH",
        "GCONV_PATH", "GETCONF_DIR", "HOSTALIASES", "RES_OPTIONS", "RESOLV_HOST_CONF", "LOCALDOMAIN", "TERMINFO", "TERMINFO_DIRS", "OPENSSL_CONF", "OPENSSL_MODULES",
        "OPENSSL_ENGINES");

    private static readonly string[] LoadingPrefixes =
    [
        "LD_", "DYLD_", "GLIBC_", "MALLOC_", "BASH_FUNC_", "NPM_", "YARN_", "COREPACK_", "DENO_", "BUN_", "UV_", "PIP_", "GIT_", "XDG_", "DOTNET_", "CORECLR_", "COMPlus_",
        "NUGET_", "MSBUILD", "NATIVE_GATEWAY_",
    ];

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
        if (ConnectGuard.IsRefused(url.Port))
        {
            return "names a port of another service";
        }

        var host = url.IdnHost.TrimEnd('.');
        if (IPAddress.TryParse(host, out var address))
        {
            return ConnectGuard.IsRefused(address) ? "is no address of the public internet" : null;
        }

        // No top-level domain has a digit in front: what looks like an address without being one means something else to everybody.
        var labels = host.Split('.');
        return labels.Length == 1 || LocalNames.Contains(labels[^1]) || labels[^1] is "" or [>= '0' and <= '9', ..] ? "is no name of the public internet" : null;
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
