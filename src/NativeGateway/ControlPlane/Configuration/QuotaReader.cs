using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Configuration;

/// <summary>Reads quotas and tables of plans.</summary>
internal static class QuotaReader
{
    /// <summary>An object with <c>dailyCalls</c>, <c>monthlyCalls</c>, <c>monthlySpend</c> and <c>mode</c>, all optional.</summary>
    public static QuotaConfig Read(ConfigNode node)
    {
        if (node.Members("dailyCalls", "monthlyCalls", "monthlySpend", "mode") is not { } members)
        {
            return QuotaConfig.None;
        }

        var spend = members.TryGetValue("monthlySpend", out var amount) ? amount.Amount() : null;
        if (spend > ConfigRules.MaxSpend)
        {
            amount.Fault($"must be at most {ConfigRules.MaxSpend}");
        }

        return new QuotaConfig(
            members.TryGetValue("dailyCalls", out var daily) ? daily.Integer(0, int.MaxValue) : null,
            members.TryGetValue("monthlyCalls", out var monthly) ? monthly.Integer(0, int.MaxValue) : null,
            spend,
            members.TryGetValue("mode", out var mode) && mode.OneOf("hard", "soft") is { } text ? text == "soft" : null);
    }

    /// <summary>Plans by name.</summary>
    public static Dictionary<string, QuotaConfig> ReadPlans(ConfigNode node)
    {
        var plans = new Dictionary<string, QuotaConfig>(StringComparer.Ordinal);
        foreach (var (name, plan) in node.Entries() ?? [])
        {
            if (!ConfigRules.IsName(name))
            {
                plan.Fault("must have a name of letters, digits, _ and -");
            }

            plans[name] = Read(plan);
        }

        return plans;
    }
}
