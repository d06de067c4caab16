using NativeGateway.Model;
using NativeGateway.Shared;
using NativeGateway.Storage;
using Xunit;

namespace NativeGateway.IntegrationTests.Storage;

/// <summary>
/// What every registry store does, whatever lies below it. This part: opening, the schema and the first start;
/// the others: records, changes and secrets.
/// </summary>
public abstract partial class StoreContract : IAsyncLifetime
{
    private readonly List<IRegistryStore> _opened = [];
    private TempDatabase? _database;
    private IRegistryStore? _store;

    private protected TempDatabase Database => _database!;

    /// <summary>Opened and migrated.</summary>
    private protected IRegistryStore Store => _store!;

    private protected static CancellationToken None => CancellationToken.None;

    public async Task InitializeAsync()
    {
        _database = await CreateDatabaseAsync();
        _store = Open();
        await Store.MigrateAsync(None);
    }

    public async Task DisposeAsync()
    {
        foreach (var store in _opened)
        {
            await store.DisposeAsync();
        }
        await Database.DisposeAsync();
    }

    [Fact]
    public async Task An_empty_database_loads_as_an_empty_registry_of_revision_zero()
    {
        Samples.AssertSame(RegistryConfig.Empty, await Store.LoadAsync(None));
        Assert.Equal(0, await Store.GetRevisionAsync(None));
        Assert.Empty(await Store.LoadCatalogsAsync(None));
    }

    [Fact]
    public async Task Migrating_again_keeps_everything()
    {
        await InitializeRegistryAsync();

        await Open().MigrateAsync(None);

        Assert.Equal("acme", Assert.Single((await Store.LoadAsync(None)).Organizations).Name);
        Assert.Equal(1, await Store.GetRevisionAsync(None));
    }

    [Fact]
    public async Task Stores_that_migrate_an_empty_database_at_once_all_succeed()
    {
        await using var empty = await CreateDatabaseAsync();
        var stores = Enumerable.Range(0, 8).Select(_ => Open(database: empty)).ToArray();

        await Task.WhenAll(stores.Select(store => Task.Run(() => store.MigrateAsync(None)))).WaitAsync(TestTime.Limit);

        var revisions = await Task.WhenAll(stores.Select(store => store.GetRevisionAsync(None)));
        Assert.All(revisions, revision => Assert.Equal(0, revision));
        await CloseAsync(stores);
    }

    [Fact]
    public async Task A_database_that_is_newer_than_the_program_is_refused()
    {
        await ExecuteAsync("INSERT INTO schema_migrations (version, name, checksum) VALUES (9999, '9999_later', 'x')");

        var fault = await Assert.ThrowsAsync<StoreConfigurationException>(() => Open().MigrateAsync(None));

        Assert.Contains("newer than this program", fault.Message, StringComparison.Ordinal);
        Assert.Contains("9999", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_schema_that_was_made_by_other_scripts_is_refused()
    {
        await ExecuteAsync("UPDATE schema_migrations SET checksum = 'x' WHERE version = 1");

        var fault = await Assert.ThrowsAsync<StoreConfigurationException>(() => Open().MigrateAsync(None));

        Assert.Contains("0001_registry", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_whose_schema_was_never_made_is_unavailable()
    {
        await using var empty = await CreateDatabaseAsync();
        var store = Open(database: empty);

        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.LoadAsync(None));
        await CloseAsync(store);
    }

    [Fact]
    public async Task A_row_that_cannot_be_read_makes_the_store_unavailable()
    {
        await InitializeRegistryAsync();
        await ExecuteAsync("UPDATE api_keys SET scopes = 'mcp from-the-future'");

        await Assert.ThrowsAsync<StoreUnavailableException>(() => Store.LoadAsync(None));
    }

    [Fact]
    public async Task The_first_start_stores_all_three_records_as_one_change()
    {
        var organization = Samples.Organization();
        var workspace = Samples.Workspace(organization);
        var key = Samples.Key(workspace);

        Assert.True(await Store.TryInitializeAsync(organization, workspace, key, Samples.Entry(), None));

        Samples.AssertSame(
            new RegistryConfig(1, [organization], [workspace], [], [key], new Dictionary<string, string>()),
            await Store.LoadAsync(None));
    }

    [Fact]
    public async Task The_first_start_happens_once()
    {
        await InitializeRegistryAsync();
        var before = await Store.LoadAsync(None);
        var organization = Samples.Organization("other");
        var workspace = Samples.Workspace(organization);

        Assert.False(await Store.TryInitializeAsync(organization, workspace, Samples.Key(workspace, "otherKey1234"), Samples.Entry(), None));

        Samples.AssertSame(before, await Store.LoadAsync(None));
    }

    [Fact]
    public async Task A_first_start_with_records_that_do_not_belong_together_stores_nothing()
    {
        var workspace = Samples.Workspace(Samples.Organization());

        await Assert.ThrowsAsync<ArgumentException>(() =>
            Store.TryInitializeAsync(Samples.Organization(), workspace, Samples.Key(workspace), Samples.Entry(), None));

        Samples.AssertSame(RegistryConfig.Empty, await Store.LoadAsync(None));
    }

    [Fact]
    public async Task Of_eight_first_starts_at_once_exactly_one_wins()
    {
        var stores = Enumerable.Range(0, 8).Select(_ => Open()).ToArray();

        var won = await Task.WhenAll(stores.Select((store, number) => Task.Run(() =>
        {
            var organization = Samples.Organization($"organization-{number}");
            var workspace = Samples.Workspace(organization);
            return store.TryInitializeAsync(organization, workspace, Samples.Key(workspace, $"key{number:D9}"), Samples.Entry(), None);
        }))).WaitAsync(TestTime.Limit);

        Assert.Single(won, true);
        var registry = await Store.LoadAsync(None);
        Assert.Equal(1, registry.Revision);
        var winner = Array.IndexOf(won, true);
        Assert.Equal($"organization-{winner}", Assert.Single(registry.Organizations).Name);
        Assert.Equal($"key{winner:D9}", Assert.Single(registry.Keys).Id);
    }

    [Fact]
    public async Task A_cancelled_call_ends_as_cancelled()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.LoadAsync(cancelled.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.SaveSettingAsync("a", "b", cancelled.Token));
        Assert.Equal(0, await Store.GetRevisionAsync(None));
    }

    private protected abstract Task<TempDatabase> CreateDatabaseAsync();

    /// <summary>Runs SQL past the store.</summary>
    private protected abstract Task ExecuteAsync(string sql);

    /// <summary>Everything that the database holds at rest, as somebody would see it who got hold of it.</summary>
    private protected abstract Task<string> DumpAsync();

    /// <summary>Another store on the same database, as another process would have it.</summary>
    private protected IRegistryStore Open(SecretBox? secrets = null, TempDatabase? database = null)
    {
        var store = StoreFactory.Open((database ?? Database).Uri, secrets ?? Samples.Secrets()).Registry;
        _opened.Add(store);
        return store;
    }

    /// <summary>For stores on a database that goes before the test's own does.</summary>
    private protected async Task CloseAsync(params IRegistryStore[] stores)
    {
        foreach (var store in stores)
        {
            _opened.Remove(store);
            await store.DisposeAsync();
        }
    }

    private protected async Task<WorkspaceConfig> InitializeRegistryAsync()
    {
        var organization = Samples.Organization();
        var workspace = Samples.Workspace(organization);
        Assert.True(await Store.TryInitializeAsync(organization, workspace, Samples.Key(workspace), Samples.Entry(), None));
        return workspace;
    }

    private protected static async Task DoneAsync(Task<StoreConflict> write) => Assert.Equal(StoreConflict.None, await write);
}
