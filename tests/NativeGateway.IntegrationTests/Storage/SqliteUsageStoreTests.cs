using Microsoft.Data.Sqlite;
using NativeGateway.Shared;

namespace NativeGateway.IntegrationTests.Storage;

public sealed class SqliteUsageStoreTests : UsageStoreContract
{
    private protected override Task<TempDatabase> CreateDatabaseAsync() => Task.FromResult(TempDatabase.Sqlite());

    private protected override async Task<string> ScalarAsync(string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={Database.Uri["sqlite:".Length..]};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return $"{await command.ExecuteScalarAsync()}";
    }
}
