using NativeGateway.Model;
using NativeGateway.Shared;
using NativeGateway.Storage;
using Xunit;

namespace NativeGateway.IntegrationTests.Storage;

/// <summary>What every store of sessions does, whatever lies below it.</summary>
public abstract class SessionStoreContract : IAsyncLifetime
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(15);

    private readonly OrganizationConfig _acme = Samples.Organization();
    private readonly UserConfig _ann = Samples.User();
    private TempDatabase? _database;
    private Stores? _stores;

    private static CancellationToken None => CancellationToken.None;

    private SessionStore Store => _stores!.Sessions;

    public async Task InitializeAsync()
    {
        _database = await CreateDatabaseAsync();
        _stores = StoreFactory.Open(_database.Uri, Samples.Secrets());
        await _stores.Registry.MigrateAsync(None);
        await CommitAsync(
            new SaveOrganization(_acme), new SaveUser(_ann), new SaveMember(new MemberConfig(Guid.NewGuid(), _acme.Id, _ann.Id, Role.Owner, Samples.Noon)));
    }

    public async Task DisposeAsync()
    {
        await _stores!.DisposeAsync();
        await _database!.DisposeAsync();
    }

    [Fact]
    public async Task A_session_is_found_by_its_token_until_it_ends_and_both_are_logged()
    {
        var session = Session(1, Samples.Noon);
        Assert.True(await Store.BeginAsync(session, 10, Samples.Entry(), None));
        Assert.Equal(session with { TokenHash = [] }, (await Store.FindAsync([1], None))! with { TokenHash = [] });
        await Store.TouchAsync(session.Id, Samples.Noon.AddMinutes(5), None);
        Assert.Equal(Samples.Noon.AddMinutes(5), (await Store.FindAsync([1], None))!.SeenAt);

        await Store.EndAsync(session.Id, Samples.Entry(), None);
        await Store.EndAsync(session.Id, Samples.Entry(), None);

        Assert.Null(await Store.FindAsync([1], None));
        Assert.Equal(2, (await _stores!.Audit.ListAsync(new AuditQuery(), 10, None)).Count);
    }

    [Fact]
    public async Task Beyond_the_most_of_a_user_the_session_that_was_not_used_for_longest_ends()
    {
        foreach (var number in (byte[])[1, 2, 3])
        {
            await Store.BeginAsync(Session(number, Samples.Noon.AddMinutes(number)), 2, Samples.Entry(), None);
        }

        Assert.Null(await Store.FindAsync([1], None));
        Assert.NotNull(await Store.FindAsync([2], None));
        Assert.NotNull(await Store.FindAsync([3], None));
    }

    [Fact]
    public async Task Sessions_end_with_a_change_of_the_registry_with_their_user_and_when_they_are_over()
    {
        await Store.BeginAsync(Session(1, Samples.Noon), 10, Samples.Entry(), None);
        await CommitAsync(new EndSessions(_ann.Id, Guid.NewGuid()));
        Assert.NotNull(await Store.FindAsync([1], None));
        await CommitAsync(new EndSessions(_ann.Id, _acme.Id));
        Assert.Null(await Store.FindAsync([1], None));

        await Store.BeginAsync(Session(2, Samples.Noon), 10, Samples.Entry(), None);
        await Store.BeginAsync(Session(3, Samples.Noon.AddHours(2)), 10, Samples.Entry(), None);
        await Store.RemoveExpiredAsync(Samples.Noon.AddHours(1), Samples.Noon, Samples.Noon, None);
        Assert.Null(await Store.FindAsync([2], None));
        await CommitAsync(new EraseOrganization(_acme.Id));
        Assert.Null(await Store.FindAsync([3], None));
        Assert.False(await Store.BeginAsync(Session(4, Samples.Noon), 10, Samples.Entry(), None));
    }

    [Fact]
    public async Task Attempts_count_up_to_the_limit_within_a_window_that_those_beyond_it_do_not_prolong()
    {
        var until = default(DateTimeOffset);
        for (var attempt = 1L; attempt <= 3; attempt++)
        {
            (var count, until) = await Store.CountAttemptAsync("a", 3, Samples.Noon.AddMinutes(attempt), Window, None);
            Assert.Equal((attempt, Samples.Noon.AddMinutes(attempt) + Window), (count, until));
        }

        Assert.Equal(new SignInAttempts(4, until), await Store.CountAttemptAsync("a", 3, Samples.Noon.AddMinutes(10), Window, None));
        Assert.Equal(1, (await Store.CountAttemptAsync("b", 3, Samples.Noon, Window, None)).Count);
        Assert.Equal(new SignInAttempts(1, until + Window), await Store.CountAttemptAsync("a", 3, until, Window, None));
        await Store.UncountAttemptAsync("a", None);
        Assert.Equal(1, (await Store.CountAttemptAsync("a", 3, until, Window, None)).Count);
        await Store.ForgetAttemptsAsync("b", None);
        Assert.Equal(1, (await Store.CountAttemptAsync("b", 3, Samples.Noon, Window, None)).Count);
    }

    [Fact]
    public async Task Attempts_at_once_are_counted_one_by_one()
    {
        var counts = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => Store.CountAttemptAsync("a", 5, Samples.Noon, Window, None)));

        Assert.Equal(Enumerable.Range(1, 12).Select(number => (long)number), counts.Select(attempts => attempts.Count).Order());
    }

    private protected abstract Task<TempDatabase> CreateDatabaseAsync();

    private UserSession Session(byte number, DateTimeOffset at) => new(Guid.NewGuid(), [number], _ann.Id, _acme.Id, at, at);

    private async Task CommitAsync(params RegistryWrite[] writes) =>
        Assert.Equal(StoreConflict.None, await _stores!.Registry.CommitAsync(new RegistryChange(writes, null), None));
}

public sealed class SqliteSessionStoreTests : SessionStoreContract
{
    private protected override Task<TempDatabase> CreateDatabaseAsync() => Task.FromResult(TempDatabase.Sqlite());
}

[Collection(PostgresCollection.Name)]
public sealed class PostgresSessionStoreTests(PostgresCluster cluster) : SessionStoreContract
{
    private protected override Task<TempDatabase> CreateDatabaseAsync() => cluster.CreateDatabaseAsync();
}
