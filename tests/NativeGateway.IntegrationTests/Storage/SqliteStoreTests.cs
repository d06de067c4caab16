using System.Text;
using Microsoft.Data.Sqlite;
using NativeGateway.Shared;
using NativeGateway.Storage;
using Xunit;

namespace NativeGateway.IntegrationTests.Storage;

/// <summary>The contract on SQLite, and what only a file can do.</summary>
public sealed class SqliteStoreTests : StoreContract
{
    private string File => Database.Uri["sqlite:".Length..];

    [Fact]
    public async Task All_of_the_databases_files_are_for_the_owner_only()
    {
        await InitializeRegistryAsync();

        var files = Directory.GetFiles(Path.GetDirectoryName(File)!);

        Assert.Contains(File + "-wal", files);
        Assert.All(files, file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(file)));
    }

    [Fact]
    public async Task A_file_that_is_no_database_makes_the_store_unavailable()
    {
        using var directory = new TempDirectory();
        var file = Path.Combine(directory.Path, "gateway.db");
        await System.IO.File.WriteAllTextAsync(file, new string('x', 8192));
        await using var store = StoreFactory.Open("sqlite:" + file, Samples.Secrets()).Registry;

        var fault = await Assert.ThrowsAsync<StoreUnavailableException>(() => store.MigrateAsync(None));

        Assert.Contains(file, fault.Message, StringComparison.Ordinal);
        Assert.Equal(8192, new FileInfo(file).Length);
    }

    [Fact]
    public async Task A_path_that_cannot_be_created_makes_the_store_unavailable()
    {
        using var directory = new TempDirectory();
        var file = Path.Combine(directory.Path, "file");
        await System.IO.File.WriteAllTextAsync(file, "");
        await using var store = StoreFactory.Open($"sqlite:{file}/gateway.db", Samples.Secrets()).Registry;

        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.MigrateAsync(None));
    }

    [Fact]
    public async Task A_store_works_again_after_a_fault()
    {
        await InitializeRegistryAsync();
        await ExecuteAsync("ALTER TABLE settings RENAME TO hidden");
        await Assert.ThrowsAsync<StoreUnavailableException>(() => Store.SaveSettingAsync("name", "value", None));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => Store.LoadAsync(None));

        await ExecuteAsync("ALTER TABLE hidden RENAME TO settings");

        await DoneAsync(Store.SaveSettingAsync("name", "value", None));
        Assert.Equal(2, (await Store.LoadAsync(None)).Revision);
    }

    [Fact]
    public async Task Closing_one_store_leaves_another_one_on_the_same_file_working()
    {
        var other = Open();
        await other.MigrateAsync(None);

        await CloseAsync(other);

        await DoneAsync(Store.SaveSettingAsync("name", "value", None));
        Assert.Equal(1, await Store.GetRevisionAsync(None));
    }

    private protected override Task<TempDatabase> CreateDatabaseAsync() => Task.FromResult(TempDatabase.Sqlite());

    private protected override async Task ExecuteAsync(string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={File};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }

    private protected override async Task<string> DumpAsync()
    {
        // Both the write-ahead log and, after the last connection closed, the file proper.
        var all = new StringBuilder();
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(File)!))
        {
            all.Append(Encoding.Latin1.GetString(await ReadSharedAsync(file)));
        }
        await CloseAsync(Store);
        return all.Append(Encoding.Latin1.GetString(await ReadSharedAsync(File))).ToString();
    }

    private static async Task<byte[]> ReadSharedAsync(string path)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var copy = new MemoryStream();
        await file.CopyToAsync(copy);
        return copy.ToArray();
    }
}
