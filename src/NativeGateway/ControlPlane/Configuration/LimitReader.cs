using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Configuration;

/// <summary>Reads <c>requestsPerMinute</c> and <c>burst</c> of a token bucket.</summary>
internal static class LimitReader
{
    private const int MostPerMinute = ConfigRules.MaxLimit;

    /// <summary>An object with nothing but a bucket.</summary>
    public static LimitConfig? Read(ConfigNode node) => node.Members("requestsPerMinute", "burst") is { } members ? Read(node, members) : null;

    /// <summary>The bucket among the members of a larger object; null when it has none. Without a burst, ten seconds' worth.</summary>
    public static LimitConfig? Read(ConfigNode node, Dictionary<string, ConfigNode> members)
    {
        var hasBurst = members.TryGetValue("burst", out var burstNode);
        if (!members.TryGetValue("requestsPerMinute", out var rateNode))
        {
            if (hasBurst)
            {
                node.Fault("has \"burst\" but no \"requestsPerMinute\"; add it");
            }

            return null;
        }

        var rate = rateNode.Integer(1, MostPerMinute);
        var burst = hasBurst ? burstNode.Integer(1, MostPerMinute) : Math.Max(1, (rate ?? 0) / 6);
        return rate is null || burst is null ? null : new LimitConfig(rate.Value, burst.Value);
    }
}
