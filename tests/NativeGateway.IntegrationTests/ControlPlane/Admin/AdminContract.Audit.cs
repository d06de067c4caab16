using System.Net;
using System.Text.Json;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.ControlPlane.Admin;

public abstract partial class AdminContract
{
    [Fact]
    public async Task Every_change_stands_in_the_audit_log_with_who_and_what_and_no_secret()
    {
        const string Secret = "s3cr3t-audit-0123456789";
        var server = await CreatedAsync("/servers", $$$"""{"name":"a","url":"https://example.com/mcp","headers":{"X-A":"{{{Secret}}}"}}""");
        var changed = await Instance.PatchAsync($"/servers/{server.Id}", $$"""{"headers":{"X-A":"{{Secret}}2" },"timeout":"5s"}""", "*");
        await Instance.PostAsync($"/servers/{server.Id}/disable");
        await Instance.PostAsync($"/servers/{server.Id}/disable");
        await Instance.DeleteAsync($"/servers/{server.Id}");
        var key = await CreatedAsync("/keys", """{"name":"ci"}""");
        await Instance.PostAsync($"/keys/{key.Id}/rotate");
        await Instance.PostAsync($"/keys/{key.Id}/revoke");
        await Instance.PatchAsync("/settings", """{"limits":{"maxRequestBytes":8192}}""", "*");

        var log = await Instance.GetAsync("/audit?outcome=done&order=asc");

        Assert.Equal(
            [
                "instance.created", "server.created", "server.updated", "server.disabled", "server.deleted", "key.created", "key.rotated", "key.revoked",
                "settings.updated",
            ],
            log.Items.Select(entry => entry.GetProperty("action").GetString()));
        var update = log.Items.ElementAt(2);
        Assert.Equal(["headers", "timeout"], update.GetProperty("fields").EnumerateArray().Select(field => field.GetString()));
        Assert.Equal(("server", server.Id), (update.GetProperty("resource").GetProperty("type").GetString(), update.GetProperty("resource").GetProperty("id").GetString()));
        Assert.Equal(("key", "127.0.0.1"), (update.GetProperty("actor").GetProperty("kind").GetString(), update.GetProperty("actor").GetProperty("address").GetString()));
        Assert.Equal(Gateway.InstanceKey.Substring(4, 12), update.GetProperty("actor").GetProperty("id").GetString());
        Assert.Equal(Assert.Single(changed.Headers.GetValues("X-Request-Id")), update.GetProperty("requestId").GetString());
        Assert.Equal(["limits.maxRequestBytes"], log.Items.Last().GetProperty("fields").EnumerateArray().Select(field => field.GetString()));
        Assert.DoesNotContain(Secret, log.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("argon2", log.Text, StringComparison.Ordinal);
        Assert.True((await Instance.GetAsync("/audit/verify")).Body.GetProperty("ok").GetBoolean());
    }

    [Fact]
    public async Task Refusals_stand_in_the_audit_log_counted_together()
    {
        var wrong = Gateway.InstanceKey[..17] + "wrong";
        using var nobody = new AdminClient(Gateway.Address, wrong);
        await nobody.CallAsync("tools/list");
        var reader = await NewClientAsync("""{"name":"reader","scopes":["admin:read"]}""");
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await reader.PostAsync("/servers", "{}")).Status);
        }

        await reader.CallAsync("tools/list");
        Assert.Equal(HttpStatusCode.Conflict, (await Instance.PostAsync("/workspaces", """{"name":"default"}""")).Status);

        var unauthenticated = await LoggedAsync("outcome=unauthenticated");
        Assert.Equal(("mcp", "anonymous"), (unauthenticated.GetProperty("action").GetString(), unauthenticated.GetProperty("actor").GetProperty("kind").GetString()));
        var forbidden = await LoggedAsync("outcome=forbidden&action=api.*");
        Assert.Equal(("api.POST /servers", "key"), (forbidden.GetProperty("action").GetString(), forbidden.GetProperty("actor").GetProperty("kind").GetString()));
        Assert.Equal("mcp", (await LoggedAsync("outcome=forbidden&action=mcp*")).GetProperty("action").GetString());
        Assert.Equal("api.POST /workspaces", (await LoggedAsync("outcome=conflict")).GetProperty("action").GetString());
        Assert.True((await Instance.GetAsync("/audit/verify")).Body.GetProperty("ok").GetBoolean());
    }

    [Fact]
    public async Task A_tenant_sees_its_own_part_of_the_audit_log_and_nothing_else()
    {
        var (organization, _, administrator) = await NewTenantAsync("acme");
        await CreatedAsync("/workspaces", """{"name":"secret-plans"}""");
        await administrator.PostAsync("/workspaces", """{"name":"own"}""");

        var own = await administrator.GetAsync("/audit?limit=200");

        Assert.NotEmpty(own.Items);
        Assert.All(own.Items, entry => Assert.Equal(organization, entry.GetProperty("organizationId").GetString()));
        var other = (await Instance.GetAsync("/organizations")).Items.First(one => one.GetProperty("name").GetString() == "default").GetProperty("id").GetString();
        Assert.Empty((await administrator.GetAsync($"/audit?organizationId={other}")).Items);
        Assert.Equal(HttpStatusCode.Forbidden, (await administrator.GetAsync("/audit/verify")).Status);
        var lines = (await administrator.GetAsync("/audit/export")).Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(lines, line => Assert.Equal(organization, JsonDocument.Parse(line).RootElement.GetProperty("organizationId").GetString()));
    }

    [Fact]
    public async Task The_audit_log_comes_in_pages_and_whole()
    {
        for (var i = 0; i < 5; i++)
        {
            await CreatedAsync("/workspaces", $$"""{"name":"w{{i}}"}""");
        }

        var seen = new List<long>();
        var cursor = "";
        do
        {
            var page = await Instance.GetAsync("/audit?limit=2" + cursor);
            seen.AddRange(page.Items.Select(entry => entry.GetProperty("sequence").GetInt64()));
            cursor = page.Body.TryGetProperty("nextCursor", out var next) ? $"&cursor={next.GetString()}" : "";
        }
        while (cursor.Length > 0);

        Assert.Equal([6L, 5, 4, 3, 2, 1], seen);
        var lines = (await Instance.GetAsync("/audit/export")).Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal([1L, 2, 3, 4, 5, 6], lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("sequence").GetInt64()));
        var table = (await Instance.GetAsync("/audit/export?format=csv&action=workspace.created")).Text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith("sequence,at,", table[0], StringComparison.Ordinal);
        Assert.Equal(6, table.Length);
        foreach (var wrong in (string[])["cursor=AAAA", "from=now", "order=up", "resource=", "action=%00", "organizationId=x", "limit=0"])
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await Instance.GetAsync("/audit?" + wrong)).Status);
        }
    }

    [Fact]
    public async Task A_change_that_cannot_be_logged_is_not_made()
    {
        await ExecuteAsync("ALTER TABLE audit_entries RENAME TO hidden");

        var refused = await Instance.PostAsync("/workspaces", """{"name":"w"}""");

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "urn:native-gateway:problem:database-unavailable"), (refused.Status, refused.Body.GetProperty("type").GetString()));
        Assert.Single((await Instance.GetAsync("/workspaces")).Items);
        await ExecuteAsync("ALTER TABLE hidden RENAME TO audit_entries");
        await CreatedAsync("/workspaces", """{"name":"w"}""");
        Assert.True((await Instance.GetAsync("/audit/verify")).Body.GetProperty("ok").GetBoolean());
    }

    /// <summary>Asked until it is there: refusals are written a moment later.</summary>
    private async Task<JsonElement> LoggedAsync(string query)
    {
        using var deadline = new CancellationTokenSource(TestTime.Limit);
        while (true)
        {
            deadline.Token.ThrowIfCancellationRequested();
            if ((await Instance.GetAsync("/audit?" + query)).Items.ToList() is [var entry, ..])
            {
                return entry;
            }
        }
    }
}
