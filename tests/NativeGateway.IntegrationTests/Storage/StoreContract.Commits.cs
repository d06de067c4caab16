using NativeGateway.Model;
using NativeGateway.Storage;
using Xunit;

namespace NativeGateway.IntegrationTests.Storage;

public abstract partial class StoreContract
{
    [Fact]
    public async Task A_change_of_many_writes_is_one_revision_and_done_whole_or_not_at_all()
    {
        var workspace = await InitializeRegistryAsync();
        var upstream = Samples.HttpUpstream(workspace);
        var other = Samples.StdioUpstream(workspace) with { Key = upstream.Key };

        Assert.Equal(StoreConflict.Duplicate, await CommitAsync(1, new SaveUpstream(upstream), new SaveUpstream(other)));
        Assert.Empty((await Store.LoadAsync(None)).Upstreams);

        Assert.Equal(StoreConflict.None, await CommitAsync(1, new SaveUpstream(upstream), new SaveSetting("a", "b"), new DeleteKey("abcdefABCDEF")));
        var registry = await Store.LoadAsync(None);
        Assert.Equal((2, 1, 0), (registry.Revision, registry.Upstreams.Count, registry.Keys.Count));
    }

    [Fact]
    public async Task A_change_that_was_decided_on_an_older_state_is_not_made()
    {
        await InitializeRegistryAsync();

        Assert.Equal(StoreConflict.None, await CommitAsync(1, new SaveSetting("a", "1")));
        Assert.Equal(StoreConflict.Outdated, await CommitAsync(1, new SaveSetting("a", "2")));

        var registry = await Store.LoadAsync(None);
        Assert.Equal((2, "1"), (registry.Revision, registry.Settings["a"]));
    }

    [Fact]
    public async Task Of_changes_of_one_state_at_once_exactly_one_is_made()
    {
        await InitializeRegistryAsync();
        var stores = Enumerable.Range(0, 6).Select(_ => Open()).ToArray();

        var outcomes = await Task.WhenAll(stores.Select((store, number) => Task.Run(
            () => store.CommitAsync(new RegistryChange([new SaveSetting("a", $"{number}")], 1), None)))).WaitAsync(Shared.TestTime.Limit);

        Assert.Single(outcomes, StoreConflict.None);
        Assert.Equal(5, outcomes.Count(outcome => outcome == StoreConflict.Outdated));
    }

    [Fact]
    public async Task Each_write_of_a_record_counts_its_version_up()
    {
        var workspace = await InitializeRegistryAsync();
        var upstream = Samples.HttpUpstream(workspace);

        await DoneAsync(Store.SaveUpstreamAsync(upstream, None));
        Assert.Equal(1, Assert.Single((await Store.LoadAsync(None)).Upstreams).Version);
        await DoneAsync(Store.SaveUpstreamAsync(upstream with { Version = 99 }, None));
        await DoneAsync(Store.SaveWorkspaceAsync(workspace, None));

        var registry = await Store.LoadAsync(None);
        Assert.Equal((2, 2, 1, 1), (registry.Upstreams[0].Version, registry.Workspaces[0].Version, registry.Organizations[0].Version, registry.Keys[0].Version));
    }

    [Fact]
    public async Task What_still_has_something_that_belongs_to_it_is_not_deleted()
    {
        var workspace = await InitializeRegistryAsync();

        Assert.Equal(StoreConflict.UnknownParent, await CommitAsync(null, new DeleteOrganization(workspace.OrganizationId)));
        Assert.Equal(StoreConflict.UnknownParent, await CommitAsync(null, new DeleteWorkspace(workspace.Id)));
        Assert.Equal(StoreConflict.NotFound, await CommitAsync(null, new DeleteWorkspace(Guid.NewGuid())));
        Assert.Equal(
            StoreConflict.None,
            await CommitAsync(null, new DeleteKey("abcdefABCDEF"), new DeleteWorkspace(workspace.Id), new DeleteOrganization(workspace.OrganizationId)));
        Samples.AssertSame(RegistryConfig.Empty with { Revision = 2 }, await Store.LoadAsync(None));
    }

    [Fact]
    public async Task A_creation_is_remembered_for_its_caller_and_forgotten_in_time()
    {
        await InitializeRegistryAsync();
        var creation = new Creation("caller1", "key", [1, 2, 3], "resource", Samples.Noon);
        await CommitAsync(null, new RememberCreation(creation));

        var found = await Store.FindCreationAsync("caller1", "key", None);
        Samples.AssertSame(creation, found);
        Assert.Null(await Store.FindCreationAsync("caller2", "key", None));
        Assert.Equal(StoreConflict.Duplicate, await CommitAsync(null, new RememberCreation(creation with { ResourceId = "other" })));

        await CommitAsync(null, new RememberCreation(creation with { IdempotencyKey = "later", CreatedAt = Samples.Noon + Creation.Memory + TimeSpan.FromSeconds(1) }));
        Assert.Null(await Store.FindCreationAsync("caller1", "key", None));
    }

    [Fact]
    public async Task Of_one_callers_creations_the_newest_thousand_are_kept()
    {
        await InitializeRegistryAsync();
        var writes = Enumerable.Range(0, 1002).Select(
            number => new RememberCreation(new Creation("caller", $"{number}", [], "resource", Samples.Noon.AddSeconds(number))));

        Assert.Equal(StoreConflict.None, await CommitAsync(null, [.. writes]));

        Assert.Null(await Store.FindCreationAsync("caller", "1", None));
        Assert.NotNull(await Store.FindCreationAsync("caller", "2", None));
        Assert.NotNull(await Store.FindCreationAsync("caller", "1001", None));
    }

    private Task<StoreConflict> CommitAsync(long? expectedRevision, params RegistryWrite[] writes) =>
        Store.CommitAsync(new RegistryChange(writes, expectedRevision), None);
}
