using System.Net;
using NativeGateway.ControlPlane.Audit;
using NativeGateway.Model;
using NativeGateway.Tests.Shared;

namespace NativeGateway.Tests.ControlPlane.Audit;

public sealed class RefusalLedgerTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly TestClock _clock = new();
    private readonly RefusalLedger _ledger;

    public RefusalLedgerTests() => _ledger = new RefusalLedger(_clock);

    [Fact]
    public void The_first_refusal_of_a_caller_is_told_at_once_and_its_next_minute_as_one()
    {
        Note();
        Assert.Equal((1, null, "r1"), Told(Assert.Single(Take())));

        for (var i = 2; i < 10; i++)
        {
            Note($"r{i}");
        }

        Assert.Empty(Take());
        _clock.Advance(Minute);
        var rest = Assert.Single(Take());
        Assert.Equal((8, _clock.GetUtcNow() - Minute, "r2"), Told(rest));
        _clock.Advance(Minute);
        Assert.Empty(Take());
    }

    [Fact]
    public void What_could_not_be_written_is_told_again_with_what_came_since()
    {
        Note();
        Assert.Single(_ledger.Take(all: false));
        Note("r2");
        _ledger.Settle(written: false);

        Assert.Equal((2, _clock.GetUtcNow(), "r1"), Told(Assert.Single(Take())));
    }

    [Fact]
    public void Callers_actions_outcomes_and_addresses_are_told_apart()
    {
        Note();
        _ledger.Note(Denied("r2") with { KeyId = "other" });
        _ledger.Note(Denied("r3") with { Action = "other" });
        _ledger.Note(Denied("r4") with { Outcome = "other" });
        _ledger.Note(Denied("r5") with { Address = IPAddress.IPv6Loopback });
        _ledger.Note(Denied("r6") with { OrganizationId = Guid.NewGuid() });
        _ledger.Note(Denied("r7") with { ResourceType = "tool", ResourceId = "s/echo" });

        Assert.Equal(7, Take().Count);
    }

    [Fact]
    public void Who_tries_every_tool_hides_no_other_caller()
    {
        for (var i = 0; i < 10_000; i++)
        {
            _ledger.Note(Denied($"r{i}") with { ResourceType = "tool", ResourceId = $"s/t{i}" });
        }

        _ledger.Note(Denied("quiet") with { KeyId = "quiet" });

        var told = Take();
        Assert.Equal(10_001, told.Sum(entry => entry.Count));
        Assert.Equal(RefusalLedger.MostNamed, told.Count(entry => entry.ResourceId is not null));
        Assert.Equal(10_000 - RefusalLedger.MostNamed, Assert.Single(told, entry => entry is { Actor.Id: "key", ResourceId: null }).Count);
        Assert.Equal("quiet", Assert.Single(told, entry => entry.Actor.Id == "quiet").RequestId);
    }

    [Fact]
    public void A_flood_of_callers_is_counted_in_few_entries_and_none_is_lost()
    {
        var organization = Guid.NewGuid();
        for (var i = 0; i < 10_000; i++)
        {
            _ledger.Note(Denied($"r{i}") with { KeyId = $"key-{i}", Address = new IPAddress(i) });
        }

        _ledger.Note(Denied("quiet") with { OrganizationId = organization });

        var told = Take();
        Assert.Equal(RefusalLedger.MostPerOrganization + 2, told.Count);
        Assert.Equal(10_001, told.Sum(entry => entry.Count));
        Assert.Equal("quiet", Assert.Single(told, entry => entry.OrganizationId == organization).RequestId);
        var several = Assert.Single(told, entry => entry.Action == "several");
        Assert.Equal((null, null), (several.Actor.Id, several.Actor.Address));
    }

    [Fact]
    public void At_the_end_everything_is_told_whenever_it_would_be_due()
    {
        Note();
        Take();
        Note("r2");

        Assert.Equal((1, null, "r2"), Told(Assert.Single(_ledger.Take(all: true))));
    }

    private void Note(string requestId = "r1") => _ledger.Note(Denied(requestId));

    private static DeniedRequest Denied(string requestId) => new(null, "key", IPAddress.Loopback, "mcp", null, null, "forbidden", requestId);

    private static (long Count, DateTimeOffset? Until, string? RequestId) Told(AuditEntry entry) => (entry.Count, entry.Until, entry.RequestId);

    private IReadOnlyList<AuditEntry> Take()
    {
        var due = _ledger.Take(all: false);
        _ledger.Settle(written: true);
        return due;
    }
}
