using System.Net;
using Xunit;

namespace NativeGateway.IntegrationTests.ControlPlane.Admin;

public abstract partial class AdminContract
{
    [Fact]
    public async Task Tenants_do_not_see_each_other()
    {
        var (_, workspace, administrator) = await NewTenantAsync("acme");
        var server = await administrator.PostAsync("/servers", """{"name":"mine","url":"https://example.com/mcp"}""");
        Assert.Equal(HttpStatusCode.Created, server.Status);
        Assert.Equal(workspace, server.Body.GetProperty("workspaceId").GetString());
        var (strangersOrganization, strangersWorkspace, stranger) = await NewTenantAsync("stranger");

        foreach (var path in (string[])["/organizations", "/workspaces", "/servers", "/keys"])
        {
            var own = (await administrator.GetAsync(path)).Items.Select(item => item.GetProperty("id").GetString()).ToHashSet();
            var others = (await stranger.GetAsync(path)).Items.Select(item => item.GetProperty("id").GetString()).ToHashSet();
            Assert.NotEmpty(own);
            Assert.Empty(own.Intersect(others));
            foreach (var id in own)
            {
                await AssertUnknownAsync(stranger, $"{path}/{id}");
            }
        }

        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await stranger.PostAsync("/servers", $$"""{"name":"a","url":"https://example.com","workspaceId":"{{workspace}}"}""")).Status);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await stranger.PostAsync("/keys", $$"""{"name":"a","workspaceId":"{{workspace}}"}""")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await stranger.GetAsync($"/servers/export?workspaceId={workspace}")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await stranger.PostAsync($"/servers/import?workspaceId={workspace}", """{"mcpServers":{}}""")).Status);
        Assert.Empty((await stranger.GetAsync($"/servers?workspaceId={workspace}")).Items);
        Assert.Equal(HttpStatusCode.OK, (await Instance.GetAsync($"/organizations/{strangersOrganization}")).Status);
        Assert.Equal(HttpStatusCode.OK, (await Instance.GetAsync($"/workspaces/{strangersWorkspace}")).Status);
    }

    [Fact]
    public async Task Organizations_are_made_and_limited_by_the_instance_and_renamed_by_their_own()
    {
        var (organization, _, administrator) = await NewTenantAsync("acme");
        var path = $"/organizations/{organization}";

        Assert.Equal(HttpStatusCode.Forbidden, (await administrator.PostAsync("/organizations", """{"name":"more"}""")).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await Instance.PostAsync("/organizations", """{"name":"acme"}""")).Status);
        Assert.Equal(HttpStatusCode.OK, (await administrator.PatchAsync(path, """{"name":"acme inc"}""", "*")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await administrator.PatchAsync(path, """{"limits":null}""", "*")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await administrator.DeleteAsync(path)).Status);
        var bad = await Instance.PatchAsync(path, """{"allowedNetworks":["10.0.0.0/8","10.0.0.1/8"],"limits":{"requestsPerMinute":0}}""", "*");
        Assert.Equal(["/allowedNetworks/1", "/limits/requestsPerMinute"], bad.Pointers.Order(StringComparer.Ordinal));
        var limited = await Instance.PatchAsync(path, """{"limits":{"requestsPerMinute":60,"burst":1000}}""", "*");
        Assert.Equal(60, limited.Body.GetProperty("limits").GetProperty("requestsPerMinute").GetInt32());
    }

    [Fact]
    public async Task An_organization_is_exported_and_erased_whole_when_it_is_suspended()
    {
        var (organization, workspace, administrator) = await NewTenantAsync("acme");
        Assert.Equal(HttpStatusCode.Created, (await administrator.PostAsync("/servers", """{"name":"mine","url":"https://example.com/mcp","headers":{"X-Token":"planted-secret"}}""")).Status);
        var (_, _, stranger) = await NewTenantAsync("stranger");
        var path = $"/organizations/{organization}";

        Assert.Equal(HttpStatusCode.NotFound, (await stranger.GetAsync(path + "/export")).Status);
        var export = await administrator.GetAsync(path + "/export");
        Assert.Equal("acme", export.Body.GetProperty("organization").GetProperty("name").GetString());
        Assert.Equal(workspace, Assert.Single(export.Body.GetProperty("workspaces").EnumerateArray()).GetProperty("id").GetString());
        Assert.Equal("mine", Assert.Single(export.Body.GetProperty("servers").EnumerateArray()).GetProperty("name").GetString());
        Assert.NotEmpty(export.Body.GetProperty("keys").EnumerateArray());
        Assert.True(export.Body.GetProperty("rows").TryGetProperty("creations", out _));
        Assert.DoesNotContain("planted-secret", export.Body.GetRawText(), StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.Forbidden, (await administrator.DeleteAsync(path + "?cascade=true")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await Instance.DeleteAsync(path + "?cascade=yes")).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await Instance.DeleteAsync(path + "?cascade=true")).Status);
        Assert.Equal(HttpStatusCode.OK, (await Instance.PatchAsync(path, """{"suspended":true}""", "*")).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await Instance.DeleteAsync(path)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await Instance.DeleteAsync(path + "?cascade=true")).Status);

        Assert.NotEmpty((await Instance.GetAsync($"/audit?action=organization.deleted&resource=organization/{organization}&outcome=done")).Items);
        await AssertUnknownAsync(Instance, path);
        await AssertUnknownAsync(Instance, $"/workspaces/{workspace}");
        Assert.Equal(HttpStatusCode.Unauthorized, (await administrator.GetAsync("/servers")).Status);
        Assert.Equal(HttpStatusCode.OK, (await stranger.GetAsync("/servers")).Status);
    }

    [Fact]
    public async Task A_suspended_organization_is_locked_out_at_once()
    {
        var (organization, _, administrator) = await NewTenantAsync("acme");
        Assert.Equal(HttpStatusCode.OK, (await administrator.GetAsync("/servers")).Status);

        Assert.Equal(HttpStatusCode.OK, (await Instance.PatchAsync($"/organizations/{organization}", """{"suspended":true}""", "*")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await administrator.GetAsync("/servers")).Status);

        Assert.Equal(HttpStatusCode.OK, (await Instance.PatchAsync($"/organizations/{organization}", """{"suspended":false}""", "*")).Status);
        Assert.Equal(HttpStatusCode.OK, (await administrator.GetAsync("/servers")).Status);
    }

    [Fact]
    public async Task Only_what_is_empty_is_deleted_and_never_the_default()
    {
        var (organization, workspace, administrator) = await NewTenantAsync("acme");
        var key = (await administrator.GetAsync("/keys")).Items.Single().GetProperty("id").GetString();

        Assert.Equal(HttpStatusCode.Conflict, (await Instance.DeleteAsync($"/organizations/{organization}")).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await Instance.DeleteAsync($"/workspaces/{workspace}")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await Instance.DeleteAsync($"/keys/{key}")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await Instance.DeleteAsync($"/workspaces/{workspace}")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await Instance.DeleteAsync($"/organizations/{organization}")).Status);

        var home = (await Instance.GetAsync("/organizations")).Items.Single().GetProperty("id").GetString();
        Assert.Equal(HttpStatusCode.Conflict, (await Instance.DeleteAsync($"/organizations/{home}")).Status);
        var first = (await Instance.GetAsync("/workspaces")).Items.Single().GetProperty("id").GetString();
        Assert.Equal(HttpStatusCode.Conflict, (await Instance.DeleteAsync($"/workspaces/{first}")).Status);
    }

    [Fact]
    public async Task The_configuration_files_servers_stay_with_the_default_tenant()
    {
        // An organization whose name comes first in every order.
        var (_, _, administrator) = await NewTenantAsync("a");

        Assert.Empty((await administrator.GetAsync("/servers")).Items);
        Assert.Equal("filed", Assert.Single((await Instance.GetAsync("/servers")).Items).GetProperty("name").GetString());
        Assert.DoesNotContain("filed", (await administrator.CallAsync("tools/list")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_take_effect_and_what_is_the_operators_stays_the_operators()
    {
        var before = await Instance.GetAsync("/settings");
        Assert.True(before.Body.GetProperty("auth").GetProperty("required").GetBoolean());

        var changed = await Instance.PatchAsync(
            "/settings", """{"limits":{"maxRequestBytes":2048},"network":{"allowedOrigins":["https://app.example.com"]}}""", before.ETag);
        Assert.Equal(2048, changed.Body.GetProperty("limits").GetProperty("maxRequestBytes").GetInt32());
        Assert.Equal(HttpStatusCode.OK, (await Instance.SendAsync("GET", "/servers", null, ("Origin", "https://app.example.com"))).Status);
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await Instance.PatchAsync("/settings", "{}", before.ETag)).Status);

        foreach (var (patch, pointer) in new[]
        {
            ("""{"network":{"allowPrivateUpstreams":true}}""", "/network/allowPrivateUpstreams"),
            ("""{"network":{"trustedProxies":["0.0.0.0/0"]}}""", "/network/trustedProxies"),
            ("""{"stdio":{"allowedCommands":["sh"]}}""", "/stdio/allowedCommands"),
            ("""{"auth":{"required":false}}""", "/auth"),
            ("""{"limits":{"maxRequestBytes":1}}""", "/limits/maxRequestBytes"),
        })
        {
            Assert.Contains(pointer, (await Instance.PatchAsync("/settings", patch, "*")).Pointers);
        }
    }

    /// <summary>What a stranger gets for an id is what it gets for one that nobody ever gave.</summary>
    private static async Task AssertUnknownAsync(AdminClient stranger, string path)
    {
        var nowhere = path[..(path.LastIndexOf('/') + 1)] + NoSuchId;
        foreach (var (method, suffix, body) in new[]
        {
            ("GET", "", null), ("DELETE", "", null), ("PATCH", "", "{}"), ("POST", "/rotate", null), ("POST", "/revoke", null),
            ("GET", "/tools", null), ("GET", "/health", null), ("POST", "/test", null), ("POST", "/refresh", null), ("POST", "/enable", null),
        })
        {
            var one = await stranger.SendAsync(method, path + suffix, body, ("If-Match", "*"));
            var none = await stranger.SendAsync(method, nowhere + suffix, body, ("If-Match", "*"));
            Assert.Contains(one.Status, new[] { HttpStatusCode.NotFound, HttpStatusCode.Forbidden });
            Assert.Equal((none.Status, none.Body.GetProperty("detail").GetString()), (one.Status, one.Body.GetProperty("detail").GetString()));
        }
    }
}
