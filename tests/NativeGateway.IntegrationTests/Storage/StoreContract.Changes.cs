using NativeGateway.Shared;
using NativeGateway.Storage;
using Xunit;

namespace NativeGateway.IntegrationTests.Storage;

public abstract partial class StoreContract
{
    [Fact]
    public async Task Every_change_raises_the_revision_by_exactly_one()
    {
        var workspace = await InitializeRegistryAsync();
        var upstream = Samples.HttpUpstream(workspace);
        Func<Task<StoreConflict>>[] changes =
        [
            () => Store.SaveOrganizationAsync(Samples.Organization("another"), None),
            () => Store.SaveWorkspaceAsync(workspace with { Instructions = null }, None),
            () => Store.SaveUpstreamAsync(upstream, None),
            () => Store.SaveUpstreamAsync(upstream, None),
            () => Store.SaveKeyAsync(Samples.Key(workspace), None),
            () => Store.SaveSettingAsync("name", "value", None),
            () => Store.DeleteUpstreamAsync(upstream.Id, None),
        ];

        var revision = await Store.GetRevisionAsync(None);
        foreach (var change in changes)
        {
            await DoneAsync(change());
            Assert.Equal(++revision, await Store.GetRevisionAsync(None));
            Assert.Equal(revision, (await Store.LoadAsync(None)).Revision);
        }
    }

    [Fact]
    public async Task What_is_refused_and_what_is_no_configuration_leaves_the_revision()
    {
        var workspace = await InitializeRegistryAsync();
        var before = await Store.GetRevisionAsync(None);

        await Store.SaveOrganizationAsync(Samples.Organization(), None);
        await Store.SaveUpstreamAsync(Samples.BareUpstream(workspace with { Id = Guid.NewGuid() }), None);
        await Store.DeleteUpstreamAsync(Guid.NewGuid(), None);
        await Store.SaveCatalogAsync(Catalog(Guid.NewGuid(), "{}"), None);

        Assert.Equal(before, await Store.GetRevisionAsync(None));
    }

    [Fact]
    public async Task Changes_of_several_stores_at_once_are_all_counted()
    {
        var stores = Enumerable.Range(0, 4).Select(_ => Open()).ToArray();

        var done = await Task.WhenAll(Enumerable.Range(0, 40).Select(number =>
            Task.Run(() => stores[number % stores.Length].SaveSettingAsync($"name-{number}", "value", None)))).WaitAsync(TestTime.Limit);

        Assert.All(done, conflict => Assert.Equal(StoreConflict.None, conflict));
        var registry = await Store.LoadAsync(None);
        Assert.Equal(40, registry.Revision);
        Assert.Equal(40, registry.Settings.Count);
    }

    [Fact]
    public async Task A_change_that_was_made_before_the_waiting_began_ends_it()
    {
        await DoneAsync(Store.SaveSettingAsync("name", "value", None));

        Assert.True(await Store.WaitForChangeAsync(0, TestTime.Limit, None));
    }

    [Fact]
    public async Task A_change_of_the_store_itself_ends_the_waiting()
    {
        var waiting = Store.WaitForChangeAsync(0, TestTime.Limit * 2, None);

        await DoneAsync(Store.SaveSettingAsync("name", "value", None));

        Assert.True(await waiting.WaitAsync(TestTime.Limit));
    }

    [Fact]
    public async Task A_change_of_another_store_ends_the_waiting()
    {
        var waiting = Store.WaitForChangeAsync(0, TestTime.Limit * 2, None);

        await DoneAsync(Open().SaveSettingAsync("name", "value", None));

        Assert.True(await waiting.WaitAsync(TestTime.Limit));
    }

    [Fact]
    public async Task Several_may_wait_at_once()
    {
        var waiting = Enumerable.Range(0, 8).Select(_ => Store.WaitForChangeAsync(0, TestTime.Limit * 2, None)).ToArray();

        await DoneAsync(Open().SaveSettingAsync("name", "value", None));

        Assert.DoesNotContain(false, await Task.WhenAll(waiting).WaitAsync(TestTime.Limit));
    }

    [Fact]
    public async Task Without_a_change_the_waiting_ends_with_the_callers_patience()
    {
        await Store.SaveCatalogAsync(Catalog(Guid.NewGuid(), "{}"), None);

        Assert.False(await Store.WaitForChangeAsync(0, TimeSpan.FromMilliseconds(50), None));
    }

    [Fact]
    public async Task Waiting_can_be_cancelled()
    {
        using var stopping = new CancellationTokenSource();
        var waiting = Store.WaitForChangeAsync(0, TestTime.Limit * 2, stopping.Token);

        await stopping.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(TestTime.Limit));
    }

    [Fact]
    public async Task Closing_a_store_ends_the_waiting()
    {
        var store = Open();
        var waiting = store.WaitForChangeAsync(0, TestTime.Limit * 2, None);

        await CloseAsync(store);

        await Assert.ThrowsAnyAsync<ObjectDisposedException>(() => waiting.WaitAsync(TestTime.Limit));
    }
}
