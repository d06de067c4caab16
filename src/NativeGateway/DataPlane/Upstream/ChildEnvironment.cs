using System.Collections;
using System.Collections.Frozen;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// The environment of a child process: what any program needs to run on this machine, and what its configuration adds. The gateway's own
/// variables are not inherited, because secrets may stand in them.
/// </summary>
internal static class ChildEnvironment
{
    private static readonly FrozenSet<string> Inherited = FrozenSet.ToFrozenSet(
    [
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "TMPDIR", "TZ", "LANG", "LANGUAGE",
        "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
        "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "DOTNET_ROOT",
    ]);

    public static Dictionary<string, string> Build(IDictionary inherited, IReadOnlyDictionary<string, string> configured)
    {
        var variables = new Dictionary<string, string>();
        foreach (DictionaryEntry entry in inherited)
        {
            if (entry is { Key: string name, Value: string value } && IsInherited(name))
            {
                variables[name] = value;
            }
        }

        foreach (var (name, value) in configured)
        {
            variables[name] = value;
        }

        return variables;
    }

    private static bool IsInherited(string name) =>
        Inherited.Contains(name) || name.StartsWith("LC_", StringComparison.Ordinal) || name.StartsWith("XDG_", StringComparison.Ordinal);
}
