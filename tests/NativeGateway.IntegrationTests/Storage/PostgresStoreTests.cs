using System.Text;
using NativeGateway.Shared;
using NativeGateway.Storage;
using NativeGateway.Storage.Postgres;
using Xunit;

namespace NativeGateway.IntegrationTests.Storage;

/// <summary>The contract on Postgres, and what only a server can do: notify, be away, come back.</summary>
[Collection(PostgresCollection.Name)]
public sealed class PostgresStoreTests(PostgresCluster cluster) : StoreContract
{
    [Fact]
    public async Task A_change_is_notified_to_who_listens()
    {
        var heard = new ChangeSignal();
        await using var listener = Listen(heard, out var listening);
        await listening.WaitAsync(TestTime.Limit);
        var next = heard.Next;

        await DoneAsync(Store.SaveSettingAsync("name", "value", None));

        await next.WaitAsync(TestTime.Limit);
    }

    [Fact]
    public async Task A_listener_hears_again_after_the_server_was_restarted()
    {
        var heard = new ChangeSignal();
        await using var listener = Listen(heard, out var listening);
        await listening.WaitAsync(TestTime.Limit);
        var back = heard.Next;

        await cluster.StopAsync();
        await cluster.StartAsync();

        await back.WaitAsync(TestTime.Limit);
        var next = heard.Next;
        await DoneAsync(Store.SaveSettingAsync("name", "value", None));
        await next.WaitAsync(TestTime.Limit);
    }

    [Fact]
    public async Task A_store_works_on_over_a_restart_of_the_server()
    {
        await InitializeRegistryAsync();

        await cluster.StopAsync();
        await cluster.StartAsync();

        Assert.Equal(1, await Store.GetRevisionAsync(None));
        await DoneAsync(Store.SaveSettingAsync("name", "value", None));
        Assert.Equal(2, (await Store.LoadAsync(None)).Revision);
    }

    [Fact]
    public async Task While_the_server_is_away_the_store_is_unavailable_and_names_no_secret()
    {
        await cluster.StopAsync();
        try
        {
            var reading = await Assert.ThrowsAsync<StoreUnavailableException>(() => Store.LoadAsync(None));
            var writing = await Assert.ThrowsAsync<StoreUnavailableException>(() => Store.SaveSettingAsync("name", "value", None));
            var waiting = await Assert.ThrowsAsync<StoreUnavailableException>(() => Store.WaitForChangeAsync(0, TestTime.Limit, None));

            Assert.All([reading, writing, waiting], fault => AssertNamesNoSecret(fault));
        }
        finally
        {
            await cluster.StartAsync();
        }
    }

    [Fact]
    public async Task A_wrong_password_is_reported_without_it()
    {
        const string Wrong = "wrong-7f3a91";
        var uri = Database.Uri.Replace(Uri.EscapeDataString(cluster.Password), Wrong, StringComparison.Ordinal);
        await using var store = StoreFactory.Open(uri, Samples.Secrets()).Registry;

        var fault = await Assert.ThrowsAsync<StoreUnavailableException>(() => store.MigrateAsync(None));

        Assert.Contains("password", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Wrong, fault.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_does_not_exist_is_reported_as_such()
    {
        await using var store = StoreFactory.Open(Database.Uri + "_missing", Samples.Secrets()).Registry;

        var fault = await Assert.ThrowsAsync<StoreUnavailableException>(() => store.MigrateAsync(None));

        Assert.Contains("create it", fault.Message, StringComparison.Ordinal);
    }

    private protected override Task<TempDatabase> CreateDatabaseAsync() => cluster.CreateDatabaseAsync();

    private protected override Task ExecuteAsync(string sql) => cluster.ExecuteAsync(Database, sql);

    private protected override async Task<string> DumpAsync()
    {
        var all = new StringBuilder();
        var tables = await cluster.QueryAsync(Database, "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'");
        foreach (var table in tables)
        {
            // A row as text shows bytes as hexadecimal digits; as escaped text, what is legible in them shows too.
            all.AppendJoin('\n', await cluster.QueryAsync(
                Database, $"SET bytea_output = 'escape'; SELECT whole::text FROM {table} whole")).AppendLine();
        }
        return all.ToString();
    }

    private void AssertNamesNoSecret(StoreUnavailableException fault)
    {
        Assert.DoesNotContain(cluster.Password, fault.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Uri.EscapeDataString(cluster.Password), fault.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("127.0.0.1", fault.Message, StringComparison.Ordinal);
    }

    /// <param name="listening">Completes when the listener hears.</param>
    private PostgresListener Listen(ChangeSignal heard, out Task listening)
    {
        var database = new PostgresDatabase(PostgresUri.Parse(Database.Uri));
        listening = heard.Next;
        var listener = new PostgresListener(database.Unpooled(), PostgresRegistryStore.Channel, heard);
        listener.Start();
        return listener;
    }
}
