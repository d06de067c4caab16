using System.Globalization;
using System.Text;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Policy;

/// <summary>Words and data of the errors that quotas answer with.</summary>
internal static class QuotaRefusal
{
    /// <summary>Nothing is held, and nobody can say whether there is any left.</summary>
    public static readonly GatewayError Unknown = new(ErrorKind.Saturated, "The quota of this organization cannot be checked now; try again in 1 s.")
    {
        Detail = "The database cannot be asked, and what a process may use without asking is used up.",
        RetryAfter = TimeSpan.FromSeconds(1),
    };

    public static QuotaVerdict UsedUp(Quota quota, QuotaLease lease, DateTimeOffset now)
    {
        var endsAt = lease.Period.EndsAt;
        var wait = (int)Math.Ceiling((endsAt - now).TotalSeconds);
        var isSpend = quota.Kind == QuotaKind.MonthlySpend;
        var scope = isSpend ? "spend" : "quota";
        var limit = isSpend ? (decimal)quota.Limit / Quotas.Unit : quota.Limit;
        // A call may cost more than there is left.
        var left = Math.Max(0, quota.Limit - lease.Used);
        var remaining = isSpend ? (decimal)left / Quotas.Unit : 0;
        var data = string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"scope":"{{scope}}","limit":{{limit}},"remaining":{{remaining}},"retryAfterSeconds":{{wait}},"resetsAt":"{{endsAt:yyyy-MM-dd'T'HH:mm:ss'Z'}}"}""");
        var error = new GatewayError(
            ErrorKind.RateLimited, string.Create(CultureInfo.InvariantCulture, $"{Sentence(quota.Kind)}; it begins anew at {endsAt:yyyy-MM-dd'T'HH:mm:ss'Z'}."))
        {
            Detail = string.Create(CultureInfo.InvariantCulture, $"The organization's limit is {limit} in {lease.Period.Name}."),
            Data = Encoding.UTF8.GetBytes(data),
            RetryAfter = TimeSpan.FromSeconds(wait),
            LimitScope = scope,
        };
        // The headers count calls.
        return new QuotaVerdict(error, isSpend ? default : new LimitState((int)Math.Clamp(quota.Limit, 1, int.MaxValue), 0, wait));
    }

    private static string Sentence(QuotaKind kind) => kind switch
    {
        QuotaKind.DailyCalls => "The daily quota of calls of this organization is used up",
        QuotaKind.MonthlyCalls => "The monthly quota of calls of this organization is used up",
        _ => "The monthly spending limit of this organization does not allow this call",
    };
}
