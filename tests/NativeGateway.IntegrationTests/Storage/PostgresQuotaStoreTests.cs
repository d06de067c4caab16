using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.Storage;

[Collection(PostgresCollection.Name)]
public sealed class PostgresQuotaStoreTests(PostgresCluster cluster) : QuotaStoreContract
{
    private protected override Task<TempDatabase> CreateDatabaseAsync() => cluster.CreateDatabaseAsync();
}
