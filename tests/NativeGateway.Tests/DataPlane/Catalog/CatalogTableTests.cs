using Microsoft.Extensions.Logging.Abstractions;
using NativeGateway.DataPlane.Catalog;

namespace NativeGateway.Tests.DataPlane.Catalog;

public sealed class CatalogTableTests
{
    [Fact]
    public void A_request_that_began_before_a_change_and_asks_first_sees_the_change()
    {
        var table = new CatalogTable([], NullLogger.Instance);
        var before = Samples.Workspace(Samples.Upstream("files"));
        table.Apply(Samples.Snapshot(before));
        table.Apply(Samples.Snapshot(Samples.Workspace(Samples.Upstream("files"), Samples.Upstream("mail"))));

        var first = table.For(before);

        Assert.Equal(["files", "mail"], first.Parts.Select(part => part.Upstream.Key));
        Assert.Same(first, table.For(before));
    }

    [Fact]
    public void A_catalog_that_somebody_has_asked_for_follows_each_change()
    {
        var table = new CatalogTable([], NullLogger.Instance);
        var workspace = Samples.Workspace(Samples.Upstream("files"), Samples.Upstream("mail"));
        table.Apply(Samples.Snapshot(workspace));
        table.For(workspace);

        table.Apply(Samples.Snapshot(Samples.Workspace(Samples.Upstream("mail"))));

        Assert.Equal(["mail"], table.For(workspace).Parts.Select(part => part.Upstream.Key));
    }

    [Fact]
    public void A_workspace_that_is_gone_is_still_answered_for_a_request_that_began_in_it()
    {
        var table = new CatalogTable([], NullLogger.Instance);
        var workspace = Samples.Workspace(Samples.Upstream("files"));
        table.Apply(Samples.Snapshot());

        Assert.Equal(["files"], table.For(workspace).Parts.Select(part => part.Upstream.Key));
    }
}
