namespace NativeGateway.Model;

/// <summary>What is known of an endpoint, or of a server as a whole. The same for routing, metrics, logs, events and administration.</summary>
internal enum HealthVerdict : byte
{
    /// <summary>Neither good nor bad is known: it was not used yet, or it can be connected to again and has not answered since.</summary>
    Unknown,

    /// <summary>Its last call was answered; what an answer says, be it an error, makes no difference.</summary>
    Healthy,

    /// <summary>It takes calls, but answers several in a row with 5xx, too late, or not as MCP demands.</summary>
    Degraded,

    /// <summary>It cannot be reached, or breaks connections.</summary>
    Down,

    /// <summary>It answers, but refuses the gateway's credentials (401, 403). Not a failure of the server.</summary>
    NeedsSignIn,
}

/// <summary>One endpoint of a server, at one moment.</summary>
/// <param name="Endpoint">Its position in the configuration, from 0; a local program is 0.</param>
/// <param name="Reason">For operators: what went wrong last, without addresses, secrets and bodies; null while all is well.</param>
/// <param name="Since">When the verdict became what it is.</param>
/// <param name="Latency">Smoothed time to the beginning of an answer; zero before the first.</param>
/// <param name="EjectedFor">How long its group leaves it out yet; zero when it does not.</param>
internal sealed record EndpointHealthReport(
    int Endpoint,
    HealthVerdict Verdict,
    string? Reason,
    DateTimeOffset Since,
    TimeSpan Latency,
    int InFlight,
    TimeSpan EjectedFor);

/// <summary>A server's health at one moment.</summary>
/// <param name="Verdict">
/// Of all endpoints together: healthy as long as none is known to be bad, degraded when some are; else what is wrong with all of them.
/// </param>
/// <param name="Running">Calls that have a place under <see cref="UpstreamConfig.MaxConcurrent"/>.</param>
/// <param name="Waiting">Calls that wait for one.</param>
internal sealed record UpstreamHealthReport(
    Guid UpstreamId, string Server, HealthVerdict Verdict, int Running, int Waiting, IReadOnlyList<EndpointHealthReport> Endpoints);

/// <summary>Something that an operator may want to be told about a server.</summary>
/// <param name="Server">Its key.</param>
internal abstract record HealthEvent(Guid UpstreamId, string Server, DateTimeOffset At);

/// <summary>The verdict of an endpoint changed.</summary>
/// <param name="Whole">The verdict of the server as a whole, after the change.</param>
internal sealed record VerdictChanged(
    Guid UpstreamId, string Server, DateTimeOffset At, int Endpoint, HealthVerdict Before, HealthVerdict After, HealthVerdict Whole, string? Reason)
    : HealthEvent(UpstreamId, Server, At);

/// <summary>The gateway's lists began to leave something of a server out or to show it from memory, or stopped to.</summary>
internal sealed record ListsChanged(Guid UpstreamId, string Server, DateTimeOffset At, bool AreComplete) : HealthEvent(UpstreamId, Server, At);
