namespace NativeGateway.DataPlane.Upstream;

/// <summary>How long things may take with a stdio upstream. Constants for now; a record, so that tests need not wait.</summary>
internal sealed record StdioTimings
{
    public static readonly StdioTimings Default = new();

    /// <summary>For <c>server/discover</c> of a process whose era is not known: legacy servers may never answer it.</summary>
    public TimeSpan Probe { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>From the start of a process to the end of the handshake; long, because package runners download first.</summary>
    public TimeSpan Start { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Between closing stdin, SIGTERM and SIGKILL.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a process may leave its stdin full before calls are refused.</summary>
    public TimeSpan Write { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Without a call in flight, after which the process is stopped.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>For what a dead process wrote last, and for its exit code.</summary>
    public TimeSpan LastWords { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan FirstBackoff { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan LongestBackoff { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A process that lived this long is restarted at once when it dies.</summary>
    public TimeSpan Healthy { get; init; } = TimeSpan.FromSeconds(60);

    public RestartBackoff CreateBackoff(TimeProvider time) => new(FirstBackoff, LongestBackoff, Healthy, time);
}
