using NativeGateway.Shared;
using NativeGateway.Storage;
using NativeGateway.Storage.Postgres;
using NativeGateway.Storage.Sqlite;
using Npgsql;
using Xunit;

namespace NativeGateway.IntegrationTests.Storage;

public sealed class StoreFactoryTests
{
    [Fact]
    public async Task The_scheme_chooses_the_store_and_nothing_is_connected_yet()
    {
        await using var file = StoreFactory.Open("sqlite:missing/gateway.db", Samples.Secrets());
        await using var server = StoreFactory.Open("postgres://user:pass@192.0.2.1/name", Samples.Secrets());
        await using var alias = StoreFactory.Open("postgresql://user@192.0.2.1/name", Samples.Secrets());

        Assert.IsType<SqliteRegistryStore>(file.Registry);
        Assert.IsType<SqliteUsageStore>(file.Usage);
        Assert.IsType<SqliteAuditStore>(file.Audit);
        Assert.IsType<PostgresRegistryStore>(server.Registry);
        Assert.IsType<PostgresUsageStore>(server.Usage);
        Assert.IsType<PostgresAuditStore>(server.Audit);
        Assert.IsType<PostgresRegistryStore>(alias.Registry);
        Assert.False(Directory.Exists("missing"));
    }

    [Fact]
    public async Task A_sqlite_address_may_be_written_with_slashes()
    {
        using var directory = new TempDirectory();
        await using var store = StoreFactory.Open($"sqlite://{directory.Path}/gateway.db", Samples.Secrets()).Registry;

        await store.MigrateAsync(CancellationToken.None);

        Assert.True(File.Exists(Path.Combine(directory.Path, "gateway.db")));
    }

    [Fact]
    public void A_postgres_address_is_taken_apart_and_decoded()
    {
        var address = PostgresUri.Parse("postgres://us%40er:p%40ss%2Fw%3Ard%25@db.example.com:6432/na%20me?sslmode=verify-full&application_name=a%20b");

        Assert.Equal("us@er", address.Username);
        Assert.Equal("p@ss/w:rd%", address.Password);
        Assert.Equal("db.example.com", address.Host);
        Assert.Equal(6432, address.Port);
        Assert.Equal("na me", address.Database);
        Assert.Equal(SslMode.VerifyFull, address.SslMode);
        Assert.Equal("a b", address.ApplicationName);
    }

    [Fact]
    public void A_postgres_address_has_defaults_and_takes_ipv6_and_a_bare_at_sign()
    {
        var address = PostgresUri.Parse("postgresql://user:p@ss@[::1]/name");

        Assert.Equal("::1", address.Host);
        Assert.Equal(5432, address.Port);
        Assert.Equal("p@ss", address.Password);
        Assert.Null(PostgresUri.Parse("postgres://host/name").Username);
    }

    [Theory]
    [InlineData("postgres://user:hun/ter2@host/name")]
    [InlineData("postgres://user:hun?ter2@host/name")]
    [InlineData("postgres://user:hunter2@/name")]
    [InlineData("postgres://user:hunter2@host")]
    [InlineData("postgres://user:hunter2@host/")]
    [InlineData("postgres://user:hunter2@host:port/name")]
    [InlineData("postgres://user:hunter2@host:0/name")]
    [InlineData("postgres://user:hunter2@host/name?sslmode=hunter2")]
    [InlineData("postgres://user:hunter2@host/name?hunter2=1")]
    [InlineData("mysql://user:hunter2@host/name")]
    [InlineData("hunter2")]
    [InlineData("sqlite:")]
    [InlineData("sqlite://hunter2")]
    [InlineData("sqlite::memory:")]
    public void A_malformed_address_is_refused_without_repeating_it(string uri)
    {
        var fault = Assert.Throws<StoreConfigurationException>(() => StoreFactory.Open(uri, Samples.Secrets()));

        Assert.DoesNotContain("hun", fault.ToString().Split("\n   at ")[0], StringComparison.Ordinal);
        Assert.DoesNotContain("ter2", fault.ToString().Split("\n   at ")[0], StringComparison.Ordinal);
    }
}
