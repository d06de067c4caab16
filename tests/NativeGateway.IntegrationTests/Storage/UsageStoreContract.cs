using NativeGateway.Model;
using NativeGateway.Shared;
using NativeGateway.Storage;
using Xunit;

namespace NativeGateway.IntegrationTests.Storage;

/// <summary>What every usage store does, whatever lies below it. This part: writing and keeping; the other: reading.</summary>
public abstract partial class UsageStoreContract : IAsyncLifetime
{
    private static readonly UsageRetention Retention = UsageSettings.Default.Retention;

    private readonly Guid _writer = Guid.NewGuid();
    private TempDatabase? _database;
    private Stores? _stores;

    private protected TempDatabase Database => _database!;

    private protected IUsageStore Store => _stores!.Usage;

    private protected static CancellationToken None => CancellationToken.None;

    public async Task InitializeAsync()
    {
        _database = await CreateDatabaseAsync();
        _stores = StoreFactory.Open(_database.Uri, Samples.Secrets());
        await _stores.Registry.MigrateAsync(None);
    }

    public async Task DisposeAsync()
    {
        await _stores!.DisposeAsync();
        await _database!.DisposeAsync();
    }

    [Fact]
    public async Task Everything_of_a_row_is_kept()
    {
        var row = UsageSamples.Row(UsageSamples.Key, 3, CallOutcome.ServerError, milliseconds: 33);
        await WriteAsync(1, row);

        var read = Assert.Single(await Store.PageAsync(UsageSamples.Acme, UsageSamples.Day(UsageInterval.Minute), null, 10, None));

        Assert.Equal((row.Key, row.UpstreamKey), (read.Key, read.UpstreamKey));
        Assert.Equal(row.Counts.Values.ToArray(), read.Counts.Values.ToArray());
    }

    [Fact]
    public async Task Minutes_hours_and_days_agree_at_every_moment()
    {
        var key = UsageSamples.Key;
        await WriteAsync(1, UsageSamples.Row(key, 2), UsageSamples.Row(key with { At = key.At + 60 }, 3));
        await WriteAsync(2, UsageSamples.Row(key with { At = key.At + 60 }, 5), UsageSamples.Row(key with { At = key.At - 3_600 }, 7));

        var minutes = await SeriesAsync(UsageInterval.Minute);
        var hours = await SeriesAsync(UsageInterval.Hour);
        var days = await SeriesAsync(UsageInterval.Day);

        Assert.Equal([(key.At - 3_600, 7), (key.At, 2), (key.At + 60, 8)], minutes);
        Assert.Equal([(key.At - 3_600, 7), (key.At, 10)], hours);
        Assert.Equal([(key.At - 43_200, 17)], days);
    }

    [Fact]
    public async Task What_was_counted_for_an_erased_organization_is_not_written_any_more()
    {
        var (other, acme) = (Samples.Organization("other") with { Id = UsageSamples.Other }, Samples.Organization("acme") with { Id = UsageSamples.Acme });
        await _stores!.Registry.CommitAsync(new RegistryChange([new SaveOrganization(other), new SaveOrganization(acme)], null), None);
        var batch = UsageSamples.Batch(_writer, 1, UsageSamples.Row(UsageSamples.Key)) with { Failures = [UsageSamples.Failure()] };
        await Store.WriteAsync(batch, None);
        Assert.Equal(1, await CallsAsync(UsageInterval.Day));

        await _stores.Registry.CommitAsync(new RegistryChange([new EraseOrganization(UsageSamples.Acme)], null), None);
        await Store.WriteAsync(
            UsageSamples.Batch(
                _writer,
                2,
                UsageSamples.Row(UsageSamples.Key),
                UsageSamples.Row(UsageSamples.Key with { OrganizationId = UsageSamples.Other }),
                UsageSamples.Row(UsageSamples.Key with { OrganizationId = Guid.Empty })) with
            {
                Failures = [UsageSamples.Failure(), UsageSamples.Failure(organization: UsageSamples.Other), UsageSamples.Failure(organization: Guid.Empty)],
            },
            None);

        foreach (var table in (string[])["usage_minutes", "usage_hours", "usage_days", "usage_failures"])
        {
            Assert.Equal("2", await ScalarAsync($"SELECT count(DISTINCT organization_id) FROM {table}"));
        }

        Assert.Equal(0, await CallsAsync(UsageInterval.Day));
    }

    [Fact]
    public async Task A_batch_that_comes_again_counts_once()
    {
        var batch = UsageSamples.Batch(_writer, 1, UsageSamples.Row(UsageSamples.Key)) with { Failures = [UsageSamples.Failure()] };

        await Store.WriteAsync(batch, None);
        await Store.WriteAsync(batch, None);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Store.WriteAsync(batch with { Number = 2 }, None))));

        Assert.Equal(2, await CallsAsync(UsageInterval.Minute));
        Assert.Equal(2, (await Store.ListFailuresAsync(UsageSamples.Acme, Failures(), None)).Count);
    }

    [Fact]
    public async Task Replicas_that_write_the_same_rows_at_once_add_up()
    {
        const int Replicas = 4;
        const int Batches = 10;
        var keys = Enumerable.Range(0, 20).Select(number => UsageSamples.Key with { Name = $"tool{number}" }).ToArray();

        await Task.WhenAll(Enumerable.Range(0, Replicas).Select(replica => Task.Run(async () =>
        {
            await using var stores = StoreFactory.Open(Database.Uri, Samples.Secrets());
            var writer = Guid.NewGuid();
            // Each in another order, so that rows taken in the order in which they come would wait for each other in a circle.
            var rows = keys.OrderBy(key => HashCode.Combine(key.Name, replica)).Select(key => UsageSamples.Row(key)).ToArray();
            for (var number = 1; number <= Batches; number++)
            {
                await stores.Usage.WriteAsync(UsageSamples.Batch(writer, number, rows), None);
            }
        }))).WaitAsync(TestTime.Limit);

        var rows = await Store.SumAsync(UsageSamples.Acme, UsageSamples.Day(UsageInterval.Day, UsageGrouping.Name), None);
        Assert.Equal(20, rows.Count);
        Assert.All(rows, row => Assert.Equal(Replicas * Batches, row.Counts[UsageMeasure.Calls]));
    }

    [Fact]
    public async Task A_large_batch_is_written_whole()
    {
        var rows = Enumerable.Range(0, 2_000).Select(number => UsageSamples.Row(UsageSamples.Key with { Name = $"tool{number}" })).ToArray();

        await WriteAsync(1, rows);

        Assert.Equal(2_000, await CallsAsync(UsageInterval.Minute));
        Assert.Equal(2_000, await CallsAsync(UsageInterval.Day));
    }

    [Fact]
    public async Task Nothing_stays_behind_where_batches_are_prepared()
    {
        await WriteAsync(1, UsageSamples.Row(UsageSamples.Key));

        Assert.Equal("0", await ScalarAsync("SELECT count(*) FROM usage_staging"));
    }

    [Fact]
    public async Task Each_kind_of_sum_goes_when_its_time_has_come()
    {
        await WriteAsync(1, UsageSamples.Row(UsageSamples.Key));
        await Store.WriteAsync(UsageSamples.Batch(_writer, 2) with { Failures = [UsageSamples.Failure()] }, None);

        Assert.Equal((1, 1, 1, 1), await KeptAsync(UsageSamples.Noon + Retention.Minutes - TimeSpan.FromHours(1)));
        Assert.Equal((0, 1, 1, 0), await KeptAsync(UsageSamples.Noon + Retention.Minutes + TimeSpan.FromDays(1)));
        Assert.Equal((0, 0, 1, 0), await KeptAsync(UsageSamples.Noon + Retention.Hours + TimeSpan.FromDays(1)));
        Assert.Equal((0, 0, 0, 0), await KeptAsync(UsageSamples.Noon + Retention.Days + TimeSpan.FromDays(1)));
    }

    [Fact]
    public async Task What_is_still_kept_stays_beside_what_goes()
    {
        var late = UsageSamples.Key.At + (long)Retention.Hours.TotalSeconds;
        await WriteAsync(1, UsageSamples.Row(UsageSamples.Key), UsageSamples.Row(UsageSamples.Key with { At = late }));

        Assert.True(await Store.MaintainAsync(Retention, DateTimeOffset.FromUnixTimeSeconds(late) + TimeSpan.FromDays(1), None));

        var hours = await Store.PageAsync(UsageSamples.Acme, new UsageQuery(UsageInterval.Hour, 0, long.MaxValue), null, 10, None);
        Assert.Equal(late, Assert.Single(hours).Key.At);
    }

    [Fact]
    public async Task Of_an_organizations_failures_the_newest_are_kept()
    {
        var failures = Enumerable.Range(0, 5_010).Select(_ => UsageSamples.Failure()).ToArray();
        await Store.WriteAsync(UsageSamples.Batch(_writer, 1) with { Failures = failures }, None);
        await Store.WriteAsync(UsageSamples.Batch(_writer, 2) with { Failures = failures }, None);
        await Store.WriteAsync(UsageSamples.Batch(_writer, 3) with { Failures = [UsageSamples.Failure(organization: UsageSamples.Other)] }, None);

        await Store.MaintainAsync(Retention, UsageSamples.Noon, None);

        Assert.Equal("10001", await ScalarAsync("SELECT count(*) FROM usage_failures"));
    }

    private protected abstract Task<TempDatabase> CreateDatabaseAsync();

    /// <summary>The one value of a query, past the store, as text.</summary>
    private protected abstract Task<string> ScalarAsync(string sql);

    private protected Task WriteAsync(long number, params UsageRow[] rows) => Store.WriteAsync(UsageSamples.Batch(_writer, number, rows), None);

    private protected async Task<long> CallsAsync(UsageInterval interval) =>
        (await Store.SumAsync(UsageSamples.Acme, UsageSamples.Day(interval), None)).Calls();

    private protected static UsageFailureQuery Failures(int limit = 100) =>
        new(UsageSamples.Noon.AddDays(-1), UsageSamples.Noon.AddDays(1), limit);

    private async Task<(long At, long Calls)[]> SeriesAsync(UsageInterval interval) =>
    [
        .. (await Store.SumAsync(UsageSamples.Acme, UsageSamples.Day(interval, UsageGrouping.Time), None))
            .Select(row => (row.Key.At, row.Counts[UsageMeasure.Calls])),
    ];

    private async Task<(long Minutes, long Hours, long Days, long Failures)> KeptAsync(DateTimeOffset now)
    {
        Assert.True(await Store.MaintainAsync(Retention, now, None));
        return (await CallsAsync(UsageInterval.Minute), await CallsAsync(UsageInterval.Hour), await CallsAsync(UsageInterval.Day),
            (await Store.ListFailuresAsync(UsageSamples.Acme, Failures(), None)).Count);
    }
}
