using NativeGateway.Model;
using NativeGateway.Storage;
using Xunit;

namespace NativeGateway.IntegrationTests.Storage;

public abstract partial class StoreContract
{
    private const string Marker = "mArKeR-7f3a91-sEcReT";
    private const string Visible = "visible-7f3a91-name";

    [Fact]
    public async Task No_secret_is_anywhere_in_the_database()
    {
        var workspace = await InitializeRegistryAsync();
        await DoneAsync(Store.SaveUpstreamAsync(
            Samples.HttpUpstream(workspace) with
            {
                Endpoints = [new EndpointConfig(new Uri($"https://example.com/mcp?api_key={Marker}"))],
                Headers = new Dictionary<string, string> { [Visible] = "Bearer " + Marker },
            },
            None));
        await DoneAsync(Store.SaveUpstreamAsync(
            Samples.StdioUpstream(workspace) with
            {
                Command = new CommandConfig("npx", ["--token", Marker], new Dictionary<string, string> { ["TOKEN"] = Marker }, null),
            },
            None));
        await DoneAsync(Store.SaveSettingAsync("smtp.password", Marker, None));

        var dump = await DumpAsync();

        // What may be seen is seen, so the dump does hold the rows.
        Assert.Contains(Visible, dump, StringComparison.Ordinal);
        Assert.DoesNotContain(Marker, dump, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_with_another_encryption_key_is_refused_before_it_serves()
    {
        var stranger = Open(Samples.Secrets(2));

        var fault = await Assert.ThrowsAsync<StoreConfigurationException>(() => stranger.MigrateAsync(None));

        Assert.Contains(EncryptionKey.FileName, fault.Message, StringComparison.Ordinal);
        Assert.Contains(EncryptionKey.EnvironmentVariable, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_that_was_moved_to_another_row_is_not_opened()
    {
        var workspace = await InitializeRegistryAsync();
        var victim = Samples.HttpUpstream(workspace, "victim") with { Headers = new Dictionary<string, string> { ["Authorization"] = Marker } };
        var thief = Samples.HttpUpstream(workspace, "thief") with { Headers = new Dictionary<string, string> { ["Authorization"] = "mine" } };
        await DoneAsync(Store.SaveUpstreamAsync(victim, None));
        await DoneAsync(Store.SaveUpstreamAsync(thief, None));
        await ExecuteAsync(
            """
            UPDATE upstream_secrets SET value = (
                SELECT stolen.value FROM upstream_secrets stolen JOIN upstreams ON upstreams.id = stolen.upstream_id WHERE upstreams.key = 'victim')
            """);

        var fault = await Assert.ThrowsAsync<StoreConfigurationException>(() => Store.LoadAsync(None));

        Assert.Contains("belongs to another row", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Marker, fault.ToString(), StringComparison.Ordinal);
    }
}
