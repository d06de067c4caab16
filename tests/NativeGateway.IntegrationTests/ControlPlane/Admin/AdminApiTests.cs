using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.ControlPlane.Admin;

public sealed class SqliteAdminTests : AdminContract
{
    private protected override Task<TempDatabase> CreateDatabaseAsync() => Task.FromResult(TempDatabase.Sqlite());
}

[Collection(PostgresCollection.Name)]
public sealed class PostgresAdminTests(PostgresCluster cluster) : AdminContract
{
    private protected override Task<TempDatabase> CreateDatabaseAsync() => cluster.CreateDatabaseAsync();
}
