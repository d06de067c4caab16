using NativeGateway.Model;
using NativeGateway.Shared;
using NativeGateway.Storage;
using Xunit;

namespace NativeGateway.IntegrationTests.Storage;

/// <summary>What the audit log does, whatever lies below it: keeps what it was told, in one chain, and finds out who changes it behind its back.</summary>
public abstract class AuditStoreContract : IAsyncLifetime
{
    private readonly List<Stores> _opened = [];
    private TempDatabase? _database;

    private protected TempDatabase Database => _database!;

    private Stores Stores => _opened[0];

    private IAuditStore Audit => Stores.Audit;

    private static CancellationToken None => CancellationToken.None;

    public async Task InitializeAsync()
    {
        _database = await CreateDatabaseAsync();
        await Open().Registry.MigrateAsync(None);
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
    public async Task Entries_come_back_as_they_were_told_the_newest_first()
    {
        var full = Samples.Entry() with
        {
            OrganizationId = Guid.NewGuid(), Fields = ["limits", "name"], RequestId = "r-1", Outcome = "forbidden", Count = 7, Until = Samples.Noon.AddMicroseconds(1_234_567),
        };
        await Audit.AppendAsync([full, Samples.Entry("key.deleted") with { Actor = AuditActor.System, ResourceId = null }], None);

        var records = await Audit.ListAsync(new AuditQuery(), 10, None);

        Assert.Equal([2L, 1L], records.Select(record => record.Sequence));
        Assert.Equal(AuditActor.System, records[0].Entry.Actor);
        Assert.Equal(full.Fields, records[1].Entry.Fields);
        Assert.Equal(full, records[1].Entry with { Fields = full.Fields });
        Assert.Equal(AuditChain.Hash(records[1].Hash, 2, records[0].Entry), records[0].Hash);
    }

    [Fact]
    public async Task Entries_are_found_by_everything_that_is_asked_for()
    {
        var organization = Guid.NewGuid();
        await AppendAsync(3);
        await Audit.AppendAsync(
            [Samples.Entry("server.updated") with { OrganizationId = organization, Outcome = "conflict", RequestId = "r", At = Samples.Noon.AddDays(1), ResourceType = "server", ResourceId = "s" }], None);

        AuditQuery[] queries =
        [
            new() { OrganizationId = organization }, new() { From = Samples.Noon.AddDays(1) }, new() { Action = "server.*" }, new() { Action = "server.updated" },
            new() { ResourceType = "server", ResourceId = "s" }, new() { Outcome = "conflict" }, new() { RequestId = "r" }, new() { Behind = 3, OldestFirst = true },
        ];
        foreach (var query in queries)
        {
            Assert.Equal(4, Assert.Single(await Audit.ListAsync(query, 10, None)).Sequence);
        }

        Assert.Equal(3, (await Audit.ListAsync(new AuditQuery { To = Samples.Noon.AddDays(1), ActorId = "abcdefABCDEF" }, 10, None)).Count);
        Assert.Empty(await Audit.ListAsync(new AuditQuery { Action = "server" }, 10, None));
    }

    [Fact]
    public async Task Who_asks_for_a_server_is_told_of_its_tools()
    {
        foreach (var (type, id) in ((string, string)[])[("server", "s"), ("tool", "s/echo"), ("prompt", "s/greet"), ("server", "s2"), ("tool", "s2/s"), ("key", "s")])
        {
            await Audit.AppendAsync([Samples.Entry("mcp.tools/call") with { ResourceType = type, ResourceId = id }], None);
        }

        Assert.Equal([3L, 2L, 1L], await FoundAsync("server", "s"));
        Assert.Equal([2L], await FoundAsync("tool", "s/echo"));
        Assert.Equal([5L, 2L], await FoundAsync("tool", null));

        async Task<IEnumerable<long>> FoundAsync(string type, string? id) =>
            (await Audit.ListAsync(new AuditQuery { ResourceType = type, ResourceId = id }, 10, None)).Select(record => record.Sequence);
    }

    [Fact]
    public async Task A_change_and_its_entry_are_written_together_or_not_at_all()
    {
        var setting = new RegistryChange([new SaveSetting("a", "1")], 0) { Audit = [Samples.Entry()] };

        Assert.Equal(StoreConflict.None, await Stores.Registry.CommitAsync(setting, None));
        Assert.Equal(StoreConflict.Outdated, await Stores.Registry.CommitAsync(setting, None));
        Assert.Single(await Audit.ListAsync(new AuditQuery(), 10, None));

        await ExecuteAsync("ALTER TABLE audit_entries RENAME TO hidden");
        await Assert.ThrowsAsync<StoreUnavailableException>(() => Stores.Registry.CommitAsync(
            new RegistryChange([new SaveSetting("a", "2")], 1) { Audit = [Samples.Entry()] }, None));
        Assert.Equal("1", (await Stores.Registry.LoadAsync(None)).Settings["a"]);
    }

    [Fact]
    public async Task Who_append_at_once_append_to_one_chain()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Open()).ToList().Select(stores => Task.Run(async () =>
        {
            for (var i = 0; i < 10; i++)
            {
                await stores.Audit.AppendAsync([Samples.Entry(), Samples.Entry()], None);
            }
        }))).WaitAsync(TestTime.Limit);

        var verdict = await Audit.VerifyAsync(None);
        Assert.Equal((1L, 80L), (verdict.First, verdict.Last));
        Assert.Empty(verdict.Faults);
    }

    [Theory]
    [InlineData("UPDATE audit_entries SET actor_id = 'somebody' WHERE sequence = 3", 3, "altered")]
    [InlineData("UPDATE audit_entries SET organization_id = NULL WHERE sequence = 1", 1, "altered")]
    [InlineData("UPDATE audit_entries SET at = at + 1 WHERE sequence = 5", 5, "altered")]
    [InlineData("DELETE FROM audit_entries WHERE sequence = 1", 1, "missing")]
    [InlineData("DELETE FROM audit_entries WHERE sequence = 3", 3, "missing")]
    [InlineData("DELETE FROM audit_entries WHERE sequence = 5", 5, "missing")]
    [InlineData("DELETE FROM audit_entries WHERE sequence > 2", 3, "to 5 are missing")]
    [InlineData("DELETE FROM audit_entries", 1, "to 5 are missing")]
    [InlineData("INSERT INTO audit_entries SELECT * FROM audit_entries WHERE sequence = 2", 2, "twice")]
    [InlineData("UPDATE audit_entries SET sequence = 6 WHERE sequence = 3", 3, "missing")]
    [InlineData("UPDATE audit_entries SET sequence = 0 - sequence WHERE sequence IN (2, 3); UPDATE audit_entries SET sequence = 5 + sequence WHERE sequence < 0", 2, "altered")]
    [InlineData("UPDATE audit_entries SET sequence = sequence + 1 WHERE sequence > 3; INSERT INTO audit_entries SELECT * FROM audit_entries WHERE sequence = 2; ", 2, "twice")]
    [InlineData("UPDATE audit_ends SET sealed = NULL", 1, "behind the newest")]
    public async Task Whoever_changes_the_log_in_the_database_is_found_out(string sql, long sequence, string what)
    {
        await AppendAsync(5);
        Assert.Empty((await Audit.VerifyAsync(None)).Faults);

        await ExecuteAsync(sql);

        var fault = (await Audit.VerifyAsync(None)).Faults[0];
        Assert.Equal(sequence, fault.Sequence);
        Assert.Contains(what, fault.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_computes_the_chain_anew_cannot_compute_its_end()
    {
        await AppendAsync(5);
        var records = await Audit.ListAsync(new AuditQuery { OldestFirst = true }, 10, None);
        var hash = records[0].Hash;
        foreach (var record in records.Skip(1))
        {
            var entry = record.Entry with { Actor = record.Entry.Actor with { Id = "somebody" } };
            hash = AuditChain.Hash(hash, record.Sequence, entry);
            await ExecuteAsync($"UPDATE audit_entries SET actor_id = 'somebody', hash = {Bytes(Convert.ToHexString(hash))} WHERE sequence = {record.Sequence}");
        }

        var fault = Assert.Single((await Audit.VerifyAsync(None)).Faults);
        Assert.Equal((5, "is not the entry that was written there"), (fault.Sequence, fault.What));
        await ExecuteAsync($"UPDATE audit_ends SET sealed = {Bytes("00")}");
        Assert.Contains("audit_ends", Assert.Single((await Audit.VerifyAsync(None)).Faults).What, StringComparison.Ordinal);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => AppendAsync(1));
    }

    [Fact]
    public async Task A_forged_entry_is_found_and_stops_nobody_from_writing()
    {
        await AppendAsync(2);
        await ExecuteAsync("INSERT INTO audit_entries SELECT * FROM audit_entries WHERE sequence = 2; UPDATE audit_entries SET sequence = 3 WHERE sequence = 2 AND hash IN (SELECT hash FROM audit_entries)");

        await AppendAsync(2);

        Assert.NotEmpty((await Audit.VerifyAsync(None)).Faults);
    }

    [Fact]
    public async Task What_is_old_is_forgotten_and_the_rest_still_verifies()
    {
        await AppendAsync(3);
        await Audit.AppendAsync([Samples.Entry() with { At = Samples.Noon.AddDays(2) }, Samples.Entry()], None);

        Assert.Equal(3, (await Audit.ForgetAsync(Samples.Noon.AddDays(1), None)).Removed);
        Assert.Equal(default, await Audit.ForgetAsync(Samples.Noon.AddDays(1), None));

        var verdict = await Audit.VerifyAsync(None);
        Assert.Equal((4L, 5L, 0), (verdict.First, verdict.Last, verdict.Faults.Count));
        await ExecuteAsync("DELETE FROM audit_entries WHERE sequence = 4");
        Assert.Equal(4, (await Audit.VerifyAsync(None)).Faults[0].Sequence);
    }

    [Fact]
    public async Task All_may_be_forgotten_and_the_chain_goes_on()
    {
        await AppendAsync(3);

        Assert.Equal(3, (await Audit.ForgetAsync(Samples.Noon.AddDays(1), None)).Removed);
        await AppendAsync(1);

        var verdict = await Audit.VerifyAsync(None);
        Assert.Equal((4L, 4L, 0), (verdict.First, verdict.Last, verdict.Faults.Count));
    }

    [Fact]
    public async Task What_was_tampered_with_is_not_forgotten()
    {
        await AppendAsync(3);
        await ExecuteAsync("UPDATE audit_entries SET action = 'x' WHERE sequence = 2");

        var trim = await Audit.ForgetAsync(Samples.Noon.AddDays(1), None);

        Assert.Equal((0, 2L), (trim.Removed, trim.Fault!.Sequence));
        Assert.Equal(3, (await Audit.ListAsync(new AuditQuery(), 10, None)).Count);
    }

    private protected abstract Task<TempDatabase> CreateDatabaseAsync();

    /// <summary>Past the product, as somebody with the database's password would.</summary>
    private protected abstract Task ExecuteAsync(string sql);

    private protected abstract string Bytes(string hexadecimal);

    private Task AppendAsync(int count) => Audit.AppendAsync(
        [.. Enumerable.Range(0, count).Select(number => Samples.Entry() with { OrganizationId = Guid.NewGuid(), RequestId = $"r-{number}-{Guid.NewGuid()}" })], None);

    private Stores Open()
    {
        var stores = StoreFactory.Open(Database.Uri, Samples.Secrets());
        _opened.Add(stores);
        return stores;
    }
}
