using NativeGateway.ControlPlane.Usage;
using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.Tests.ControlPlane.Usage;

public sealed class UsageRangeTests
{
    private static readonly DateTimeOffset Now = new(2026, 6, 15, 12, 34, 56, TimeSpan.Zero);

    [Theory]
    [InlineData(1, 0, UsageInterval.Minute)]
    [InlineData(24, 0, UsageInterval.Minute)]
    [InlineData(48, 0, UsageInterval.Hour)]
    [InlineData(24 * 60, 0, UsageInterval.Hour)]
    [InlineData(24 * 80, 0, UsageInterval.Day)]
    [InlineData(24 * 10, 24 * 10 - 1, UsageInterval.Hour)]
    [InlineData(24 * 100, 24 * 100 - 1, UsageInterval.Day)]
    public void Without_a_wish_the_finest_interval_that_is_kept_and_fits_is_taken(int fromHoursAgo, int toHoursAgo, object expected)
    {
        var range = Create(Now.AddHours(-fromHoursAgo), Now.AddHours(-toHoursAgo));

        Assert.Equal((UsageInterval)expected, range.Interval);
        Assert.InRange(range.Count, 1, UsageRange.MostIntervals + 1);
    }

    [Fact]
    public void A_range_begins_and_ends_where_intervals_do()
    {
        var range = Create(Now.AddHours(-2), Now, UsageInterval.Hour);

        Assert.Equal(new DateTimeOffset(2026, 6, 15, 10, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds(), range.From);
        Assert.Equal(new DateTimeOffset(2026, 6, 15, 13, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds(), range.To);
        Assert.Equal(3, range.Count);
        Assert.Equal((range.From - 3 * 3_600, range.From), (range.Previous.From, range.Previous.To));
    }

    [Fact]
    public void What_cannot_be_answered_is_refused_with_the_reason()
    {
        Assert.Contains("earlier", Fault(Now, Now), StringComparison.Ordinal);
        Assert.Contains("1500 intervals", Fault(Now.AddDays(-2), Now, UsageInterval.Minute), StringComparison.Ordinal);
        Assert.Contains("1500 days", Fault(Now.AddDays(-2_000), Now), StringComparison.Ordinal);
        Assert.Contains("kept for 7 days", Fault(Now.AddDays(-8), Now.AddDays(-8).AddHours(1), UsageInterval.Minute), StringComparison.Ordinal);
    }

    [Fact]
    public void Times_before_1970_do_no_harm() =>
        Assert.Equal(UsageInterval.Day, Create(DateTimeOffset.UnixEpoch.AddDays(-10), DateTimeOffset.UnixEpoch.AddDays(-9)).Interval);

    private static UsageRange Create(DateTimeOffset from, DateTimeOffset to, UsageInterval? interval = null)
    {
        var range = UsageRange.TryCreate(from, to, interval, UsageSettings.Default.Retention, Now, out var fault);
        Assert.Null(fault);
        return range!;
    }

    private static string Fault(DateTimeOffset from, DateTimeOffset to, UsageInterval? interval = null)
    {
        Assert.Null(UsageRange.TryCreate(from, to, interval, UsageSettings.Default.Retention, Now, out var fault));
        return fault!;
    }
}
