using System.Text;
using Microsoft.Data.Sqlite;
using NativeGateway.Model;
using NativeGateway.Shared;
using NativeGateway.Storage;
using NativeGateway.Storage.Backup;
using NativeGateway.Storage.Sqlite;
using Xunit;

namespace NativeGateway.IntegrationTests.Storage;

/// <summary>Backups of both databases, restored into both.</summary>
[Collection(PostgresCollection.Name)]
public sealed class BackupTests(PostgresCluster cluster) : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;

    private static readonly string[] Undeclared = ["schema_migrations", .. StoredTables.OfProcesses];

    private readonly List<IAsyncDisposable> _opened = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        for (var i = _opened.Count - 1; i >= 0; i--)
        {
            await _opened[i].DisposeAsync();
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task What_one_database_held_another_holds_to_the_letter(bool fromPostgres, bool toPostgres)
    {
        var from = await OpenAsync(fromPostgres);
        var to = await OpenAsync(toPostgres);
        await FillAsync(from);

        var backup = await BackUpAsync(from);
        Assert.All(StoredTables.All, table => Assert.True(CountOf(table, backup) > 0, table.Name));
        Assert.Equal(StoreConflict.None, await to.Registry.RestoreAsync(Reader(backup), replaces: false, None));

        var expected = await from.Registry.LoadAsync(None);
        var actual = await to.Registry.LoadAsync(None);
        Samples.AssertSame(expected with { Revision = actual.Revision }, actual);
        Assert.True(actual.Revision > expected.Revision);
        Assert.Equal(Rows(backup), Rows(await BackUpAsync(to)));
        Assert.NotNull(await to.Registry.FindCreationAsync("abcdefABCDEF", "once", None));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_table_and_column_of_the_schema_is_declared(bool postgres)
    {
        var (_, database) = await CreateAsync(postgres);
        var actual = postgres
            ? await cluster.QueryAsync(
                database,
                "SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
                + "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped")
            : QuerySqlite(
                database,
                "SELECT t.name || '.' || c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'");

        Assert.Equal(
            StoredTables.All
                .SelectMany(table => table.Columns.Select(column => column.Name).Concat(table.Numbered is { } number ? [number] : []), (table, column) => $"{table.Name}.{column}")
                .Order(StringComparer.Ordinal),
            actual.Where(column => !Undeclared.Contains(column[..column.IndexOf('.', StringComparison.Ordinal)])).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_backup_shows_one_moment_however_much_is_changed_meanwhile(bool postgres)
    {
        var store = await OpenAsync(postgres);
        await FillAsync(store);
        using var output = new InterferingStream(() => store.Registry.SaveOrganizationAsync(Samples.Organization("latecomer"), None));

        await store.Registry.BackUpAsync(output, Samples.Noon, None);

        Assert.True(output.Interfered);
        Assert.DoesNotContain("latecomer", Encoding.UTF8.GetString(output.ToArray()), StringComparison.Ordinal);
        Assert.Contains((await store.Registry.LoadAsync(None)).Organizations, organization => organization.Name == "latecomer");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_database_that_is_not_empty_is_replaced_only_when_told(bool postgres)
    {
        var from = await OpenAsync(postgres: false);
        await FillAsync(from);
        var to = await OpenAsync(postgres);
        await to.Registry.SaveOrganizationAsync(Samples.Organization("former"), None);
        var before = await to.Registry.LoadAsync(None);
        var backup = await BackUpAsync(from);

        Assert.Equal(StoreConflict.Duplicate, await to.Registry.RestoreAsync(Reader(backup), replaces: false, None));
        Samples.AssertSame(before, await to.Registry.LoadAsync(None));

        Assert.Equal(StoreConflict.None, await to.Registry.RestoreAsync(Reader(backup), replaces: true, None));
        Assert.Equal("acme", Assert.Single((await to.Registry.LoadAsync(None)).Organizations).Name);
    }

    [Fact]
    public async Task A_backup_that_is_cut_altered_or_of_the_future_is_refused_whole()
    {
        var store = await OpenAsync(postgres: false);
        await FillAsync(store);
        var before = await store.Registry.LoadAsync(None);
        var text = Encoding.UTF8.GetString(await BackUpAsync(store));
        string[] broken =
        [
            "",
            "{}",
            text[..(text.Length / 2)],
            text[..text.LastIndexOf("{\"rows\"", StringComparison.Ordinal)],
            text.Replace("acme", "evil", StringComparison.Ordinal),
            text + "[]\n",
            text.Replace("\"schema\":", "\"schema\":9", StringComparison.Ordinal),
            text.Replace("\"version\":1,", "\"version\":2,", StringComparison.Ordinal),
            text.Replace("\"table\":\"settings\"", "\"table\":\"sqlite_schema\"", StringComparison.Ordinal),
        ];

        foreach (var one in broken)
        {
            var bytes = Encoding.UTF8.GetBytes(one);
            Assert.Throws<StoreConfigurationException>(() => Reader(bytes).Check());
            await Assert.ThrowsAsync<StoreConfigurationException>(() => store.Registry.RestoreAsync(Reader(bytes), replaces: true, None));
        }

        Samples.AssertSame(before, await store.Registry.LoadAsync(None));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_backup_whose_secrets_another_key_sealed_is_refused(bool postgres)
    {
        var from = await OpenAsync(postgres: false);
        await FillAsync(from);
        var to = await OpenAsync(postgres, Samples.Secrets(2));

        var backup = await BackUpAsync(from);
        var fault = await Assert.ThrowsAsync<StoreConfigurationException>(() => to.Registry.RestoreAsync(Reader(backup), replaces: false, None));

        Assert.Contains("encrypted with key", fault.Message, StringComparison.Ordinal);
        Samples.AssertSame(RegistryConfig.Empty, await to.Registry.LoadAsync(None));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nothing_is_left_of_an_erased_organization_and_everything_of_the_others(bool postgres)
    {
        var stores = await OpenAsync(postgres);
        var organization = await FillAsync(stores);
        var other = Samples.Organization("other");
        await stores.Registry.SaveOrganizationAsync(other, None);
        var rows = Encoding.UTF8.GetString((await stores.Registry.ExportRowsAsync(organization.Id, None)).Span);
        Assert.All(StoredTables.All.Where(table => table.IsExportedAsRows), table => Assert.Contains($"\"{table.Name}\":[{{", rows, StringComparison.Ordinal));

        Assert.Equal(StoreConflict.None, await stores.Registry.CommitAsync(new RegistryChange([new EraseOrganization(organization.Id)], null), None));

        var backup = await BackUpAsync(stores);
        Assert.All(StoredTables.All.Where(table => table.Owned is not null), table => Assert.Equal(table.Name == "organizations" ? 1 : 0, CountOf(table, backup)));
        Assert.Equal(other.Id, Assert.Single((await stores.Registry.LoadAsync(None)).Organizations).Id);
        Assert.Equal("a \"setting\" — sealed", (await stores.Registry.LoadAsync(None)).Settings["mail"]);
    }

    [Fact]
    public async Task A_backup_holds_no_secret_in_clear()
    {
        var store = await OpenAsync(postgres: false);
        await FillAsync(store);

        var text = Encoding.UTF8.GetString(await BackUpAsync(store));

        Assert.All(["api_key=one", "Bearer one", "--token", "three"], secret => Assert.DoesNotContain(secret, text, StringComparison.Ordinal));
    }

    private static int CountOf(StoredTable table, byte[] backup) => Reader(backup).Read().Count(row => row.Table == table);

    private static BackupReader Reader(byte[] backup) => new(new MemoryStream(backup));

    private static async Task<byte[]> BackUpAsync(Stores stores)
    {
        using var output = new MemoryStream();
        var summary = await stores.Registry.BackUpAsync(output, Samples.Noon, None);
        Assert.Equal(summary, Reader(output.ToArray()).Check());
        return output.ToArray();
    }

    /// <summary>Without the one row that a restore changes, and the checksum that follows from it; rows have no order in a table.</summary>
    private static List<string> Rows(byte[] backup) =>
        [.. Encoding.UTF8.GetString(backup).Split('\n').Where(line => !line.StartsWith("[1,", StringComparison.Ordinal) && !line.Contains("sha256", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    private static async Task<OrganizationConfig> FillAsync(Stores stores)
    {
        var organization = Samples.Organization();
        var workspace = Samples.Workspace(organization);
        var upstream = Samples.HttpUpstream(workspace);
        Assert.True(await stores.Registry.TryInitializeAsync(organization, workspace, Samples.Key(workspace), Samples.Entry(), None));
        var change = new RegistryChange(
            [
                new SaveUpstream(upstream),
                new SaveUpstream(Samples.StdioUpstream(workspace)),
                new SaveUpstream(Samples.BareUpstream(workspace)),
                new SaveWebhook(new WebhookConfig
                {
                    Id = Guid.NewGuid(), OrganizationId = organization.Id, Name = "hook", Url = new Uri("https://example.com/"), Secret = "whsec_1", CreatedAt = Samples.Noon,
                }),
                new SaveUser(Samples.User()),
                new SaveMember(new MemberConfig(Guid.NewGuid(), organization.Id, Samples.User().Id, Role.Owner, Samples.Noon)),
                new SaveInvitation(Samples.Invitation(organization)),
                new SaveSetting("mail", "a \"setting\" — sealed"),
                new RememberCreation(new Creation("abcdefABCDEF", "once", [1, 2, 3], "resource", Samples.Noon)),
            ],
            null);
        Assert.Equal(StoreConflict.None, await stores.Registry.CommitAsync(change, None));
        await stores.Registry.SaveCatalogAsync(new StoredCatalog(upstream.Id, """{"tools":[]}"""u8.ToArray(), Samples.Noon), None);
        await stores.Outbox.RaiseAsync(
            new Alert(organization.Id, AlertKind.ServerDown, Samples.Noon, workspace.Id, upstream.Id, upstream.Key, "it refuses connections"), None);
        var key = UsageSamples.Key with { OrganizationId = organization.Id };
        var failures = new[] { CallOutcome.Timeout, CallOutcome.Limited }.Select(outcome => UsageSamples.Failure(outcome, organization.Id)).ToArray();
        await stores.Usage.WriteAsync(UsageSamples.Batch(Guid.NewGuid(), 1, UsageSamples.Row(key, calls: 3)) with { Failures = failures }, None);
        await stores.Quotas.TakeAsync(new QuotaClaim(organization.Id, QuotaKind.DailyCalls, "2026-03-02", 5, 10), None);
        return organization;
    }

    private async Task<Stores> OpenAsync(bool postgres, SecretBox? secrets = null) => (await CreateAsync(postgres, secrets)).Stores;

    private async Task<(Stores Stores, TempDatabase Database)> CreateAsync(bool postgres, SecretBox? secrets = null)
    {
        var database = postgres ? await cluster.CreateDatabaseAsync() : TempDatabase.Sqlite();
        _opened.Add(database);
        var stores = StoreFactory.Open(database.Uri, secrets ?? Samples.Secrets());
        _opened.Add(stores);
        await stores.Registry.MigrateAsync(None);
        return (stores, database);
    }

    private static List<string> QuerySqlite(TempDatabase database, string sql)
    {
        SqliteNative.EnsureLoaded();
        using var connection = new SqliteConnection($"Data Source={database.Uri["sqlite:".Length..]};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var values = new List<string>();
        while (reader.Read())
        {
            values.Add(reader.GetString(0));
        }
        return values;
    }

    /// <summary>Changes the database once, when the second line is written: the first table is being read then.</summary>
    private sealed class InterferingStream(Func<Task<StoreConflict>> change) : MemoryStream
    {
        private int _lines;

        public bool Interfered { get; private set; }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            base.Write(buffer);
            if (++_lines == 2)
            {
                Interfered = Task.Run(change).WaitAsync(TestTime.Limit).GetAwaiter().GetResult() == StoreConflict.None;
            }
        }
    }
}
