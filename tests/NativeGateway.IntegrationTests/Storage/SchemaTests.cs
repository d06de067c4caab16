using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using NativeGateway.Shared;
using NativeGateway.Storage;
using Xunit;

namespace NativeGateway.IntegrationTests.Storage;

/// <summary>
/// Nothing that a call contains can be stored, because there is no place for it: every column of both databases stands in Columns.txt with what it
/// holds. Whoever adds one has to say there why it can hold no body, argument, result or secret in clear.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed partial class SchemaTests(PostgresCluster cluster)
{
    /// <summary>What only processes need that share a database.</summary>
    private static readonly string[] PostgresOnly = ["limit_buckets", "replicas"];

    [Fact]
    public async Task Every_column_of_sqlite_has_a_known_purpose()
    {
        await using var database = TempDatabase.Sqlite();
        await MigrateAsync(database);
        await using var connection = new SqliteConnection($"Data Source={database.Uri["sqlite:".Length..]};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText =
            """
            SELECT tables.name || '.' || columns.name FROM sqlite_schema tables, pragma_table_info(tables.name) columns
            WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%'
            """;
        await using var reader = await command.ExecuteReaderAsync();
        var columns = new List<string>();
        while (await reader.ReadAsync())
        {
            columns.Add(reader.GetString(0));
        }

        AssertKnown(columns, except: PostgresOnly);
    }

    [Fact]
    public async Task Every_column_of_postgres_has_a_known_purpose()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        await MigrateAsync(database);

        AssertKnown(await cluster.QueryAsync(
            database, "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = current_schema()"));
    }

    private static async Task MigrateAsync(TempDatabase database)
    {
        await using var stores = StoreFactory.Open(database.Uri, Samples.Secrets());
        await stores.Registry.MigrateAsync(CancellationToken.None);
    }

    private static void AssertKnown(IEnumerable<string> columns, string[]? except = null)
    {
        var known = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Storage", "Columns.txt"))
            .Select(line => Entry().Match(line))
            .Where(entry => entry.Success && !(except ?? []).Contains(entry.Groups["table"].Value))
            .SelectMany(entry => entry.Groups["column"].Captures.Select(column => $"{entry.Groups["table"].Value}.{column.Value}"));

        // The usage tables count latency in numbered columns, all alike.
        Assert.Equal(known.Order(StringComparer.Ordinal), columns.Select(column => Number().Replace(column, "_N")).Distinct().Order(StringComparer.Ordinal));
    }

    /// <summary>A table, its columns with commas between them, and what they hold behind a colon.</summary>
    [GeneratedRegex(@"^(?<table>\w+)\s+(?<column>\w+)(, (?<column>\w+))*: \S")]
    private static partial Regex Entry();

    [GeneratedRegex(@"(?<=latency)_\d+$")]
    private static partial Regex Number();
}
