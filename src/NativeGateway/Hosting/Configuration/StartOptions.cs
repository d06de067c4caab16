namespace NativeGateway.Hosting.Configuration;

/// <summary>What the file says about things that are settled at start; a change of them needs a restart. Not checked yet: options may beat them.</summary>
internal sealed record StartOptions
{
    public IReadOnlyList<string>? Listen { get; init; }

    public string? Database { get; init; }

    public string? Data { get; init; }

    public bool? Stateless { get; init; }

    public string? Region { get; init; }

    public bool? KestrelOnly { get; init; }

    public TimeSpan? ShutdownTimeout { get; init; }

    public string? LogLevel { get; init; }

    public string? LogFormat { get; init; }

    public string? Certificate { get; init; }

    public string? CertificateKey { get; init; }

    /// <summary>Names of the members that differ, for a warning after a reload.</summary>
    public IEnumerable<string> DifferencesFrom(StartOptions other)
    {
        if (!(Listen ?? []).SequenceEqual(other.Listen ?? []))
        {
            yield return "listen";
        }

        if (Database != other.Database)
        {
            yield return "database";
        }

        if (Data != other.Data)
        {
            yield return "data";
        }

        if (Stateless != other.Stateless)
        {
            yield return "stateless";
        }

        if (Region != other.Region)
        {
            yield return "region";
        }

        if (KestrelOnly != other.KestrelOnly)
        {
            yield return "kestrelOnly";
        }

        if (ShutdownTimeout != other.ShutdownTimeout)
        {
            yield return "shutdownTimeout";
        }

        if (LogLevel != other.LogLevel || LogFormat != other.LogFormat)
        {
            yield return "logging";
        }

        if (Certificate != other.Certificate || CertificateKey != other.CertificateKey)
        {
            yield return "tls";
        }
    }
}
