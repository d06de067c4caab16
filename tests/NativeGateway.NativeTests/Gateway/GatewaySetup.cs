using NativeGateway.Shared;

namespace NativeGateway.NativeTests.Gateway;

/// <summary>How a gateway is started.</summary>
internal sealed record GatewaySetup
{
    public GatewayConfig Config { get; init; } = new();

    /// <summary>Null for SQLite in the gateway's own data directory.</summary>
    public string? Database { get; init; }

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Further options of <c>serve</c>.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>The port to listen on; 0 for any.</summary>
    public int Port { get; init; }

    /// <summary>How many descriptors the system grants it; null for as many as the tests themselves may have.</summary>
    public int? Descriptors { get; init; }

    public string LogFormat { get; init; } = "text";

    public string LogLevel { get; init; } = "info";

    /// <summary>The database is empty, so that a key will be printed.</summary>
    public bool IsFirstStart { get; init; } = true;

    /// <summary>Where configuration and data are; null for a new directory that goes when the gateway is disposed.</summary>
    public TempDirectory? Directory { get; init; }
}
