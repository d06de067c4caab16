using System.Text;
using NativeGateway.Model;
using Xunit;

namespace NativeGateway.IntegrationTests.Storage;

public abstract partial class StoreContract
{
    [Fact]
    public async Task Nothing_that_an_erased_organization_was_called_can_be_found_in_the_database()
    {
        await InitializeRegistryAsync();
        var organization = Samples.Organization("planted-organization");
        var workspace = Samples.Workspace(organization, "planted-workspace");
        var upstream = Samples.StdioUpstream(workspace, "planted-server");
        await DoneAsync(Store.CommitAsync(
            new RegistryChange(
                [
                    new SaveOrganization(organization), new SaveWorkspace(workspace), new SaveUpstream(upstream),
                    new SaveKey(Samples.Key(workspace, "plantedKeyId", "planted-key")),
                    new SaveUser(Samples.User("planted@example.com")),
                    new SaveMember(new MemberConfig(Guid.NewGuid(), organization.Id, Samples.User("planted@example.com").Id, Role.Owner, Samples.Noon)),
                    new SaveInvitation(Samples.Invitation(organization, "planted-guest@example.com")),
                    new RememberCreation(new Creation("plantedKeyId", "planted-idempotency-key", [1], "planted-resource", Samples.Noon)),
                ],
                null),
            None));
        await Store.SaveCatalogAsync(new StoredCatalog(upstream.Id, Encoding.UTF8.GetBytes($$"""{"tools":"planted-tool{{new string('x', 20_000)}}"}"""), Samples.Noon), None);
        // Renamed, so that an old page could hold the former name.
        await DoneAsync(Store.SaveOrganizationAsync(organization with { Name = "renamed" }, None));

        await DoneAsync(Store.CommitAsync(new RegistryChange([new EraseOrganization(organization.Id)], null), None));

        var dump = await DumpAsync();
        Assert.Contains("acme", dump, StringComparison.Ordinal);
        Assert.DoesNotContain("planted", dump, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("renamed", dump, StringComparison.Ordinal);
    }
}
