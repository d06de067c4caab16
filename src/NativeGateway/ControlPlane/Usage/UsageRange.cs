using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Usage;

/// <summary>
/// A span of time that usage is asked for, at the boundaries of the intervals it is summed up by, and bounded in their number: whatever is asked,
/// its answer has a size.
/// </summary>
internal sealed record UsageRange
{
    /// <summary>A day of minutes, two months of hours, four years of days.</summary>
    public const int MostIntervals = 1_500;

    private static readonly UsageInterval[] FinestFirst = [UsageInterval.Minute, UsageInterval.Hour, UsageInterval.Day];

    private UsageRange(UsageInterval interval, long from, long to) => (Interval, From, To) = (interval, from, to);

    public UsageInterval Interval { get; }

    /// <summary>Seconds since 1970; included.</summary>
    public long From { get; }

    /// <summary>The same; excluded.</summary>
    public long To { get; }

    public int Count => (int)((To - From) / (int)Interval);

    /// <summary>The range of the same length that ends where this one begins.</summary>
    public UsageRange Previous => new(Interval, From - (To - From), From);

    /// <param name="interval">Null for the finest that is kept for so long and fits.</param>
    /// <param name="fault">What is wrong, for who asked; null when nothing is.</param>
    public static UsageRange? TryCreate(
        DateTimeOffset from, DateTimeOffset to, UsageInterval? interval, UsageRetention retention, DateTimeOffset now, out string? fault)
    {
        if (from >= to)
        {
            fault = "\"from\" must be earlier than \"to\".";
            return null;
        }

        var fitting = Array.FindAll(FinestFirst, candidate => CountOf(candidate, from, to) <= MostIntervals);
        if (interval is { } wanted)
        {
            fault = Array.IndexOf(fitting, wanted) < 0
                ? $"The time between \"from\" and \"to\" has more than {MostIntervals} intervals; ask for longer ones or a shorter time."
                : from < now - KeptFor(wanted, retention)
                    ? $"Sums by the {NameOf(wanted)} are kept for {KeptFor(wanted, retention).TotalDays:0.##} days; ask for longer intervals or a later time."
                    : null;
            return fault is null ? Create(wanted, from, to) : null;
        }

        if (fitting.Length == 0)
        {
            fault = $"The time between \"from\" and \"to\" is longer than {MostIntervals} days.";
            return null;
        }

        fault = null;
        var kept = Array.FindIndex(fitting, candidate => from >= now - KeptFor(candidate, retention));
        return Create(kept < 0 ? fitting[^1] : fitting[kept], from, to);
    }

    public static string NameOf(UsageInterval interval) => interval switch
    {
        UsageInterval.Minute => "minute",
        UsageInterval.Hour => "hour",
        _ => "day",
    };

    private static UsageRange Create(UsageInterval interval, DateTimeOffset from, DateTimeOffset to)
    {
        var length = (long)interval;
        var (first, last) = (from.ToUnixTimeSeconds(), to.ToUnixTimeSeconds() + (to.Ticks % TimeSpan.TicksPerSecond > 0 ? 1 : 0));
        return new UsageRange(interval, first - Mod(first, length), last + Mod(-last, length));
    }

    /// <summary>Never negative, unlike the operator.</summary>
    private static long Mod(long second, long length) => (second % length + length) % length;

    private static long CountOf(UsageInterval interval, DateTimeOffset from, DateTimeOffset to) =>
        (long)Math.Ceiling((to - from).TotalSeconds / (int)interval);

    private static TimeSpan KeptFor(UsageInterval interval, UsageRetention retention) => interval switch
    {
        UsageInterval.Minute => retention.Minutes,
        UsageInterval.Hour => retention.Hours,
        _ => retention.Days,
    };
}
