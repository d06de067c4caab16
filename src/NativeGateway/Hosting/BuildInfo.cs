using System.Reflection;

namespace NativeGateway.Hosting;

/// <summary>What this binary is.</summary>
internal static class BuildInfo
{
    private static readonly string[] Informational =
        (typeof(BuildInfo).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0").Split('+', 2);

    public static string Version => Informational[0];

    /// <summary>Known for builds out of a repository.</summary>
    public static string Commit => Informational.Length > 1 ? Informational[1] : "unknown";

    /// <summary>How the gateway names itself as a client, raw JSON.</summary>
    public static string ClientInfo => $$"""{"name":"native-gateway","version":"{{Version}}"}""";
}
