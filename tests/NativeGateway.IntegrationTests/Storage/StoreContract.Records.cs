using System.Text;
using NativeGateway.Model;
using NativeGateway.Storage;
using Xunit;

namespace NativeGateway.IntegrationTests.Storage;

public abstract partial class StoreContract
{
    [Fact]
    public async Task An_upstream_over_http_comes_back_as_it_was_stored()
    {
        var upstream = Samples.HttpUpstream(await InitializeRegistryAsync());

        await DoneAsync(Store.SaveUpstreamAsync(upstream, None));

        var loaded = Assert.Single((await Store.LoadAsync(None)).Upstreams);
        Samples.AssertSame(upstream, loaded);
        Assert.Equal("Bearer one", loaded.Headers["authorization"]);
    }

    [Fact]
    public async Task An_upstream_over_stdio_comes_back_as_it_was_stored()
    {
        var upstream = Samples.StdioUpstream(await InitializeRegistryAsync());

        await DoneAsync(Store.SaveUpstreamAsync(upstream, None));

        Samples.AssertSame(upstream, Assert.Single((await Store.LoadAsync(None)).Upstreams));
    }

    [Fact]
    public async Task An_upstream_of_defaults_comes_back_as_it_was_stored()
    {
        var upstream = Samples.BareUpstream(await InitializeRegistryAsync());

        await DoneAsync(Store.SaveUpstreamAsync(upstream, None));

        Samples.AssertSame(upstream, Assert.Single((await Store.LoadAsync(None)).Upstreams));
    }

    [Fact]
    public async Task A_replaced_upstream_keeps_nothing_of_what_it_was()
    {
        var workspace = await InitializeRegistryAsync();
        var upstream = Samples.HttpUpstream(workspace);
        await DoneAsync(Store.SaveUpstreamAsync(upstream, None));
        var replacement = Samples.StdioUpstream(workspace) with { Id = upstream.Id };

        await DoneAsync(Store.SaveUpstreamAsync(replacement, None));

        Samples.AssertSame(replacement, Assert.Single((await Store.LoadAsync(None)).Upstreams));
    }

    [Fact]
    public async Task An_entry_of_the_configuration_file_is_not_stored()
    {
        var upstream = Samples.HttpUpstream(await InitializeRegistryAsync()) with { Source = ConfigSource.File };

        await Assert.ThrowsAsync<ArgumentException>(() => Store.SaveUpstreamAsync(upstream, None));

        Assert.Empty((await Store.LoadAsync(None)).Upstreams);
    }

    [Fact]
    public async Task Upstreams_come_by_order_and_then_by_key()
    {
        var workspace = await InitializeRegistryAsync();
        foreach (var (key, order) in new[] { ("b", 1), ("a", 1), ("B", 1), ("z", 0), ("c", 2) })
        {
            await DoneAsync(Store.SaveUpstreamAsync(Samples.BareUpstream(workspace, key, order), None));
        }

        Assert.Equal(["z", "B", "a", "b", "c"], (await Store.LoadAsync(None)).Upstreams.Select(upstream => upstream.Key));
    }

    [Fact]
    public async Task Keys_come_by_creation()
    {
        var workspace = await InitializeRegistryAsync();
        foreach (var (id, minutes) in new[] { ("second000000", 2), ("third0000000", 3), ("first0000000", 1) })
        {
            var key = Samples.Key(workspace, id) with { CreatedAt = Samples.Noon.AddMinutes(minutes) };
            await DoneAsync(Store.SaveKeyAsync(key, None));
        }

        Assert.Equal(
            ["abcdefABCDEF", "first0000000", "second000000", "third0000000"],
            (await Store.LoadAsync(None)).Keys.Select(key => key.Id));
    }

    [Fact]
    public async Task A_key_without_what_is_optional_comes_back_as_it_was_stored()
    {
        var workspace = await InitializeRegistryAsync();
        var key = Samples.Key(workspace) with
        {
            Scopes = KeyScopes.None, Permissions = PermissionConfig.Everything, Limits = null, ExpiresAt = null, RevokedAt = null,
        };

        await DoneAsync(Store.SaveKeyAsync(key, None));

        Samples.AssertSame(key, Assert.Single((await Store.LoadAsync(None)).Keys));
    }

    [Fact]
    public async Task Times_are_kept_in_utc_to_the_microsecond()
    {
        var workspace = await InitializeRegistryAsync();
        var written = new DateTimeOffset(2025, 3, 4, 14, 0, 0, TimeSpan.FromHours(2)).AddTicks(1_234_567);

        await DoneAsync(Store.SaveKeyAsync(Samples.Key(workspace) with { CreatedAt = written }, None));

        var read = Assert.Single((await Store.LoadAsync(None)).Keys).CreatedAt;
        Assert.Equal(Samples.Noon.AddTicks(1_234_560), read);
        Assert.Equal(TimeSpan.Zero, read.Offset);
    }

    [Fact]
    public async Task Organizations_workspaces_and_keys_are_replaced_by_their_id()
    {
        var workspace = await InitializeRegistryAsync();
        var organization = new OrganizationConfig(workspace.OrganizationId, "renamed", false, [], null);
        var renamed = workspace with { Name = "renamed", Instructions = null };
        var key = Samples.Key(workspace) with { Name = "renamed", RevokedAt = Samples.Noon.AddYears(1) };

        await DoneAsync(Store.SaveOrganizationAsync(organization, None));
        await DoneAsync(Store.SaveWorkspaceAsync(renamed, None));
        await DoneAsync(Store.SaveKeyAsync(key, None));

        Samples.AssertSame(
            new RegistryConfig(4, [organization], [renamed], [], [key], new Dictionary<string, string>()),
            await Store.LoadAsync(None));
    }

    [Fact]
    public async Task A_key_moves_between_workspaces_of_its_organization()
    {
        var workspace = await InitializeRegistryAsync();
        var second = workspace with { Id = Guid.NewGuid(), Name = "second" };
        await DoneAsync(Store.SaveWorkspaceAsync(second, None));

        await DoneAsync(Store.SaveKeyAsync(Samples.Key(second), None));

        Assert.Equal(second.Id, Assert.Single((await Store.LoadAsync(None)).Keys).WorkspaceId);
    }

    [Fact]
    public async Task A_name_that_is_taken_within_its_parent_is_a_duplicate()
    {
        var workspace = await InitializeRegistryAsync();
        await DoneAsync(Store.SaveUpstreamAsync(Samples.BareUpstream(workspace), None));

        Assert.Equal(StoreConflict.Duplicate, await Store.SaveOrganizationAsync(Samples.Organization(), None));
        Assert.Equal(StoreConflict.Duplicate, await Store.SaveWorkspaceAsync(workspace with { Id = Guid.NewGuid() }, None));
        Assert.Equal(StoreConflict.Duplicate, await Store.SaveUpstreamAsync(Samples.BareUpstream(workspace), None));
    }

    [Fact]
    public async Task A_name_that_is_taken_elsewhere_is_free()
    {
        var workspace = await InitializeRegistryAsync();
        var other = Samples.Organization("other");
        var otherWorkspace = Samples.Workspace(other, workspace.Name);
        await DoneAsync(Store.SaveUpstreamAsync(Samples.BareUpstream(workspace), None));

        await DoneAsync(Store.SaveOrganizationAsync(other, None));
        await DoneAsync(Store.SaveWorkspaceAsync(otherWorkspace, None));
        await DoneAsync(Store.SaveUpstreamAsync(Samples.BareUpstream(otherWorkspace), None));

        Assert.Equal(2, (await Store.LoadAsync(None)).Upstreams.Count);
    }

    [Fact]
    public async Task What_belongs_to_nothing_that_exists_is_refused()
    {
        var workspace = await InitializeRegistryAsync();
        var nowhere = workspace with { Id = Guid.NewGuid(), OrganizationId = Guid.NewGuid(), Name = "nowhere" };

        Assert.Equal(StoreConflict.UnknownParent, await Store.SaveWorkspaceAsync(nowhere, None));
        Assert.Equal(StoreConflict.UnknownParent, await Store.SaveUpstreamAsync(Samples.BareUpstream(nowhere), None));
        Assert.Equal(StoreConflict.UnknownParent, await Store.SaveKeyAsync(Samples.Key(nowhere, "nowhere00000"), None));
    }

    [Fact]
    public async Task A_key_cannot_act_in_a_workspace_of_another_organization()
    {
        var workspace = await InitializeRegistryAsync();
        var other = Samples.Organization("other");
        await DoneAsync(Store.SaveOrganizationAsync(other, None));

        var key = Samples.Key(workspace, "crossing0000") with { OrganizationId = other.Id };

        Assert.Equal(StoreConflict.UnknownParent, await Store.SaveKeyAsync(key, None));
    }

    [Fact]
    public async Task Nothing_changes_its_tenant()
    {
        var workspace = await InitializeRegistryAsync();
        var upstream = Samples.BareUpstream(workspace);
        await DoneAsync(Store.SaveUpstreamAsync(upstream, None));
        var other = Samples.Organization("other");
        var otherWorkspace = Samples.Workspace(other, "other");
        await DoneAsync(Store.SaveOrganizationAsync(other, None));
        await DoneAsync(Store.SaveWorkspaceAsync(otherWorkspace, None));
        var before = await Store.LoadAsync(None);

        Assert.Equal(StoreConflict.NotFound, await Store.SaveWorkspaceAsync(workspace with { OrganizationId = other.Id }, None));
        Assert.Equal(StoreConflict.NotFound, await Store.SaveUpstreamAsync(upstream with { WorkspaceId = otherWorkspace.Id }, None));
        Assert.Equal(StoreConflict.NotFound, await Store.SaveKeyAsync(Samples.Key(otherWorkspace), None));

        Samples.AssertSame(before, await Store.LoadAsync(None));
    }

    [Fact]
    public async Task A_deleted_upstream_is_gone_with_its_catalog()
    {
        var workspace = await InitializeRegistryAsync();
        var (upstream, kept) = (Samples.HttpUpstream(workspace), Samples.StdioUpstream(workspace));
        foreach (var saved in new[] { upstream, kept })
        {
            await DoneAsync(Store.SaveUpstreamAsync(saved, None));
            await Store.SaveCatalogAsync(Catalog(saved.Id, "{}"), None);
        }

        await DoneAsync(Store.DeleteUpstreamAsync(upstream.Id, None));

        Samples.AssertSame(kept, Assert.Single((await Store.LoadAsync(None)).Upstreams));
        Assert.Equal(kept.Id, Assert.Single(await Store.LoadCatalogsAsync(None)).UpstreamId);
        Assert.Equal(StoreConflict.NotFound, await Store.DeleteUpstreamAsync(upstream.Id, None));
    }

    [Fact]
    public async Task A_setting_is_replaced_by_its_name()
    {
        await DoneAsync(Store.SaveSettingAsync("retention", "30d", None));
        await DoneAsync(Store.SaveSettingAsync("motd", "", None));
        await DoneAsync(Store.SaveSettingAsync("retention", "90d — ünïcödé", None));

        var settings = (await Store.LoadAsync(None)).Settings;

        Assert.Equal(2, settings.Count);
        Assert.Equal("90d — ünïcödé", settings["retention"]);
        Assert.Equal("", settings["motd"]);
    }

    [Fact]
    public async Task The_last_catalog_of_an_upstream_is_kept_even_when_the_upstream_has_no_row()
    {
        var upstream = Guid.NewGuid();
        await Store.SaveCatalogAsync(Catalog(upstream, """{"tools":[]}"""), None);
        var last = Catalog(upstream, """{"tools":[{"name":"ünïcödé"}]}""");

        await Store.SaveCatalogAsync(last, None);

        var loaded = Assert.Single(await Store.LoadCatalogsAsync(None));
        Assert.Equal(upstream, loaded.UpstreamId);
        Assert.Equal(last.Json.ToArray(), loaded.Json.ToArray());
        Assert.Equal(last.FetchedAt, loaded.FetchedAt);
    }

    private static StoredCatalog Catalog(Guid upstream, string json) => new(upstream, Encoding.UTF8.GetBytes(json), Samples.Noon.AddMicroseconds(7));
}
