using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Usage;

/// <summary>The sums of one interval of a series.</summary>
internal sealed record UsagePoint(DateTimeOffset At, UsageCounts Counts);

/// <summary>How much a group has changed against the time before.</summary>
/// <param name="Before">Calls in the range of the same length before.</param>
internal sealed record UsageTrend(UsageRow Now, long Before)
{
    public long Growth => Now.Counts[UsageMeasure.Calls] - Before;
}

/// <summary>
/// What one organization may ask of its usage. Made for an organization, so that no question can be asked without one; there is no way to name
/// another.
/// </summary>
internal sealed class UsageQueries(IUsageStore store, Guid organizationId)
{
    /// <summary>Names come in thousands; comparing two spans of time must not leave out the small ones that grow.</summary>
    private const int MostGroups = 5_000;

    private const int ExportPage = 500;

    public async Task<UsageCounts> SumAsync(UsageRange range, UsageFilter filter, CancellationToken cancellationToken)
    {
        var rows = await store.SumAsync(organizationId, Query(range, filter), cancellationToken);
        return rows[0].Counts;
    }

    /// <summary>One entry for every interval of the range, those without any call included.</summary>
    public async Task<IReadOnlyList<UsagePoint>> SeriesAsync(
        UsageRange range, UsageFilter filter, CancellationToken cancellationToken)
    {
        var query = Query(range, filter) with { GroupBy = UsageGrouping.Time, Limit = UsageRange.MostIntervals + 1 };
        var rows = await store.SumAsync(organizationId, query, cancellationToken);
        var found = rows.ToDictionary(row => row.Key.At, row => row.Counts);
        var series = new List<UsagePoint>(range.Count);
        for (var at = range.From; at < range.To; at += (long)range.Interval)
        {
            series.Add(new UsagePoint(DateTimeOffset.FromUnixTimeSeconds(at), found.GetValueOrDefault(at) ?? new UsageCounts()));
        }

        return series;
    }

    /// <summary>The greatest groups first.</summary>
    public Task<IReadOnlyList<UsageRow>> TopAsync(
        UsageRange range, UsageFilter filter, UsageGrouping groupBy, UsageOrder orderBy, int most, CancellationToken cancellationToken) =>
        store.SumAsync(organizationId, Query(range, filter) with { GroupBy = groupBy, OrderBy = orderBy, Limit = most }, cancellationToken);

    /// <summary>The groups whose calls have grown most against the range before, the fastest growing first. Those that did not grow are not among them.</summary>
    public async Task<IReadOnlyList<UsageTrend>> TrendingAsync(
        UsageRange range, UsageFilter filter, UsageGrouping groupBy, int most, CancellationToken cancellationToken)
    {
        var now = await TopAsync(range, filter, groupBy, UsageOrder.Calls, MostGroups, cancellationToken);
        var before = await TopAsync(range.Previous, filter, groupBy, UsageOrder.Calls, MostGroups, cancellationToken);
        var earlier = before.ToDictionary(row => row.Key, row => row.Counts[UsageMeasure.Calls]);
        return
        [
            .. now.Select(row => new UsageTrend(row, earlier.GetValueOrDefault(row.Key)))
                .Where(trend => trend.Growth > 0)
                .OrderByDescending(trend => trend.Growth)
                .Take(most),
        ];
    }

    /// <summary>Newest first.</summary>
    public Task<IReadOnlyList<UsageFailure>> FailuresAsync(UsageFailureQuery query, CancellationToken cancellationToken) =>
        store.ListFailuresAsync(organizationId, query, cancellationToken);

    /// <summary>Every row of the range, page by page: nothing is held in the database while whoever reads them is slow.</summary>
    public async IAsyncEnumerable<UsageRow> RowsAsync(
        UsageRange range, UsageFilter filter, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var query = Query(range, filter);
        UsageKey? last = null;
        while (true)
        {
            var page = await store.PageAsync(organizationId, query, last, ExportPage, cancellationToken);
            foreach (var row in page)
            {
                yield return row;
            }

            if (page.Count < ExportPage)
            {
                yield break;
            }

            last = page[^1].Key;
        }
    }

    private static UsageQuery Query(UsageRange range, UsageFilter filter) => new(range.Interval, range.From, range.To) { Filter = filter };
}
