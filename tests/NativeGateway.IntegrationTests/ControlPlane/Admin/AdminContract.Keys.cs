using System.Net;
using Xunit;

namespace NativeGateway.IntegrationTests.ControlPlane.Admin;

public abstract partial class AdminContract
{
    [Fact]
    public async Task A_key_works_at_once_and_its_secret_is_shown_once()
    {
        var created = await Instance.PostAsync(
            "/keys",
            """{"name":"ci","servers":{"allow":["fil*"]},"toolLimits":{"*_slow":{"requestsPerMinute":6}},"expiresAt":"2999-01-01T00:00:00Z"}""",
            ("Idempotency-Key", "key-1"));
        var text = created.Body.GetProperty("key").GetString()!;
        var path = $"/keys/{created.Id}";

        Assert.Contains("\"result\"", (await Gateway.Client(text).CallAsync("tools/list")).Text, StringComparison.Ordinal);
        var shown = await Instance.GetAsync(path);
        Assert.Equal(("active", "mcp", "fil*"), (Text("state"), shown.Body.GetProperty("scopes")[0].GetString(), shown.Body.GetProperty("servers").GetProperty("allow")[0].GetString()));
        Assert.Equal(6, shown.Body.GetProperty("toolLimits").GetProperty("*_slow").GetProperty("requestsPerMinute").GetInt32());
        var again = await Instance.PostAsync(
            "/keys",
            """{"name":"ci","servers":{"allow":["fil*"]},"toolLimits":{"*_slow":{"requestsPerMinute":6}},"expiresAt":"2999-01-01T00:00:00Z"}""",
            ("Idempotency-Key", "key-1"));
        Assert.Equal(created.Id, again.Id);
        foreach (var reply in (AdminReply[])[shown, again, await Instance.GetAsync("/keys")])
        {
            Assert.DoesNotContain(text[17..], reply.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("argon2", reply.Text, StringComparison.OrdinalIgnoreCase);
        }

        string? Text(string member) => shown.Body.GetProperty(member).GetString();
    }

    [Fact]
    public async Task A_rotated_key_has_another_secret_and_a_revoked_one_stays_revoked()
    {
        var created = await CreatedAsync("/keys", """{"name":"ci","scopes":["admin:read"]}""");
        var before = created.Body.GetProperty("key").GetString()!;
        var old = Gateway.Client(before);
        Assert.Equal(HttpStatusCode.OK, (await old.GetAsync("/servers")).Status);

        var after = (await Instance.PostAsync($"/keys/{created.Id}/rotate")).Body.GetProperty("key").GetString()!;
        Assert.Equal(before[..17], after[..17]);
        Assert.Equal(HttpStatusCode.Unauthorized, (await old.GetAsync("/servers")).Status);
        Assert.Equal(HttpStatusCode.OK, (await Gateway.Client(after).GetAsync("/servers")).Status);

        Assert.Equal("revoked", (await Instance.PostAsync($"/keys/{created.Id}/revoke")).Body.GetProperty("state").GetString());
        Assert.Equal(HttpStatusCode.Unauthorized, (await Gateway.Client(after).GetAsync("/servers")).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await Instance.PostAsync($"/keys/{created.Id}/rotate")).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await Instance.PatchAsync($"/keys/{created.Id}", """{"name":"x"}""", "*")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await Instance.DeleteAsync($"/keys/{created.Id}")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await Instance.GetAsync($"/keys/{created.Id}")).Status);
    }

    [Fact]
    public async Task A_key_is_changed_member_by_member()
    {
        var created = await CreatedAsync(
            "/keys", """{"name":"ci","scopes":["mcp","connect"],"tools":{"deny":["*_delete"]},"limits":{"requestsPerMinute":60},"expiresAt":"2999-01-01T00:00:00Z"}""");

        var changed = await Instance.PatchAsync($"/keys/{created.Id}", """{"limits":null,"expiresAt":null,"tools":{"allow":["get_*"]}}""", created.ETag);

        Assert.Equal(HttpStatusCode.OK, changed.Status);
        Assert.False(changed.Body.TryGetProperty("limits", out _));
        Assert.Null(changed.Body.GetProperty("expiresAt").GetString());
        Assert.Equal(("get_*", "*_delete"), (changed.Body.GetProperty("tools").GetProperty("allow")[0].GetString(), changed.Body.GetProperty("tools").GetProperty("deny")[0].GetString()));
        Assert.Equal(2, changed.Body.GetProperty("scopes").GetArrayLength());
        Assert.Equal(["/expiresAt", "/scopes/0"], (await Instance.PatchAsync($"/keys/{created.Id}", """{"scopes":["root"],"expiresAt":"soon"}""", "*")).Pointers.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Nobody_reaches_beyond_its_own_rights()
    {
        var (_, _, administrator) = await NewTenantAsync("acme");
        var beside = await NewClientAsync("""{"name":"beside","scopes":["admin:read","admin:write"]}""");
        var instanceKey = (await Instance.GetAsync("/keys")).Items.First(key => key.GetProperty("name").GetString() == "administrator").GetProperty("id").GetString();

        foreach (var client in (AdminClient[])[administrator, beside])
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await client.PostAsync("/keys", """{"name":"up","scopes":["instance"]}""")).Status);
        }

        var own = await beside.PostAsync("/keys", """{"name":"own"}""");
        Assert.Equal(HttpStatusCode.Forbidden, (await beside.PatchAsync($"/keys/{own.Id}", """{"scopes":["mcp","instance"]}""", "*")).Status);
        foreach (var verb in (string[])["rotate", "revoke"])
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await beside.PostAsync($"/keys/{instanceKey}/{verb}")).Status);
        }

        Assert.Equal(HttpStatusCode.Forbidden, (await beside.DeleteAsync($"/keys/{instanceKey}")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await beside.PatchAsync($"/keys/{instanceKey}", """{"scopes":["mcp"]}""", "*")).Status);
        Assert.Equal(HttpStatusCode.OK, (await Instance.GetAsync("/settings")).Status);
    }
}
