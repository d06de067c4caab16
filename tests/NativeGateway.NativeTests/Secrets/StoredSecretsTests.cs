using System.Text;
using NativeGateway.NativeTests.Faults;
using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Wire;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.NativeTests.Secrets;

/// <summary>Secrets that come over the administration API, on a real Postgres: no answer, log line, metric or row of any table shows them again.</summary>
[Collection(PostgresCollection.Name)]
public sealed class StoredSecretsTests(PostgresCluster postgres) : IAsyncLifetime
{
    private static readonly string[] Markers =
    [
        "mark-api-header-7d1a", "mark-api-url-90ce", "mark-api-bearer-3f52", "mark-api-password-c11b", "mark-api-environment-84ed", "mark-api-import-5b0d",
        "mark-hook-path-2a9f", "mark-hook-query-66d4", "mark-refused-header-e37c", "mark-refused-url-1c08", "mark-changed-header-f0a5",
    ];

    private readonly List<(string Where, string Text)> _answers = [];

    /// <summary>What is shown once, when it is made.</summary>
    private readonly List<string> _issued = [];

    private TempDatabase _database = null!;
    private GatewayProcess _gateway = null!;

    public async Task InitializeAsync()
    {
        _database = await postgres.CreateDatabaseAsync();
        _gateway = await GatewayProcess.StartAsync(new GatewaySetup { Database = _database.Uri, LogLevel = "trace" });
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task No_secret_that_came_in_over_the_API_is_found_anywhere()
    {
        var server = await AddServersAsync();
        var hook = await AddWebhooksAsync();
        await AddKeysAndQuotasAsync();
        await RefuseAsync(server);
        foreach (var path in (string[])
            [
                "servers", $"servers/{server}", $"servers/{server}/health", $"servers/{server}/tools", "servers/export", "servers/export?format=csv", "webhooks", $"webhooks/{hook}",
                $"webhooks/{hook}/deliveries", "keys", "organizations", "settings", "alerts", "audit", "audit/export", "usage/summary", "usage/errors", "usage/export",
            ])
        {
            await AskAsync("GET", path);
        }

        string[] secrets = [.. Markers, .. _issued, .. _issued.Select(issued => issued[^20..])];
        Assert.Equal(4, _issued.Count);
        _answers.Add(("/metrics", (await _gateway.GetAsync("/metrics")).Text));
        foreach (var table in await postgres.QueryAsync(_database, "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'"))
        {
            _answers.Add(($"table {table}", string.Join('\n', await postgres.QueryAsync(_database, $"SELECT t::text FROM \"{table}\" t"))));
        }

        Assert.Equal(0, await _gateway.StopAsync());
        _answers.Add(("the log", _gateway.Log.Text));
        Assert.Contains(_answers, answer => answer.Where == "table upstream_secrets" && answer.Text.Length > 0);
        foreach (var (where, text) in _answers)
        {
            Assert.All(secrets, secret => Assert.False(IsIn(text, secret), $"'{secret}' is in {where}:\n{text}"));
        }
    }

    /// <summary>As text, or as the hexadecimal digits in which Postgres shows bytes.</summary>
    private static bool IsIn(string text, string secret) =>
        text.Contains(secret, StringComparison.Ordinal)
        || text.Contains(Convert.ToHexStringLower(Encoding.UTF8.GetBytes(secret)), StringComparison.Ordinal);

    private async Task<string> AddServersAsync()
    {
        var first = await AskAsync(
            "POST", "servers", """{"name":"a","url":"https://a.invalid/mcp?token=mark-api-url-90ce","headers":{"X-Secret":"mark-api-header-7d1a"},"timeout":"1s"}""");
        await AskAsync("POST", "servers", """{"name":"b","url":"https://b.invalid/mcp","auth":{"type":"bearer","token":"mark-api-bearer-3f52"},"disabled":true}""");
        await AskAsync(
            "POST", "servers", """{"name":"c","url":"https://c.invalid/mcp","auth":{"type":"basic","username":"u","password":"mark-api-password-c11b"},"disabled":true}""");
        await AskAsync("POST", "servers", """{"name":"d","command":"node","env":{"SECRET":"mark-api-environment-84ed"},"disabled":true}""");
        await AskAsync("POST", "servers/import", """{"mcpServers":{"e":{"url":"https://e.invalid/","headers":{"X-A":"mark-api-import-5b0d"},"disabled":true}}}""");
        var id = first.Json.GetProperty("id").GetString()!;
        await AskAsync("PATCH", $"servers/{id}", """{"headers":{"X-Secret":"mark-changed-header-f0a5"}}""");
        await AskAsync("POST", $"servers/{id}/test", "");
        _answers.Add(("a call", (await _gateway.PostAsync("/mcp/a", Rpc.Call("echo"))).ToString()));
        return id;
    }

    private async Task<string> AddWebhooksAsync()
    {
        var made = await SendAsync("POST", "webhooks", """{"name":"hook","url":"https://hook.invalid/mark-hook-path-2a9f?k=mark-hook-query-66d4"}""");
        Assert.True(made.Status == 201, made.ToString());
        _issued.Add(made.Json.GetProperty("secret").GetString()!);
        var id = made.Json.GetProperty("id").GetString()!;
        _issued.Add((await SendAsync("POST", $"webhooks/{id}/rotate", "")).Json.GetProperty("secret").GetString()!);
        await AskAsync("POST", $"webhooks/{id}/test", "");
        await Until.Async(() => SendAsync("GET", $"webhooks/{id}/deliveries"), reply => reply.Text.Contains("\"failure\"", StringComparison.Ordinal));
        return id;
    }

    private async Task AddKeysAndQuotasAsync()
    {
        var made = await SendAsync("POST", "keys", """{"name":"made"}""");
        var key = made.Json.GetProperty("key").GetString()!;
        _issued.Add(key[^49..^6]);
        _issued.Add((await SendAsync("POST", $"keys/{made.Json.GetProperty("id").GetString()}/rotate", "")).Json.GetProperty("key").GetString()![^49..^6]);
        var organization = (await SendAsync("GET", "organizations")).Json.GetProperty("items")[0].GetProperty("id").GetString();
        await AskAsync("PATCH", $"organizations/{organization}", """{"quotas":{"monthlyCalls":1000000,"monthlySpend":10}}""");
    }

    /// <summary>What is refused is not shown in the refusal either.</summary>
    private async Task RefuseAsync(string server)
    {
        await AskAsync("POST", "servers", """{"name":"x","url":"https://user:mark-refused-url-1c08@x.invalid/"}""", 422);
        await AskAsync("POST", "servers", """{"name":"x","url":"https://x.invalid/","headers":{"X-A":"mark-refused-header-e37c\n"}}""", 422);
        await AskAsync("PATCH", $"servers/{server}", """{"headers":{"Host":"mark-refused-header-e37c"}}""", 422);
        await AskAsync("POST", "webhooks", """{"name":"x","url":"http://x.invalid/mark-refused-url-1c08"}""", 422);
        await AskAsync("POST", "servers", """{"name":"x","url":"https://x.invalid/","headers":{"X-A":"mark-refused-header-e37c" """, 400);
    }

    private async Task<Reply> AskAsync(string method, string path, string? body = null, int? refused = null)
    {
        var reply = await SendAsync(method, path, body);
        Assert.True(refused is { } status ? reply.Status == status : reply.Status < 400, $"{method} {path}: {reply}");
        _answers.Add(($"{method} {path}", reply.ToString()));
        return reply;
    }

    private Task<Reply> SendAsync(string method, string path, string? body = null)
    {
        var request = RawRequest.Bare(method, $"/api/v1/{path}");
        request = string.IsNullOrEmpty(body) ? request : request.WithBody(Encoding.UTF8.GetBytes(body)).With("Content-Type", "application/json");
        return _gateway.SendAsync((method == "PATCH" ? request.With("If-Match", "*") : request).As(_gateway.AdminKey));
    }
}
