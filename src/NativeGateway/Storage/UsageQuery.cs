using NativeGateway.Model;

namespace NativeGateway.Storage;

/// <summary>The length of the intervals that sums are kept for.</summary>
internal enum UsageInterval
{
    Minute = 60,
    Hour = 3_600,
    Day = 86_400,
}

/// <summary>What sums are grouped by.</summary>
[Flags]
internal enum UsageGrouping
{
    None = 0,
    Time = 1,
    Workspace = 2,
    Key = 4,
    Upstream = 8,
    Name = 16,
    Method = 32,
}

/// <summary>What the greatest groups are chosen by.</summary>
internal enum UsageOrder
{
    Calls,
    Errors,
    Cost,
    Duration,
}

/// <summary>Restricts what is summed up; null for everything.</summary>
internal sealed record UsageFilter
{
    public static readonly UsageFilter None = new();

    public Guid? WorkspaceId { get; init; }

    public string? KeyId { get; init; }

    public Guid? UpstreamId { get; init; }

    public string? Name { get; init; }

    public UsageMethod? Method { get; init; }
}

/// <summary>A question about sums.</summary>
/// <param name="From">Seconds since 1970; at a boundary of the interval. Included.</param>
/// <param name="To">The same; excluded.</param>
internal sealed record UsageQuery(UsageInterval Interval, long From, long To)
{
    public UsageFilter Filter { get; init; } = UsageFilter.None;

    public UsageGrouping GroupBy { get; init; }

    /// <summary>Groups by time come in the order of time instead.</summary>
    public UsageOrder OrderBy { get; init; }

    public int Limit { get; init; } = 1_000;
}

/// <summary>A question about failures.</summary>
internal sealed record UsageFailureQuery(DateTimeOffset From, DateTimeOffset To, int Limit)
{
    public UsageFilter Filter { get; init; } = UsageFilter.None;

    public CallOutcome? Outcome { get; init; }

    /// <summary>Only failures with a smaller id: where an earlier page ended.</summary>
    public long Before { get; init; } = long.MaxValue;
}
