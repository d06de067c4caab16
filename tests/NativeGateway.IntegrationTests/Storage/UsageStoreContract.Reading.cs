using NativeGateway.Model;
using NativeGateway.Storage;
using Xunit;

namespace NativeGateway.IntegrationTests.Storage;

public abstract partial class UsageStoreContract
{
    [Fact]
    public async Task Where_nothing_happened_the_sum_is_nothing()
    {
        var row = Assert.Single(await Store.SumAsync(UsageSamples.Acme, UsageSamples.Day(UsageInterval.Hour), None));

        Assert.All(row.Counts.Values.ToArray(), value => Assert.Equal(0, value));
        Assert.Empty(await Store.SumAsync(UsageSamples.Acme, UsageSamples.Day(UsageInterval.Hour, UsageGrouping.Key), None));
    }

    [Fact]
    public async Task No_organization_sees_anything_of_another()
    {
        await WriteAsync(1, UsageSamples.Row(UsageSamples.Key, 3));
        await Store.WriteAsync(UsageSamples.Batch(Guid.NewGuid(), 1) with { Failures = [UsageSamples.Failure()] }, None);

        foreach (var interval in Enum.GetValues<UsageInterval>())
        {
            Assert.Equal(0, (await Store.SumAsync(UsageSamples.Other, UsageSamples.Day(interval), None)).Calls());
            Assert.Empty(await Store.SumAsync(UsageSamples.Other, UsageSamples.Day(interval, UsageGrouping.Upstream), None));
            Assert.Empty(await Store.PageAsync(UsageSamples.Other, UsageSamples.Day(interval), null, 10, None));
            Assert.Empty(await Store.PageAsync(UsageSamples.Other, UsageSamples.Day(interval), UsageSamples.Key with { At = 0 }, 10, None));
        }

        Assert.Empty(await Store.ListFailuresAsync(UsageSamples.Other, Failures(), None));
    }

    [Fact]
    public async Task Groups_come_with_the_greatest_first()
    {
        var key = UsageSamples.Key;
        await WriteAsync(
            1,
            UsageSamples.Row(key, 5),
            UsageSamples.Row(key with { UpstreamId = UsageSamples.GitHub, Name = "search" }, 2, CallOutcome.Timeout, milliseconds: 30_000),
            UsageSamples.Row(key with { KeyId = "mnopqrMNOPQR" }, 1));

        var upstreams = await Store.SumAsync(UsageSamples.Acme, UsageSamples.Day(UsageInterval.Minute, UsageGrouping.Upstream), None);
        var keys = await Store.SumAsync(UsageSamples.Acme, UsageSamples.Day(UsageInterval.Minute, UsageGrouping.Key), None);
        var worst = await Store.SumAsync(
            UsageSamples.Acme,
            UsageSamples.Day(UsageInterval.Minute, UsageGrouping.Upstream | UsageGrouping.Name) with { OrderBy = UsageOrder.Errors, Limit = 1 },
            None);

        Assert.Equal([("files", 6L), ("github", 2L)], upstreams.Select(row => (row.UpstreamKey, row.Counts[UsageMeasure.Calls])));
        Assert.Equal([("abcdefABCDEF", 7L), ("mnopqrMNOPQR", 1L)], keys.Select(row => (row.Key.KeyId, row.Counts[UsageMeasure.Calls])));
        Assert.Equal((UsageSamples.GitHub, "search"), (Assert.Single(worst).Key.UpstreamId, worst[0].Key.Name));
    }

    [Fact]
    public async Task A_filter_leaves_only_what_it_names()
    {
        var key = UsageSamples.Key;
        await WriteAsync(
            1,
            UsageSamples.Row(key),
            UsageSamples.Row(key with { WorkspaceId = Guid.NewGuid() }),
            UsageSamples.Row(key with { KeyId = "mnopqrMNOPQR" }),
            UsageSamples.Row(key with { UpstreamId = UsageSamples.GitHub }),
            UsageSamples.Row(key with { Name = "write" }),
            UsageSamples.Row(key with { Method = UsageMethod.PromptGet }));
        UsageFilter[] filters =
        [
            new() { WorkspaceId = key.WorkspaceId }, new() { KeyId = key.KeyId }, new() { UpstreamId = key.UpstreamId }, new() { Name = key.Name },
            new() { Method = key.Method },
        ];

        foreach (var filter in filters)
        {
            Assert.Equal(5, (await Store.SumAsync(UsageSamples.Acme, UsageSamples.Day(UsageInterval.Hour) with { Filter = filter }, None)).Calls());
        }

        var all = new UsageFilter
        {
            WorkspaceId = key.WorkspaceId, KeyId = key.KeyId, UpstreamId = key.UpstreamId, Name = key.Name, Method = key.Method,
        };
        Assert.Equal(1, (await Store.SumAsync(UsageSamples.Acme, UsageSamples.Day(UsageInterval.Hour) with { Filter = all }, None)).Calls());
        Assert.Single(await Store.PageAsync(UsageSamples.Acme, UsageSamples.Day(UsageInterval.Hour) with { Filter = all }, null, 10, None));
    }

    [Fact]
    public async Task A_name_with_quotes_is_only_a_name()
    {
        const string Name = "'; DROP TABLE usage_days; --";
        await WriteAsync(1, UsageSamples.Row(UsageSamples.Key with { Name = Name }));

        var query = UsageSamples.Day(UsageInterval.Day, UsageGrouping.Name) with { Filter = new UsageFilter { Name = Name } };

        Assert.Equal(Name, Assert.Single(await Store.SumAsync(UsageSamples.Acme, query, None)).Key.Name);
    }

    [Fact]
    public async Task The_times_of_a_question_include_its_beginning_and_exclude_its_end()
    {
        var at = UsageSamples.Key.At;
        await WriteAsync(
            1, [.. new[] { at - 60, at, at + 60, at + 120 }.Select(minute => UsageSamples.Row(UsageSamples.Key with { At = minute }))]);

        Assert.Equal(2, (await Store.SumAsync(UsageSamples.Acme, new UsageQuery(UsageInterval.Minute, at, at + 120), None)).Calls());
    }

    [Fact]
    public async Task Page_after_page_gives_every_row_once()
    {
        var rows = Enumerable.Range(0, 25)
            .Select(number => UsageSamples.Row(UsageSamples.Key with { At = UsageSamples.Key.At + number / 5 * 60, Name = $"tool{number % 5}" }))
            .ToArray();
        await WriteAsync(1, rows);

        var read = new List<UsageRow>();
        IReadOnlyList<UsageRow> page;
        do
        {
            page = await Store.PageAsync(UsageSamples.Acme, UsageSamples.Day(UsageInterval.Minute), read.Count == 0 ? null : read[^1].Key, 7, None);
            read.AddRange(page);
        }
        while (page.Count == 7);

        Assert.Equal(rows.Select(row => row.Key), read.Select(row => row.Key));
    }

    [Fact]
    public async Task A_request_is_found_by_its_id_by_its_own_organization_and_by_whoever_sees_all()
    {
        var failure = UsageSamples.Failure();
        await Store.WriteAsync(
            UsageSamples.Batch(Guid.NewGuid(), 1) with { Failures = [failure, failure with { RequestId = "fedcba9876543210" }, failure with { Outcome = CallOutcome.Ok }] },
            None);

        var own = await Store.FindRequestAsync(UsageSamples.Acme, failure.RequestId, None);
        Assert.Equal([CallOutcome.Timeout, CallOutcome.Ok], own.Select(read => read.Outcome));
        Assert.Equal(failure with { Id = own[0].Id }, own[0]);
        Assert.Equal(own, await Store.FindRequestAsync(null, failure.RequestId, None));
        Assert.Empty(await Store.FindRequestAsync(UsageSamples.Other, failure.RequestId, None));
        Assert.DoesNotContain(await Store.ListFailuresAsync(UsageSamples.Acme, Failures(), None), read => read.Outcome == CallOutcome.Ok);
    }

    [Fact]
    public async Task Failures_come_newest_first_page_by_page_and_filtered()
    {
        var failure = UsageSamples.Failure();
        await Store.WriteAsync(
            UsageSamples.Batch(Guid.NewGuid(), 1) with
            {
                Failures =
                [
                    failure, failure with { Outcome = CallOutcome.Limited, Status = 429 }, failure with { KeyId = "mnopqrMNOPQR" },
                    failure with { At = UsageSamples.Noon.AddDays(-3) },
                ],
            },
            None);

        var all = await Store.ListFailuresAsync(UsageSamples.Acme, Failures(), None);
        var second = await Store.ListFailuresAsync(UsageSamples.Acme, Failures(1) with { Before = all[0].Id }, None);
        var limited = await Store.ListFailuresAsync(UsageSamples.Acme, Failures() with { Outcome = CallOutcome.Limited }, None);
        var ofKey = await Store.ListFailuresAsync(UsageSamples.Acme, Failures() with { Filter = new UsageFilter { KeyId = "mnopqrMNOPQR" } }, None);

        Assert.Equal(["mnopqrMNOPQR", failure.KeyId, failure.KeyId], all.Select(read => read.KeyId));
        Assert.Equal(failure with { Id = all[2].Id }, all[2]);
        Assert.Equal(all[1], Assert.Single(second));
        Assert.Equal(429, Assert.Single(limited).Status);
        Assert.Equal(all[0], Assert.Single(ofKey));
    }
}
