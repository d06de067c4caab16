using NativeGateway.ControlPlane.Registry;
using NativeGateway.Hosting.Configuration;
using NativeGateway.Storage;
using NativeGateway.Telemetry.Otlp;

namespace NativeGateway.Hosting;

/// <summary>A certificate chain and its private key, as PEM files.</summary>
internal sealed record TlsFiles(string Certificate, string Key);

/// <summary>Where the registry is kept, and what opens it. Holds secrets, so it is never printed.</summary>
/// <param name="EncryptionKey">The value of the environment variable, or null for the file in the data directory.</param>
internal sealed record StoreOptions(string Database, string DataDirectory, string? EncryptionKey)
{
    private const string SqliteScheme = "sqlite:";

    /// <summary>Null for a database server.</summary>
    public string? SqlitePath
    {
        get
        {
            if (!Database.StartsWith(SqliteScheme, StringComparison.OrdinalIgnoreCase))
            {
                return null;
            }

            var path = Database[SqliteScheme.Length..];
            return path.StartsWith("///", StringComparison.Ordinal) ? path[2..] : path;
        }
    }

    /// <exception cref="StoreConfigurationException">The encryption key is not usable.</exception>
    public EncryptionKey LoadKey() => Storage.EncryptionKey.LoadOrCreate(DataDirectory, EncryptionKey);

    /// <exception cref="StoreConfigurationException">The address or the encryption key is not usable.</exception>
    public Stores Open() => Open(LoadKey());

    /// <exception cref="StoreConfigurationException">The address is not usable.</exception>
    public Stores Open(EncryptionKey key) => StoreFactory.Open(Database, new SecretBox(key));

    public override string ToString() => nameof(StoreOptions);
}

/// <summary>What the verbs need that work on the database directly.</summary>
internal sealed record VerbOptions(StoreOptions Store, FileConfig File);

/// <summary>The configuration file as it was at start: what it adds to the registry, and what a reload compares with.</summary>
internal sealed record ConfigFileState(string Path, StartOptions Options, FileConfig Registry);

/// <summary>How the one client on standard input is served. Holds a secret, so it is never printed.</summary>
/// <param name="ApiKey">Whose rights the client has; null for the anonymous caller's.</param>
internal sealed record StdioOptions(string? ApiKey)
{
    public override string ToString() => nameof(StdioOptions);
}

/// <summary>Everything that <c>stdio --url</c> needs, checked. Holds a secret, so it is never printed.</summary>
/// <param name="ApiKey">Null for none.</param>
internal sealed record BridgeOptions(Uri Url, string? ApiKey, TimeSpan ShutdownTimeout, LogOptions Logging)
{
    public override string ToString() => nameof(BridgeOptions);
}

/// <summary>Everything that <c>serve</c> and <c>stdio</c> need, checked.</summary>
internal sealed record GatewayOptions
{
    public const string DefaultListen = "http://127.0.0.1:12006";
    public const string DefaultConfigFile = "gateway.json";

    public required IReadOnlyList<ListenAddress> Listen { get; init; }

    /// <summary>Given for <c>stdio</c>, which listens nowhere.</summary>
    public StdioOptions? Stdio { get; init; }

    public required StoreOptions Store { get; init; }

    /// <summary>Null when there is none.</summary>
    public ConfigFileState? File { get; init; }

    public TlsFiles? Tls { get; init; }

    public bool Stateless { get; init; }

    /// <summary>Where this gateway is; null when nobody says.</summary>
    public string? Region { get; init; }

    /// <summary>What the operator said at start about keys, whatever file and database say; null leaves it to these.</summary>
    public bool? RequiresKey { get; init; }

    /// <summary>Without the lean door: Kestrel alone serves every connection.</summary>
    public bool KestrelOnly { get; init; }

    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(30);

    public LogOptions Logging { get; init; } = LogOptions.Default;

    /// <summary>Null when no telemetry is exported.</summary>
    public OtlpOptions? Otlp { get; init; }

    /// <summary>Nobody but this machine can connect, so requests without a key may be allowed.</summary>
    public bool IsLoopbackOnly => Listen.All(address => address.IsLoopback);
}
