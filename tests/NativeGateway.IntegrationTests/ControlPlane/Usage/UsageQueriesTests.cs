using NativeGateway.ControlPlane.Usage;
using NativeGateway.IntegrationTests.Storage;
using NativeGateway.Model;
using NativeGateway.Shared;
using NativeGateway.Storage;
using Xunit;

namespace NativeGateway.IntegrationTests.ControlPlane.Usage;

/// <summary>Questions of an organization, over a real store.</summary>
public sealed class UsageQueriesTests : IAsyncLifetime
{
    private static readonly UsageKey Key = UsageSamples.Key;

    private readonly TempDatabase _database = TempDatabase.Sqlite();
    private readonly Guid _writer = Guid.NewGuid();
    private Stores? _stores;
    private long _number;

    private UsageQueries Queries => new(_stores!.Usage, UsageSamples.Acme);

    public async Task InitializeAsync()
    {
        _stores = StoreFactory.Open(_database.Uri, Samples.Secrets());
        await _stores.Registry.MigrateAsync(CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        await _stores!.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Theory]
    [InlineData(UsageInterval.Minute, 60)]
    [InlineData(UsageInterval.Hour, 24)]
    [InlineData(UsageInterval.Day, 3)]
    public async Task A_series_has_a_point_for_every_interval(object interval, int count)
    {
        var length = (int)(UsageInterval)interval;
        var from = UsageSamples.Noon.AddHours(-12);
        await WriteAsync(UsageSamples.Row(Key with { At = from.ToUnixTimeSeconds() + length }, 3));

        var series = await Queries.SeriesAsync(Range(from, from.AddSeconds(count * length), (UsageInterval)interval), UsageFilter.None, CancellationToken.None);

        Assert.Equal(Enumerable.Range(0, count).Select(number => from.AddSeconds(number * length)), series.Select(point => point.At));
        Assert.Equal([1], series.Index().Where(point => point.Item.Counts[UsageMeasure.Calls] == 3).Select(point => point.Index));
        Assert.Equal(3, series.Sum(point => point.Counts[UsageMeasure.Calls]));
    }

    [Fact]
    public async Task What_grows_most_comes_first_and_what_shrinks_not_at_all()
    {
        var before = Key.At - 3_600;
        await WriteAsync(
            UsageSamples.Row(Key with { Name = "steady", At = before }, 5), UsageSamples.Row(Key with { Name = "steady" }, 5),
            UsageSamples.Row(Key with { Name = "grown", At = before }, 5), UsageSamples.Row(Key with { Name = "grown" }, 7),
            UsageSamples.Row(Key with { Name = "shrunk", At = before }, 5), UsageSamples.Row(Key with { Name = "shrunk" }, 1),
            UsageSamples.Row(Key with { Name = "new" }, 4));

        var range = Range(UsageSamples.Noon, UsageSamples.Noon.AddHours(1), UsageInterval.Minute);
        var trends = await Queries.TrendingAsync(range, UsageFilter.None, UsageGrouping.Name, 10, CancellationToken.None);

        Assert.Equal([("new", 4L), ("grown", 2L)], trends.Select(trend => (trend.Now.Key.Name, trend.Growth)));
    }

    [Fact]
    public async Task Latencies_of_all_minutes_make_one_distribution()
    {
        await WriteAsync(
            UsageSamples.Row(Key, 90, milliseconds: 2), UsageSamples.Row(Key with { At = Key.At + 60 }, 10, milliseconds: 2_000));

        var sum = await Queries.SumAsync(Range(UsageSamples.Noon, UsageSamples.Noon.AddHours(1), UsageInterval.Hour), UsageFilter.None, CancellationToken.None);

        Assert.InRange(LatencyScale.Percentile(sum.Latency, 0.5)!.Value, 1.6, 2.5);
        Assert.InRange(LatencyScale.Percentile(sum.Latency, 0.95)!.Value, 1_600, 2_500);
        Assert.Equal(100, sum.Answered);
    }

    [Fact]
    public async Task Every_row_of_a_range_is_read_once_however_many_there_are()
    {
        var keys = Enumerable.Range(0, 1_203).Select(number => Key with { Name = $"tool{number}" }).ToArray();
        await WriteAsync([.. keys.Select(key => UsageSamples.Row(key))]);

        var read = new List<UsageKey>();
        await foreach (var row in Queries.RowsAsync(
            Range(UsageSamples.Noon, UsageSamples.Noon.AddHours(1), UsageInterval.Minute), UsageFilter.None, CancellationToken.None))
        {
            read.Add(row.Key);
        }

        Assert.Equal(keys.Order(Comparer<UsageKey>.Create((x, y) => string.CompareOrdinal(x.Name, y.Name))), read);
    }

    private static UsageRange Range(DateTimeOffset from, DateTimeOffset to, UsageInterval interval) =>
        UsageRange.TryCreate(from, to, interval, UsageSettings.Default.Retention, UsageSamples.Noon, out _)!;

    private Task WriteAsync(params UsageRow[] rows) => _stores!.Usage.WriteAsync(UsageSamples.Batch(_writer, ++_number, rows), CancellationToken.None);
}
