using NativeGateway.ControlPlane.Usage;
using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.Tests.ControlPlane.Usage;

public sealed class UsageLedgerTests
{
    private readonly UsageLedger _ledger = new(maxRows: 10);

    [Fact]
    public void Calls_of_one_minute_and_key_become_one_row()
    {
        Add(UsageSamples.Call());
        Add(UsageSamples.Call() with { At = UsageSamples.Start.AddSeconds(59), Duration = TimeSpan.FromSeconds(1) });
        Add(UsageSamples.Call() with { Outcome = CallOutcome.ToolError });

        var row = Assert.Single(_ledger.Take(100).Rows);

        Assert.Equal(UsageSamples.Start.ToUnixTimeSeconds(), row.Key.At);
        Assert.Equal("read", row.Key.Name);
        Assert.Equal(
            (3, 1, 0, 300, 3_000, 7_500, 1_020_000),
            (row.Counts[UsageMeasure.Calls], row.Counts[UsageMeasure.ToolErrors], row.Counts.Errors, row.Counts[UsageMeasure.BytesIn],
                row.Counts[UsageMeasure.BytesOut], row.Counts[UsageMeasure.CostMicros], row.Counts[UsageMeasure.DurationMicros]));
        Assert.Equal(3, row.Counts.Latency.ToArray().Sum());
    }

    [Fact]
    public void Every_part_of_the_key_makes_a_row_of_its_own()
    {
        var call = UsageSamples.Call();
        Add(call);
        Add(call with { At = call.At.AddMinutes(1) });
        Add(call with { OrganizationId = Guid.NewGuid() });
        Add(call with { WorkspaceId = Guid.NewGuid() });
        Add(call with { KeyId = "mnopqrstuvwx" });
        Add(call with { Name = null });
        Add(call with { Method = UsageMethod.PromptGet });

        Assert.Equal(7, _ledger.Take(100).Rows.Count);
    }

    [Theory]
    [InlineData(CallOutcome.Ok, 0, 0)]
    [InlineData(CallOutcome.ToolError, 0, 0)]
    [InlineData(CallOutcome.ServerError, 1, 0)]
    [InlineData(CallOutcome.Unavailable, 1, 0)]
    [InlineData(CallOutcome.Timeout, 1, 0)]
    [InlineData(CallOutcome.Unanswered, 1, 0)]
    [InlineData(CallOutcome.Internal, 1, 0)]
    [InlineData(CallOutcome.Forbidden, 0, 1)]
    [InlineData(CallOutcome.Limited, 0, 1)]
    [InlineData(CallOutcome.Invalid, 0, 1)]
    [InlineData(CallOutcome.Saturated, 0, 1)]
    [InlineData(CallOutcome.Cancelled, 0, 0)]
    public void An_outcome_is_counted_once_and_where_it_belongs(object outcome, int errors, int refused)
    {
        var expected = (CallOutcome)outcome;
        Add(UsageSamples.Call() with { Outcome = expected });

        var counts = Assert.Single(_ledger.Take(100).Rows).Counts;

        var measures = Enum.GetValues<UsageMeasure>().Where(measure => measure is > UsageMeasure.Calls and <= UsageMeasure.Cancelled);
        Assert.Equal((1, errors, refused), (counts[UsageMeasure.Calls], counts.Errors, counts.Refused));
        Assert.Equal(expected == CallOutcome.Ok ? 0 : 1, measures.Sum(measure => counts[measure]));

        // What was refused or given up says nothing about how long calls last.
        Assert.Equal(refused == 1 || expected == CallOutcome.Cancelled ? 0 : 1, counts.Latency.ToArray().Sum());
    }

    [Fact]
    public void When_memory_is_short_calls_are_summed_up_by_the_hour_and_none_is_lost()
    {
        for (var minute = 0; minute < 60; minute++)
        {
            Add(UsageSamples.Call() with { At = UsageSamples.Start.AddMinutes(minute) });
        }

        var rows = _ledger.Take(100).Rows;

        Assert.Equal(60, rows.Calls());
        Assert.Equal(11, rows.Count);
        Assert.Contains(rows, row => row.Key.Name.Length == 0 && row.Counts[UsageMeasure.Calls] == 50);
    }

    [Fact]
    public void When_no_memory_is_left_a_call_is_refused()
    {
        for (var key = 0; key < 11; key++)
        {
            Add(UsageSamples.Call() with { KeyId = $"key{key}" });
        }

        Assert.False(_ledger.TryAdd(UsageSamples.Call() with { KeyId = "one more" }));
        Assert.True(_ledger.TryAdd(UsageSamples.Call() with { KeyId = "key0" }));
        Assert.Equal(12, _ledger.Take(100).Rows.Calls());
    }

    [Fact]
    public void What_is_taken_is_gone_and_the_rest_stays()
    {
        for (var key = 0; key < 5; key++)
        {
            Add(UsageSamples.Call() with { KeyId = $"key{key}" });
        }

        Assert.Equal(3, _ledger.Take(3).Rows.Count);
        Assert.Equal(2, _ledger.Take(3).Rows.Count);
        Assert.Empty(_ledger.Take(3).Rows);
    }

    [Fact]
    public void Failures_are_told_by_codes_and_a_flood_of_one_kind_hides_no_other()
    {
        for (var i = 0; i < 1_000; i++)
        {
            Add(UsageSamples.Call() with { Outcome = CallOutcome.Limited, Status = 429, Code = -32012 });
        }

        Add(UsageSamples.Call() with { Outcome = CallOutcome.Timeout, Status = 504, Code = -32014 });
        Add(UsageSamples.Call() with { Outcome = CallOutcome.Cancelled });

        var (rows, failures) = _ledger.Take(100);

        Assert.Equal(1_002, rows.Calls());
        Assert.Equal(50, failures.Count(failure => failure.Outcome == CallOutcome.Limited));
        var timeout = Assert.Single(failures, failure => failure.Outcome == CallOutcome.Timeout);
        Assert.Equal((504, -32014, "read"), (timeout.Status, timeout.Code, timeout.Name));
        Assert.DoesNotContain(failures, failure => failure.Outcome == CallOutcome.Cancelled);
    }

    [Fact]
    public void A_few_slow_requests_are_told_singly_and_streams_are_not_slow()
    {
        for (var i = 0; i < 100; i++)
        {
            Add(UsageSamples.Call() with { Duration = TimeSpan.FromSeconds(2) });
            Add(UsageSamples.Call() with { Duration = TimeSpan.FromHours(1), Method = UsageMethod.Session });
        }

        Add(UsageSamples.Call() with { Outcome = CallOutcome.Cancelled, Duration = TimeSpan.FromSeconds(3) });

        var failures = _ledger.Take(100).Failures;

        Assert.Equal(5, failures.Count(failure => failure.Outcome == CallOutcome.Ok));
        Assert.Single(failures, failure => failure.Outcome == CallOutcome.Cancelled);
        Assert.DoesNotContain(failures, failure => failure.Method == UsageMethod.Session);
    }

    [Fact]
    public void What_nobody_is_charged_with_is_in_no_sum_and_told_only_while_it_is_nobodys()
    {
        Add(UsageSamples.Call() with { IsUncounted = true, Outcome = CallOutcome.Invalid });
        Add(UsageSamples.Call() with { IsUncounted = true, Outcome = CallOutcome.Unauthenticated, OrganizationId = Guid.Empty });

        var (rows, failures) = _ledger.Take(100);

        Assert.Empty(rows);
        Assert.Equal(CallOutcome.Unauthenticated, Assert.Single(failures).Outcome);
    }

    [Fact]
    public void A_name_is_stored_as_text_of_bounded_length()
    {
        Add(UsageSamples.Call(new string('é', 500)));
        Add(UsageSamples.Call("a\0b\nc"));

        var names = _ledger.Take(100).Rows.Select(row => row.Key.Name).Order(StringComparer.Ordinal).ToArray();

        Assert.Equal(["a\uFFFDb\uFFFDc", new string('é', 64)], names);
    }

    private void Add(UsageEvent usage) => Assert.True(_ledger.TryAdd(usage));
}
