using System.Text.Json;
using NativeGateway.DataPlane.Policy;
using NativeGateway.Model;
using NativeGateway.Shared;
using NativeGateway.Tests.Shared;

namespace NativeGateway.Tests.DataPlane.Policy;

public sealed class QuotaGateTests
{
    private static readonly Guid Acme = Guid.NewGuid();

    private readonly TestClock _clock = new(new DateTimeOffset(2026, 1, 30, 23, 59, 0, TimeSpan.Zero));
    private readonly MemoryQuotas _database = new();

    [Fact]
    public async Task Exactly_the_quota_passes()
    {
        await using var gate = NewGate();
        Assert.Equal(1000, await PassAsync(gate, new(MonthlyCalls: 1000), 1100));
        Assert.Equal(1000, _database.Taken(Acme, QuotaKind.MonthlyCalls));
    }

    [Fact]
    public async Task Gates_that_share_a_database_share_the_quota()
    {
        await using var gate = NewGate();
        await using var second = NewGate();
        await using var third = NewGate();
        QuotaGate[] gates = [gate, second, third];
        var passed = 0;
        for (var i = 0; i < 1100; i++)
        {
            passed += await PassAsync(gates[i % gates.Length], new(DailyCalls: 1000), 1);
        }

        Assert.InRange(passed, 990, 1000);
    }

    [Fact]
    public async Task A_day_ends_at_midnight_of_utc_and_a_month_with_its_last_day()
    {
        await using var gate = NewGate();
        var quotas = new QuotaConfig(DailyCalls: 10, MonthlyCalls: 15);
        Assert.Equal(10, await PassAsync(gate, quotas, 20));

        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(5, await PassAsync(gate, quotas, 20));

        _clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal(10, await PassAsync(gate, quotas, 20));
    }

    [Fact]
    public async Task A_refusal_tells_when_the_quota_begins_anew()
    {
        await using var gate = NewGate();
        var refusal = (await ExhaustAsync(gate, new(DailyCalls: 3))).Refusal!;

        Assert.Equal((ErrorKind.RateLimited, "quota", TimeSpan.FromSeconds(60)), (refusal.Kind, refusal.LimitScope!, refusal.RetryAfter!.Value));
        Assert.Equal(
            """{"scope":"quota","limit":3,"remaining":0,"retryAfterSeconds":60,"resetsAt":"2026-01-31T00:00:00Z"}""",
            JsonDocument.Parse(refusal.Data).RootElement.GetRawText());
    }

    [Fact]
    public async Task Spending_is_the_sum_of_costs_and_calls_for_free_go_on()
    {
        await using var gate = NewGate();
        var quotas = Compile(new(MonthlySpend: 1.5m));
        Assert.Null((await gate.AcquireAsync(quotas, 600_000)).Refusal);
        Assert.Null((await gate.AcquireAsync(quotas, 600_000)).Refusal);

        var refused = await gate.AcquireAsync(quotas, 600_000);

        var data = JsonDocument.Parse(refused.Refusal!.Data).RootElement;
        Assert.Equal(("spend", 1.5m), (data.GetProperty("scope").GetString(), data.GetProperty("limit").GetDecimal()));
        Assert.Equal(0.3m, data.GetProperty("remaining").GetDecimal());
        Assert.False(refused.Limits.IsPresent);
        Assert.Null((await gate.AcquireAsync(quotas, 0)).Refusal);
        Assert.Null((await gate.AcquireAsync(quotas, 300_000)).Refusal);
    }

    [Fact]
    public async Task A_call_that_one_quota_refuses_is_counted_by_none()
    {
        await using var gate = NewGate();
        Assert.Equal(3, await PassAsync(gate, new(DailyCalls: 1000, MonthlyCalls: 3), 50));

        await gate.DisposeAsync();

        Assert.Equal(3, _database.Taken(Acme, QuotaKind.DailyCalls));
    }

    [Fact]
    public async Task A_soft_quota_lets_pass_and_counts_what_goes_beyond()
    {
        await using var gate = NewGate();
        Assert.Equal(150, await PassAsync(gate, new(MonthlyCalls: 100, IsSoft: true), 150));

        Assert.Equal(50, gate.OverrunsOf(QuotaKind.MonthlyCalls));
        await gate.DisposeAsync();
        Assert.Equal(150, _database.Taken(Acme, QuotaKind.MonthlyCalls));
    }

    [Fact]
    public async Task Without_a_database_a_soft_quota_goes_on_and_is_counted_afterwards()
    {
        await using var gate = NewGate();
        _database.IsAway = true;
        Assert.Equal(150, await PassAsync(gate, new(MonthlyCalls: 100, IsSoft: true), 150));

        _database.IsAway = false;
        _clock.Advance(TimeSpan.FromSeconds(2));
        await PassAsync(gate, new(MonthlyCalls: 100, IsSoft: true), 1);

        Assert.True(_database.Taken(Acme, QuotaKind.MonthlyCalls) >= 151);
    }

    [Fact]
    public async Task Without_a_database_a_hard_quota_goes_on_for_one_hundredth_and_makes_up_for_it()
    {
        await using var gate = NewGate();
        var quotas = new QuotaConfig(MonthlyCalls: 1000);
        _database.IsAway = true;
        Assert.Equal(10, await PassAsync(gate, quotas, 50));
        Assert.Equal(ErrorKind.Saturated, (await gate.AcquireAsync(Compile(quotas), 0)).Refusal!.Kind);

        _database.IsAway = false;
        _clock.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(990, await PassAsync(gate, quotas, 1100));
    }

    [Fact]
    public async Task A_database_that_does_not_answer_holds_a_call_up_for_two_seconds_and_the_next_ones_no_longer()
    {
        await using var gate = NewGate();
        var quotas = Compile(new(MonthlyCalls: 1000));
        _database.Gate = new TaskCompletionSource();
        var first = gate.AcquireAsync(quotas, 0).AsTask();
        Assert.False(first.IsCompleted);

        _clock.Advance(TimeSpan.FromSeconds(2));

        Assert.Null((await first.WaitAsync(TestTime.Limit)).Refusal);
        Assert.True(gate.AcquireAsync(quotas, 0).AsTask().IsCompleted);
        Assert.Equal(1, _database.Questions);
        _database.Gate.SetResult();
    }

    [Fact]
    public async Task A_raised_limit_holds_at_once()
    {
        await using var gate = NewGate();
        Assert.Equal(10, await PassAsync(gate, new(MonthlyCalls: 10), 20));

        Assert.Equal(90, await PassAsync(gate, new(MonthlyCalls: 100), 200));
    }

    [Fact]
    public async Task What_is_held_goes_back_at_the_end()
    {
        await using var gate = NewGate();
        await PassAsync(gate, new(MonthlyCalls: 100_000), 7);
        Assert.True(_database.Taken(Acme, QuotaKind.MonthlyCalls) > 7);

        await gate.DisposeAsync();

        Assert.Equal(7, _database.Taken(Acme, QuotaKind.MonthlyCalls));
    }

    private QuotaGate NewGate() => new(_database, _clock);

    private static Quotas Compile(QuotaConfig config) => Quotas.Compile(Acme, config)!;

    private static async Task<int> PassAsync(QuotaGate gate, QuotaConfig config, int calls)
    {
        var quotas = Compile(config);
        var passed = 0;
        for (var i = 0; i < calls; i++)
        {
            passed += (await gate.AcquireAsync(quotas, 0)).Refusal is null ? 1 : 0;
        }

        return passed;
    }

    private static async Task<QuotaVerdict> ExhaustAsync(QuotaGate gate, QuotaConfig config)
    {
        var quotas = Compile(config);
        while (true)
        {
            if (await gate.AcquireAsync(quotas, 0) is { Refusal: not null } verdict)
            {
                return verdict;
            }
        }
    }
}
