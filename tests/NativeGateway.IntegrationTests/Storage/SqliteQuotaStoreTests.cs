using NativeGateway.Shared;

namespace NativeGateway.IntegrationTests.Storage;

public sealed class SqliteQuotaStoreTests : QuotaStoreContract
{
    private protected override Task<TempDatabase> CreateDatabaseAsync() => Task.FromResult(TempDatabase.Sqlite());
}
