using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Health;

/// <summary>The verdict on an endpoint in the words of the command line and of administration.</summary>
internal static class HealthText
{
    public static string Of(HealthVerdict verdict) => verdict switch
    {
        HealthVerdict.Healthy => "healthy",
        HealthVerdict.Degraded => "degraded",
        HealthVerdict.Down => "down",
        HealthVerdict.NeedsSignIn => "needs-sign-in",
        _ => "unknown",
    };

    public static string Of(EndpointHealthReport endpoint) =>
        endpoint.Reason is { } reason ? $"{Of(endpoint.Verdict)} ({reason})" : Of(endpoint.Verdict);
}
