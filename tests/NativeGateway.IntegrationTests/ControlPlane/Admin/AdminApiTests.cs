using Microsoft.Data.Sqlite;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.ControlPlane.Admin;

public sealed class SqliteAdminTests : AdminContract
{
    private protected override Task<TempDatabase> CreateDatabaseAsync() => Task.FromResult(TempDatabase.Sqlite());

    private protected override async Task ExecuteAsync(string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={Database.Uri["sqlite:".Length..]};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }
}

[Collection(PostgresCollection.Name)]
public sealed class PostgresAdminTests(PostgresCluster cluster) : AdminContract
{
    private protected override Task<TempDatabase> CreateDatabaseAsync() => cluster.CreateDatabaseAsync();

    private protected override Task ExecuteAsync(string sql) => cluster.ExecuteAsync(Database, sql);
}
