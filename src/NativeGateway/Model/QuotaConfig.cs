namespace NativeGateway.Model;

/// <summary>
/// How much an organization may use within a calendar day or month of UTC. A member that is null leaves it to the plan, and in a plan sets no limit.
/// </summary>
/// <param name="DailyCalls">Calls of tools, prompts and resources that go to a server.</param>
/// <param name="MonthlyCalls">The same.</param>
/// <param name="MonthlySpend">Sum of <see cref="UpstreamConfig.CostPerCall"/> over calls of tools, in the operator's currency.</param>
/// <param name="IsSoft">What goes beyond is counted; otherwise it is refused.</param>
internal sealed record QuotaConfig(long? DailyCalls = null, long? MonthlyCalls = null, decimal? MonthlySpend = null, bool? IsSoft = null)
{
    public static readonly QuotaConfig None = new();

    /// <summary>What holds when this stands above a plan.</summary>
    public QuotaConfig Over(QuotaConfig plan) =>
        new(DailyCalls ?? plan.DailyCalls, MonthlyCalls ?? plan.MonthlyCalls, MonthlySpend ?? plan.MonthlySpend, IsSoft ?? plan.IsSoft);
}

/// <summary>The plans that are there without any configuration. The operator changes them and adds others; see <see cref="GatewaySettings.Plans"/>.</summary>
internal static class BuiltInPlans
{
    public static readonly IReadOnlyDictionary<string, QuotaConfig> All = new Dictionary<string, QuotaConfig>(StringComparer.Ordinal)
    {
        ["free"] = new(MonthlyCalls: 1_000, IsSoft: false),
        ["pro"] = new(MonthlyCalls: 50_000, IsSoft: true),
        ["team"] = new(MonthlyCalls: 250_000, IsSoft: true),
        ["enterprise"] = QuotaConfig.None,
    };
}
