using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Registry;

/// <summary>What the configuration file adds to the registry. Read-only for every interface but the file; reloaded when it changes.</summary>
internal sealed record FileConfig
{
    public static readonly FileConfig Empty = new();

    public IReadOnlyList<UpstreamConfig> Upstreams { get; init; } = [];

    public IReadOnlyList<FileKey> Keys { get; init; } = [];

    public SettingsOverride Settings { get; init; } = new();
}

/// <summary>Settings that the file gives; null leaves what the database or the default says.</summary>
internal sealed record SettingsOverride
{
    public bool? AuthRequired { get; init; }

    public LimitConfig? KeyLimits { get; init; }

    public LimitConfig? AddressCallLimits { get; init; }

    public LimitConfig? UserCallLimits { get; init; }

    public int? MaxRequestBytes { get; init; }

    public int? MaxConcurrentRequests { get; init; }

    public IReadOnlyList<string>? AllowedOrigins { get; init; }

    public IReadOnlyList<string>? TrustedProxies { get; init; }

    public bool? AllowPrivateUpstreams { get; init; }

    public IReadOnlyList<string>? AllowedCommands { get; init; }

    public int? MaxProcesses { get; init; }

    public UsageSettings? Usage { get; init; }

    public MailServer? Mail { get; init; }

    public TimeSpan? AuditRetention { get; init; }

    /// <summary>Beside those that there are already; one of the same name replaces it.</summary>
    public IReadOnlyDictionary<string, QuotaConfig>? Plans { get; init; }

    public GatewaySettings ApplyTo(GatewaySettings settings) => settings with
    {
        AuthRequired = AuthRequired ?? settings.AuthRequired,
        KeyLimits = KeyLimits ?? settings.KeyLimits,
        AddressCallLimits = AddressCallLimits ?? settings.AddressCallLimits,
        UserCallLimits = UserCallLimits ?? settings.UserCallLimits,
        MaxRequestBytes = MaxRequestBytes ?? settings.MaxRequestBytes,
        MaxConcurrentRequests = MaxConcurrentRequests ?? settings.MaxConcurrentRequests,
        AllowedOrigins = AllowedOrigins ?? settings.AllowedOrigins,
        TrustedProxies = TrustedProxies ?? settings.TrustedProxies,
        AllowPrivateUpstreams = AllowPrivateUpstreams ?? settings.AllowPrivateUpstreams,
        AllowedCommands = AllowedCommands ?? settings.AllowedCommands,
        MaxProcesses = MaxProcesses ?? settings.MaxProcesses,
        Usage = Usage ?? settings.Usage,
        Mail = Mail ?? settings.Mail,
        AuditRetention = AuditRetention ?? settings.AuditRetention,
        Plans = Plans is null ? settings.Plans : Above(settings.Plans, Plans),
    };

    private static Dictionary<string, QuotaConfig> Above(IReadOnlyDictionary<string, QuotaConfig> plans, IReadOnlyDictionary<string, QuotaConfig> own)
    {
        var all = new Dictionary<string, QuotaConfig>(plans, StringComparer.Ordinal);
        foreach (var (name, plan) in own)
        {
            all[name] = plan;
        }

        return all;
    }
}
