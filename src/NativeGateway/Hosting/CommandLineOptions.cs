namespace NativeGateway.Hosting;

/// <summary>What the command line gave; null and empty for what it did not.</summary>
internal sealed record CommandLineOptions
{
    public string? Config { get; init; }

    public IReadOnlyList<string> Listen { get; init; } = [];

    public string? Database { get; init; }

    public string? Data { get; init; }

    public bool Stateless { get; init; }

    public bool NoAuth { get; init; }

    public bool RequireApiAuth { get; init; }

    public string? ApiKey { get; init; }

    public bool KestrelOnly { get; init; }

    public string? LogLevel { get; init; }

    public string? LogFormat { get; init; }

    public string? ShutdownTimeout { get; init; }

    public string? Certificate { get; init; }

    public string? CertificateKey { get; init; }

    public override string ToString() => nameof(CommandLineOptions);
}
