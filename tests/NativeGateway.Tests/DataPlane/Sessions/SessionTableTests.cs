using NativeGateway.DataPlane.Sessions;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Tests.Shared;

namespace NativeGateway.Tests.DataPlane.Sessions;

/// <summary>Session ids that outlive the process that issued them.</summary>
public sealed class SessionTableTests
{
    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
    private static readonly SessionOwner Owner = new("key-1", new Guid(1, 0, 0, new byte[8]), null);

    private readonly TestClock _clock = new();
    private readonly List<Session> _opened = [];

    public static TheoryData<string, byte> Terms
    {
        get
        {
            var terms = new TheoryData<string, byte>();
            foreach (var revision in (string[])["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
            {
                foreach (var capabilities in (byte[])[0, 1, 63])
                {
                    terms.Add(revision, capabilities);
                }
            }

            return terms;
        }
    }

    [Theory]
    [MemberData(nameof(Terms))]
    public void Another_process_with_the_same_key_takes_a_session_up(string revision, byte capabilities)
    {
        using var before = Table();
        var session = before.Open(Owner, ProtocolRevision.Find(revision)!, (ClientCapabilities)capabilities).Session!;
        using var after = Table();

        var revived = after.Find(session.Id, Owner).Session!;

        Assert.Equal((session.Id, Owner, session.Revision, session.Capabilities), (revived.Id, revived.Owner, revived.Revision, revived.Capabilities));
        Assert.True(revived.IsRevived);
        Assert.Same(revived, after.Find(session.Id, Owner).Session);
        Assert.Equal([session, revived], _opened);
    }

    [Fact]
    public void An_id_is_visible_ASCII_and_short()
    {
        using var table = Table();
        var id = Open(table).Id;

        Assert.Equal(SessionIds.Length, id.Length);
        Assert.InRange(id.Length, 32, 128);
        Assert.All(id, letter => Assert.InRange(letter, '!', '~'));
        Assert.NotEqual(id, Open(table).Id);
    }

    [Fact]
    public void Nobody_else_finds_a_session_neither_here_nor_elsewhere()
    {
        using var table = Table();
        using var other = Table();
        var id = Open(table).Id;
        SessionOwner[] strangers =
        [
            Owner with { KeyId = "key-2" }, Owner with { KeyId = "" }, Owner with { WorkspaceId = Guid.Empty }, Owner with { UpstreamId = new Guid(2, 0, 0, new byte[8]) },
        ];

        Assert.All(strangers, stranger => AssertNotFound(table.Find(id, stranger)));
        Assert.All(strangers, stranger => AssertNotFound(other.Find(id, stranger)));
        Assert.NotNull(other.Find(id, Owner).Session);
    }

    [Fact]
    public void No_letter_of_an_id_can_be_changed()
    {
        using var table = Table();
        using var other = Table();
        var id = Open(table).Id;
        for (var i = 0; i < id.Length; i++)
        {
            AssertNotFound(other.Find(id[..i] + (id[i] == 'A' ? 'B' : 'A') + id[(i + 1)..], Owner));
        }

        string[] others = ["", "x", id[1..], id + "A", new('A', id.Length), new('ä', id.Length), Convert.ToHexString(new byte[16])];
        Assert.All(others, forged => AssertNotFound(other.Find(forged, Owner)));
        Assert.Equal(0, other.Count);
    }

    [Fact]
    public void Another_sealing_key_knows_no_id()
    {
        using var table = Table();
        using var other = new SessionTable(new SessionIds(new StateSeal(new byte[32]), _clock), _clock, _opened.Add, _ => { });

        AssertNotFound(other.Find(Open(table).Id, Owner));
    }

    [Fact]
    public void A_session_that_its_client_has_ended_stays_ended()
    {
        using var table = Table();
        var session = Open(table);

        table.End(session);

        AssertNotFound(table.Find(session.Id, Owner));
        Assert.Equal(0, table.Count);
    }

    [Fact]
    public void An_idle_session_is_let_go_of_and_taken_up_again()
    {
        using var table = Table();
        var session = Open(table);

        _clock.Advance(SessionTable.IdleTime + TimeSpan.FromMinutes(2));

        Assert.Equal(0, table.Count);
        var revived = table.Find(session.Id, Owner).Session!;
        Assert.NotSame(session, revived);
        Assert.True(revived.IsRevived);
    }

    [Fact]
    public void An_id_is_good_for_a_bounded_time()
    {
        using var table = Table();
        var session = Open(table);
        for (var passed = TimeSpan.Zero; passed < SessionIds.Life; passed += SessionTable.IdleTime / 2)
        {
            Assert.Same(session, table.Find(session.Id, Owner).Session);
            _clock.Advance(SessionTable.IdleTime / 2);
        }

        _clock.Advance(TimeSpan.FromMinutes(2));

        AssertNotFound(table.Find(session.Id, Owner));
    }

    [Fact]
    public void One_key_cannot_take_the_room_of_all()
    {
        using var table = Table();
        for (var i = 0; i < SessionTable.MaxSessionsPerKey; i++)
        {
            Assert.NotNull(table.Open(Owner, ProtocolRevision.V20251125, default).Session);
        }

        Assert.Equal(ErrorKind.Saturated, table.Open(Owner, ProtocolRevision.V20251125, default).Error?.Kind);
        Assert.NotNull(table.Open(Owner with { KeyId = "key-2" }, ProtocolRevision.V20251125, default).Session);
        table.Close(_opened[0]);
        Assert.NotNull(table.Find(_opened[0].Id, Owner).Session);
        Assert.Equal(ErrorKind.Saturated, table.Open(Owner, ProtocolRevision.V20251125, default).Error?.Kind);
    }

    [Fact]
    public void Looking_for_a_live_session_allocates_nothing()
    {
        using var table = Table();
        var id = Open(table).Id;
        table.Find(id, Owner);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            table.Find(id, Owner);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 500);
    }

    [Fact]
    public void Many_requests_at_once_revive_one_session()
    {
        using var table = Table();
        var id = Open(table).Id;
        using var after = Table();

        var found = new Session?[64];
        Parallel.For(0, found.Length, i => found[i] = after.Find(id, Owner).Session);

        Assert.Single(found.Distinct());
        Assert.Equal(2, _opened.Count);
    }

    [Fact]
    public void An_answer_to_an_earlier_process_is_no_answer_to_this_one()
    {
        using var before = Table();
        using var after = Table();
        var session = Open(before);
        var asked = session.Pending.Add((_, _, _) => ValueTask.CompletedTask)!;
        var revived = after.Find(session.Id, Owner).Session!;
        revived.Pending.Add((_, _, _) => ValueTask.CompletedTask);

        Assert.Null(revived.Pending.Take(asked));
        Assert.NotNull(session.Pending.Take(asked));
    }

    private static void AssertNotFound(SessionFinding finding)
    {
        Assert.Null(finding.Session);
        Assert.Equal(ErrorKind.SessionNotFound, finding.Error?.Kind);
    }

    private static Session Open(SessionTable table) => table.Open(Owner, ProtocolRevision.V20251125, ClientCapabilities.Roots).Session!;

    private SessionTable Table() => new(new SessionIds(new StateSeal(Key), _clock), _clock, _opened.Add, _ => { });
}
