using Microsoft.Extensions.Logging.Abstractions;
using NativeGateway.ControlPlane.Quotas;
using NativeGateway.DataPlane.Policy;
using NativeGateway.Model;
using NativeGateway.Shared;
using NativeGateway.Storage;
using Xunit;

namespace NativeGateway.IntegrationTests.Storage;

/// <summary>What every quota store does, whatever lies below it.</summary>
public abstract class QuotaStoreContract : IAsyncLifetime
{
    private const string March = "2026-03";
    private const string April = "2026-04";

    private readonly OrganizationConfig _organization = Samples.Organization();
    private readonly List<Stores> _opened = [];
    private TempDatabase? _database;

    private protected TempDatabase Database => _database!;

    private protected QuotaStore Store => _opened[0].Quotas;

    private static CancellationToken None => CancellationToken.None;

    public async Task InitializeAsync()
    {
        _database = await CreateDatabaseAsync();
        var registry = Open().Registry;
        await registry.MigrateAsync(None);
        Assert.Equal(StoreConflict.None, await registry.CommitAsync(new RegistryChange([new SaveOrganization(_organization)], null), None));
    }

    public async Task DisposeAsync()
    {
        foreach (var stores in _opened)
        {
            await stores.DisposeAsync();
        }

        await Database.DisposeAsync();
    }

    [Fact]
    public async Task What_is_asked_for_is_given_until_the_cap()
    {
        Assert.Equal(new QuotaGrant(4, 4), await TakeAsync(4));
        Assert.Equal(new QuotaGrant(4, 8), await TakeAsync(4));
        Assert.Equal(new QuotaGrant(2, 10), await TakeAsync(4));
        Assert.Equal(new QuotaGrant(0, 10), await TakeAsync(4));
    }

    [Fact]
    public async Task The_first_claim_gets_no_more_than_the_cap()
    {
        Assert.Equal(new QuotaGrant(10, 10), await TakeAsync(11));
    }

    [Fact]
    public async Task A_new_period_begins_at_nothing_and_a_late_claim_on_the_old_one_counts_in_the_new()
    {
        await TakeAsync(10);

        Assert.Equal(new QuotaGrant(4, 4), await TakeAsync(4, April));
        Assert.Equal(new QuotaGrant(4, 8), await TakeAsync(4, March));
        Assert.Equal(new QuotaGrant(2, 10), await TakeAsync(4, April));
    }

    [Fact]
    public async Task Quotas_of_several_kinds_are_counted_apart()
    {
        await TakeAsync(10);

        Assert.Equal(new QuotaGrant(7, 7), await Store.TakeAsync(Claim(7, March) with { Kind = QuotaKind.MonthlySpend }, None));
    }

    [Fact]
    public async Task What_is_given_back_is_given_out_again_in_its_period_only()
    {
        await TakeAsync(10);
        await Store.SettleAsync(Claim(3, March), None);
        Assert.Equal(new QuotaGrant(3, 10), await TakeAsync(4));

        await Store.SettleAsync(Claim(3, "2026-02"), None);
        Assert.Equal(new QuotaGrant(0, 10), await TakeAsync(4));
    }

    [Fact]
    public async Task What_was_used_beyond_counts()
    {
        await TakeAsync(1);
        await Store.SettleAsync(Claim(-5, March), None);

        Assert.Equal(new QuotaGrant(4, 10), await TakeAsync(9));
    }

    [Fact]
    public async Task Claims_at_once_get_the_cap_together()
    {
        var stores = Enumerable.Range(0, 3).Select(_ => Open().Quotas).ToArray();

        var grants = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => stores[i % 3].TakeAsync(Claim(1, March) with { Cap = 50 }, None))).WaitAsync(TestTime.Limit);

        Assert.Equal(50, grants.Sum(grant => grant.Amount));
        Assert.Equal(50, grants.Max(grant => grant.Taken));
    }

    [Fact]
    public async Task Processes_that_share_a_quota_let_through_what_it_allows()
    {
        const int Limit = 2000;
        var quotas = Quotas.Compile(_organization.Id, new QuotaConfig(MonthlyCalls: Limit))!;
        var gates = Enumerable.Range(0, 3).Select(_ => new QuotaGate(new QuotaLedger(Open().Quotas, NullLogger<QuotaLedger>.Instance), TimeProvider.System)).ToArray();
        var passed = 0;

        await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Task.Run(async () =>
        {
            while ((await gates[i % 3].AcquireAsync(quotas, 0)).Refusal is null)
            {
                Interlocked.Increment(ref passed);
            }
        }))).WaitAsync(TestTime.Limit);

        Assert.InRange(passed, Limit * 99 / 100, Limit);
        await Task.WhenAll(gates.Select(gate => gate.DisposeAsync().AsTask()));
        // Nothing is lost: what was not used is there for others.
        var period = QuotaPeriod.Of(QuotaKind.MonthlyCalls, DateTimeOffset.UtcNow).Name;
        Assert.Equal(passed, (await Store.TakeAsync(Claim(0, period) with { Cap = Limit }, None)).Taken);
    }

    [Fact]
    public async Task Plan_and_quotas_of_an_organization_are_kept()
    {
        var organization = _organization with { Plan = "pro", Quotas = new QuotaConfig(10, 200, 12.5m, true) };
        await _opened[0].Registry.CommitAsync(new RegistryChange([new SaveOrganization(organization)], null), None);

        var stored = Assert.Single((await _opened[0].Registry.LoadAsync(None)).Organizations);

        Assert.Equal((organization.Plan, organization.Quotas), (stored.Plan, stored.Quotas));
    }

    [Fact]
    public async Task An_organization_is_deleted_with_what_it_used()
    {
        await TakeAsync(1);

        Assert.Equal(
            StoreConflict.None, await _opened[0].Registry.CommitAsync(new RegistryChange([new DeleteOrganization(_organization.Id)], null), None));
    }

    private protected abstract Task<TempDatabase> CreateDatabaseAsync();

    private Stores Open()
    {
        var stores = StoreFactory.Open(Database.Uri, Samples.Secrets());
        _opened.Add(stores);
        return stores;
    }

    private Task<QuotaGrant> TakeAsync(long amount, string period = March) => Store.TakeAsync(Claim(amount, period), None);

    private QuotaClaim Claim(long amount, string period) => new(_organization.Id, QuotaKind.MonthlyCalls, period, amount, Cap: 10);
}
