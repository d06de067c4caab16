using NativeGateway.ControlPlane.Configuration;

namespace NativeGateway.Hosting;

/// <summary>Options from <c>NATIVE_GATEWAY_…</c> variables. An empty variable counts as not set, as container tools pass unset ones on.</summary>
internal sealed class EnvironmentOptions(IReadOnlyDictionary<string, string> environment)
{
    public const string Prefix = "NATIVE_GATEWAY_";

    private static readonly string[] Known =
    [
        "CONFIG", "LISTEN", "DATABASE", "DATA", "STATELESS", "REGION", "NO_AUTH", "KESTREL_ONLY", "LOG_LEVEL", "LOG_FORMAT", "SHUTDOWN_TIMEOUT", "TLS_CERTIFICATE", "TLS_KEY",
        "ENCRYPTION_KEY", "API_KEY",
    ];

    public string? Text(string name) => environment.GetValueOrDefault(Prefix + name) is { Length: > 0 } value ? value : null;

    public bool? Flag(string name, ConfigReading reading)
    {
        switch (Text(name)?.ToLowerInvariant())
        {
            case null:
                return null;
            case "true" or "1" or "yes" or "on":
                return true;
            case "false" or "0" or "no" or "off":
                return false;
            default:
                reading.Fault(Prefix + name, "must be true or false");
                return null;
        }
    }

    public void WarnAboutUnknown(ConfigReading reading)
    {
        foreach (var name in environment.Keys.Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            if (!Known.Contains(name[Prefix.Length..]))
            {
                var near = NearestName.Find(name[Prefix.Length..], Known);
                reading.Warn(name, near is null ? "is not known to this version" : $"is not known to this version; did you mean {Prefix}{near}?");
            }
        }
    }
}
