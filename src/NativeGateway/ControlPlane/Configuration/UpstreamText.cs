using System.Globalization;
using System.Text.Json;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Configuration;

/// <summary>Settings of an upstream as the file and the API spell them.</summary>
internal static class UpstreamText
{
    public static string Of(LoadBalancing balancing) => balancing switch
    {
        LoadBalancing.RoundRobin => "round-robin",
        LoadBalancing.First => "first",
        _ => "power-of-two",
    };

    public static void WriteLimits(Utf8JsonWriter json, UpstreamConfig upstream)
    {
        json.WriteStartObject("limits");
        if (upstream.Limits is { } limits)
        {
            json.WriteNumber("requestsPerMinute", limits.RequestsPerMinute);
            json.WriteNumber("burst", limits.Burst);
        }

        json.WriteNumber("maxConcurrent", upstream.MaxConcurrent);
        json.WriteEndObject();
    }

    public static void WriteHealthCheck(Utf8JsonWriter json, UpstreamConfig upstream)
    {
        if (upstream.HealthInterval is not { } interval)
        {
            json.WriteBoolean("healthCheck", false);
            return;
        }

        json.WriteStartObject("healthCheck");
        json.WriteString("interval", string.Create(CultureInfo.InvariantCulture, $"{interval.TotalMilliseconds}ms"));
        json.WriteEndObject();
    }
}
