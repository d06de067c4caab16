using System.Net;
using System.Text.Json;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.ControlPlane.Admin;

public abstract partial class AdminContract
{
    private const string Hook = """{"name":"chat","url":"https://hooks.invalid/T0/planted-token?k=planted-key","events":["server.down"]}""";

    [Fact]
    public async Task The_secret_of_a_webhook_is_shown_once_and_its_path_never()
    {
        var created = await Instance.PostAsync("/webhooks", Hook, ("Idempotency-Key", "hook-1"));
        Assert.True(created.Status == HttpStatusCode.Created, created.Text);
        var secret = created.Body.GetProperty("secret").GetString()!;
        var path = $"/webhooks/{created.Id}";
        var again = await Instance.PostAsync("/webhooks", Hook, ("Idempotency-Key", "hook-1"));
        var rotated = await Instance.PostAsync($"{path}/rotate");
        var changed = await Instance.PatchAsync(path, """{"url":"https://hooks.invalid/…","events":[],"disabled":true}""", rotated.ETag);

        Assert.Equal((created.Id, HttpStatusCode.OK), (again.Id, changed.Status));
        Assert.Equal("https://hooks.invalid/…", changed.Body.GetProperty("url").GetString());
        Assert.True(changed.Body.GetProperty("disabled").GetBoolean());
        var newSecret = rotated.Body.GetProperty("secret").GetString()!;
        Assert.NotEqual(secret, newSecret);
        foreach (var reply in (AdminReply[])[again, changed, await Instance.GetAsync(path), await Instance.GetAsync("/webhooks")])
        {
            Assert.DoesNotContain("whsec_", reply.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("planted", reply.Text, StringComparison.Ordinal);
        }

        var audit = await Instance.GetAsync("/audit");
        Assert.DoesNotContain("planted", audit.Text, StringComparison.Ordinal);
        Assert.Superset(
            new HashSet<string> { "webhook.created", "webhook.rotated", "webhook.updated" },
            audit.Items.Select(entry => entry.GetProperty("action").GetString()!).ToHashSet());
        Assert.DoesNotContain("planted", Gateway.Logs, StringComparison.Ordinal);
        Assert.DoesNotContain("whsec_", Gateway.Logs, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NoContent, (await Instance.DeleteAsync(path)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await Instance.GetAsync(path)).Status);
    }

    [Fact]
    public async Task A_test_stands_among_the_deliveries_and_the_alerts()
    {
        var created = await CreatedAsync("/webhooks", Hook);

        Assert.Equal(HttpStatusCode.NoContent, (await Instance.PostAsync($"/webhooks/{created.Id}/test")).Status);

        var delivery = Assert.Single((await Instance.GetAsync($"/webhooks/{created.Id}/deliveries")).Items);
        Assert.Equal("webhook.test", delivery.GetProperty("alert").GetProperty("type").GetString());
        var alert = Assert.Single((await Instance.GetAsync("/alerts?limit=1")).Items);
        Assert.Equal(("webhook.test", created.Id), (alert.GetProperty("type").GetString(), alert.GetProperty("webhook").GetProperty("id").GetString()));
        await Instance.PatchAsync($"/webhooks/{created.Id}", """{"disabled":true}""", "*");
        Assert.Equal(HttpStatusCode.Conflict, (await Instance.PostAsync($"/webhooks/{created.Id}/test")).Status);
    }

    [Fact]
    public async Task A_mailbox_is_a_destination_without_a_secret_and_its_failures_stand_among_the_deliveries()
    {
        var created = await CreatedAsync("/webhooks", """{"name":"mail","url":"mailto:on.call@example.com","events":["server.down"]}""");
        var path = $"/webhooks/{created.Id}";

        Assert.Equal("mailto:on.call@example.com", created.Body.GetProperty("url").GetString());
        Assert.DoesNotContain("whsec_", created.Text, StringComparison.Ordinal);
        var changed = await Instance.PatchAsync(path, """{"url":"mailto:other@example.com"}""", created.ETag);
        Assert.Equal("mailto:other@example.com", changed.Body.GetProperty("url").GetString());

        Assert.Equal(HttpStatusCode.NoContent, (await Instance.PostAsync($"{path}/test")).Status);
        var waited = System.Diagnostics.Stopwatch.StartNew();
        JsonElement[] attempts;
        do
        {
            attempts = [.. Assert.Single((await Instance.GetAsync($"{path}/deliveries")).Items).GetProperty("attempts").EnumerateArray()];
        }
        while (attempts.Length == 0 && waited.Elapsed < TestTime.Limit);

        // Nobody listens where the configuration of these tests says.
        Assert.Equal("unreachable", Assert.Single(attempts).GetProperty("failure").GetString());
        Assert.DoesNotContain("@example.com", (await Instance.GetAsync("/audit")).Text + Gateway.Logs, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"name":"a","url":"mailto:a@b.c,d@e.f"}""", "/url")]
    [InlineData("""{"name":"a","url":"mailto:a@b.c?bcc=d@e.f"}""", "/url")]
    [InlineData("""{"name":"a","url":"http://example.com/"}""", "/url")]
    [InlineData("""{"name":"a","url":"https://10.0.0.1/"}""", "/url")]
    [InlineData("""{"name":"a","url":"https://2130706433/"}""", "/url")]
    [InlineData("""{"name":"a","url":"https://u:p@example.com/"}""", "/url")]
    [InlineData("""{"name":"a","url":"https://example.com:6379/"}""", "/url")]
    [InlineData("""{"name":"a"}""", "/url")]
    [InlineData("""{"name":"a","url":"https://example.com/","events":["webhook.test"]}""", "/events/0")]
    public async Task A_webhook_that_could_not_work_is_refused(string body, string pointer)
    {
        var refused = await Instance.PostAsync("/webhooks", body);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.Status);
        Assert.Equal([pointer], refused.Pointers);
    }

    [Fact]
    public async Task Webhooks_and_alerts_of_other_tenants_do_not_exist()
    {
        var (organization, _, administrator) = await NewTenantAsync("acme");
        var foreign = (await CreatedAsync("/webhooks", Hook)).Id;
        var own = await administrator.PostAsync("/webhooks", Hook);
        await Instance.PostAsync($"/webhooks/{foreign}/test");

        Assert.Equal(HttpStatusCode.Created, own.Status);
        Assert.Equal([own.Id], (await administrator.GetAsync("/webhooks")).Items.Select(item => item.GetProperty("id").GetString()));
        Assert.Empty((await administrator.GetAsync("/alerts")).Items);
        Assert.Empty((await Instance.GetAsync($"/alerts?organizationId={organization}")).Items);
        foreach (var path in (string[])[$"/webhooks/{foreign}", $"/webhooks/{foreign}/deliveries", $"/alerts?organizationId={NoSuchId}"])
        {
            Assert.Equal(HttpStatusCode.NotFound, (await administrator.GetAsync(path)).Status);
        }

        foreach (var verb in (string[])["test", "rotate"])
        {
            Assert.Equal(HttpStatusCode.NotFound, (await administrator.PostAsync($"/webhooks/{foreign}/{verb}")).Status);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await administrator.PatchAsync($"/webhooks/{foreign}", """{"name":"mine"}""", "*")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await administrator.DeleteAsync($"/webhooks/{foreign}")).Status);
    }
}
