namespace NativeGateway.Model;

/// <summary>What is counted, and within which period.</summary>
internal enum QuotaKind
{
    DailyCalls,
    MonthlyCalls,
    MonthlySpend,
}

internal static class QuotaKinds
{
    /// <summary>In the database and in metrics; never changed once released.</summary>
    public static string Name(this QuotaKind kind) => kind switch
    {
        QuotaKind.DailyCalls => "daily_calls",
        QuotaKind.MonthlyCalls => "monthly_calls",
        _ => "monthly_spend",
    };
}

/// <summary>One limit of an organization.</summary>
/// <param name="Limit">In calls, or in millionths of the currency.</param>
internal sealed record Quota(QuotaKind Kind, long Limit);

/// <summary>The limits of one organization, compiled from its plan and its own settings.</summary>
internal sealed class Quotas
{
    /// <summary>A unit of the currency, in the millionths that spending is counted in.</summary>
    public const long Unit = 1_000_000;

    private Quotas(Guid organizationId, Quota[] all, bool isSoft) => (OrganizationId, All, IsSoft) = (organizationId, all, isSoft);

    public Guid OrganizationId { get; }

    /// <summary>Never empty.</summary>
    public IReadOnlyList<Quota> All { get; }

    /// <summary>What goes beyond is counted and not refused.</summary>
    public bool IsSoft { get; }

    /// <summary>Null when nothing is limited.</summary>
    public static Quotas? Compile(Guid organizationId, QuotaConfig config)
    {
        var all = new List<Quota>();
        if (config.DailyCalls is { } daily)
        {
            all.Add(new Quota(QuotaKind.DailyCalls, daily));
        }

        if (config.MonthlyCalls is { } monthly)
        {
            all.Add(new Quota(QuotaKind.MonthlyCalls, monthly));
        }

        if (config.MonthlySpend is { } spend)
        {
            all.Add(new Quota(QuotaKind.MonthlySpend, (long)decimal.Round(spend * Unit)));
        }

        return all.Count == 0 ? null : new Quotas(organizationId, [.. all], config.IsSoft ?? false);
    }
}

/// <summary>The calendar day or month of UTC that a quota holds for.</summary>
/// <param name="Name"><c>2026-03-04</c> or <c>2026-03</c>: of one kind, later ones sort after earlier ones.</param>
internal readonly record struct QuotaPeriod(string Name, DateTimeOffset EndsAt)
{
    public static QuotaPeriod Of(QuotaKind kind, DateTimeOffset now)
    {
        var day = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero);
        var invariant = System.Globalization.CultureInfo.InvariantCulture;
        return kind == QuotaKind.DailyCalls
            ? new QuotaPeriod(day.ToString("yyyy-MM-dd", invariant), day.AddDays(1))
            : new QuotaPeriod(day.ToString("yyyy-MM", invariant), day.AddDays(1 - day.Day).AddMonths(1));
    }
}
