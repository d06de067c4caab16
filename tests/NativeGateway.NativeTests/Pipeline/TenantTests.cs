using System.Net;
using NativeGateway.NativeTests.Faults;
using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.NativeTests.Pipeline;

/// <summary>Organizations and workspaces of a real Postgres: what one tenant has, another one cannot even ask for.</summary>
[Collection(PostgresCollection.Name)]
public sealed class TenantTests(PostgresCluster postgres) : IAsyncLifetime
{
    private const string OtherOrganization = "00000000-0000-4000-8000-00000000000a";
    private const string OtherWorkspace = "00000000-0000-4000-8000-00000000000b";

    private TempDatabase _database = null!;
    private GatewayProcess _gateway = null!;

    private LegacyUpstream Upstream { get; } = new();

    public async Task InitializeAsync()
    {
        _database = await postgres.CreateDatabaseAsync();
        _gateway = await GatewayProcess.StartAsync(new GatewaySetup
        {
            Config = new GatewayConfig { Servers = [("own", GatewayConfig.Entry(Upstream))] },
            Database = _database.Uri,
        });
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _database.DisposeAsync();
        await Upstream.DisposeAsync();
    }

    [Fact]
    public async Task A_suspended_organization_is_refused_like_an_unknown_key()
    {
        Assert.Equal(200, (await AskAsync(Rpc.Ping, _gateway.AdminKey)).Status);
        await ChangeAsync("UPDATE organizations SET suspended = true");
        var suspended = await Until.Async(() => AskAsync(Rpc.Ping, _gateway.AdminKey), reply => reply.Status != 200);
        Refusal.CheckUnauthenticated(suspended, _gateway.AdminKey);

        await ChangeAsync("UPDATE organizations SET suspended = false");
        await Until.Async(() => AskAsync(Rpc.Ping, _gateway.AdminKey), reply => reply.Status == 200);
    }

    [Fact]
    public async Task A_caller_from_outside_the_allow_list_is_refused()
    {
        await ChangeAsync("UPDATE organizations SET allowed_networks = '[\"127.77.0.0/16\"]'");
        var refused = await Until.Async(() => AskAsync(Rpc.Ping, _gateway.AdminKey), reply => reply.Status != 200);
        Refusal.Check(refused, 403, -32011, _gateway.AdminKey, "127.77");

        using var inside = await RawConnection.OpenAsync(_gateway.Port, IPAddress.Parse("127.77.1.2"));
        Assert.Equal(200, (await inside.SendAsync(RawRequest.Post("/mcp", Rpc.Ping).As(_gateway.AdminKey))).Status);

        // The key is judged first, and a forwarded address of a stranger counts for nothing.
        using var outside = await _gateway.ConnectAsync();
        Refusal.CheckUnauthenticated(await outside.SendAsync(RawRequest.Post("/mcp", Rpc.Ping)));
        Assert.Equal(403, (await outside.SendAsync(RawRequest.Post("/mcp", Rpc.Ping).As(_gateway.AdminKey).With("X-Forwarded-For", "127.77.1.2"))).Status);
    }

    [Fact]
    public async Task Another_tenants_server_looks_like_one_that_does_not_exist()
    {
        var (otherKey, id) = await AddOtherTenantAsync();
        Assert.Equal(200, (await _gateway.PostAsync("/mcp/theirs", Rpc.Call("echo"), otherKey)).Status);

        foreach (var (path, body) in ((string, string)[])
            [("/mcp/NAME", Rpc.ListTools), ("/mcp/NAME", Rpc.Call("echo")), ("/mcp", Rpc.Call("NAME__echo")), ("/mcp", Rpc.Call("NAME:echo"))])
        {
            var theirs = await _gateway.PostAsync(path.Replace("NAME", "theirs", StringComparison.Ordinal), body.Replace("NAME", "theirs", StringComparison.Ordinal));
            var nobodys = await _gateway.PostAsync(path.Replace("NAME", "nobody", StringComparison.Ordinal), body.Replace("NAME", "nobody", StringComparison.Ordinal));
            Assert.True(
                (nobodys.Status, nobodys.Text.Replace("nobody", "theirs", StringComparison.Ordinal)) == (theirs.Status, theirs.Text),
                $"{path} {body}:\n{nobodys}\n\n{theirs}");
        }

        Assert.Equal(-32602, (await _gateway.PostAsync("/mcp", Rpc.Call($"{id}__echo"))).ErrorCode);
        Assert.DoesNotContain("theirs", (await _gateway.PostAsync("/mcp", Rpc.ListTools)).Text, StringComparison.Ordinal);
        Assert.DoesNotContain("own__", (await _gateway.PostAsync("/mcp", Rpc.ListTools, otherKey)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_tenants_session_does_not_exist()
    {
        var (otherKey, _) = await AddOtherTenantAsync();
        var session = (await _gateway.PostAsync("/mcp", Rpc.Initialize("2025-11-25")))["Mcp-Session-Id"]!;

        Assert.Equal(404, (await _gateway.SendAsync(RawRequest.Post("/mcp", Rpc.ListTools).As(otherKey).InSession(session))).Status);
        Assert.Equal(200, (await _gateway.SendAsync(RawRequest.Post("/mcp", Rpc.ListTools).As(_gateway.AdminKey).InSession(session))).Status);
    }

    /// <summary>A second organization with a server and a key, made by moving fresh ones of the first.</summary>
    private async Task<(string Key, string ServerId)> AddOtherTenantAsync()
    {
        var key = await _gateway.CreateKeyAsync("of the other tenant");
        var added = await _gateway.RunAsync("servers", "add", "theirs", "--url", Upstream.Url);
        Assert.True(added.ExitCode == 0, added.Errors);
        await ChangeAsync($"""
            INSERT INTO organizations (id, name, suspended, allowed_networks) VALUES ('{OtherOrganization}', 'other', false, '[]');
            INSERT INTO workspaces (id, organization_id, name) VALUES ('{OtherWorkspace}', '{OtherOrganization}', 'other');
            UPDATE api_keys SET organization_id = '{OtherOrganization}', workspace_id = '{OtherWorkspace}' WHERE id = '{key.Split('_')[1]}';
            UPDATE upstreams SET workspace_id = '{OtherWorkspace}' WHERE key = 'theirs'
            """);
        var id = Assert.Single(await postgres.QueryAsync(_database, "SELECT id::text FROM upstreams WHERE key = 'theirs'"));
        // Both belonged to the first tenant for a moment.
        await Until.Async(
            () => AskAsync(Rpc.ListTools, key),
            reply => reply.Text.Contains("theirs__echo", StringComparison.Ordinal) && !reply.Text.Contains("own__echo", StringComparison.Ordinal));
        await Until.Async(
            () => AskAsync(Rpc.ListTools, _gateway.AdminKey), reply => !reply.Text.Contains("theirs__echo", StringComparison.Ordinal));
        return (key, id);
    }

    /// <summary>Past the product, as an administrator of the database would; replicas notice by the revision.</summary>
    private Task ChangeAsync(string sql) => postgres.ExecuteAsync(_database, $"{sql}; UPDATE registry_state SET revision = revision + 1");

    private async Task<Reply> AskAsync(string body, string key)
    {
        using var connection = await RawConnection.OpenAsync(_gateway.Port, Loopback.Next());
        return await connection.SendAsync(RawRequest.Post("/mcp", body).As(key));
    }
}
