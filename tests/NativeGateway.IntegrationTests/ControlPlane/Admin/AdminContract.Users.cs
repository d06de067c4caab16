using System.Net;
using System.Text.Json;
using Xunit;

namespace NativeGateway.IntegrationTests.ControlPlane.Admin;

/// <summary>Members, their roles and invitations.</summary>
public abstract partial class AdminContract
{
    private const string Password = "correct horse battery";

    [Theory]
    [InlineData("viewer", HttpStatusCode.Forbidden, HttpStatusCode.Forbidden, HttpStatusCode.Forbidden)]
    [InlineData("member", HttpStatusCode.Created, HttpStatusCode.Forbidden, HttpStatusCode.Forbidden)]
    [InlineData("admin", HttpStatusCode.Created, HttpStatusCode.Created, HttpStatusCode.Forbidden)]
    [InlineData("owner", HttpStatusCode.Created, HttpStatusCode.Created, HttpStatusCode.Created)]
    public async Task A_user_may_what_its_role_says(string role, HttpStatusCode ownKey, HttpStatusCode workspace, HttpStatusCode inviteOwner)
    {
        await JoinAsync(Instance, "boss@example.com", "owner");
        await JoinAsync(Instance, "ann@example.com", role);
        var other = await CreatedAsync("/keys", """{"name":"of the organization"}""");
        var (browser, csrf) = await SignInAsync("ann@example.com");
        var token = ("X-CSRF-Token", csrf);

        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/servers")).Status);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/members")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await browser.GetAsync("/settings")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await browser.PostAsync("/organizations", """{"name":"mine"}""", token)).Status);
        Assert.Equal(ownKey, (await browser.PostAsync("/keys", """{"name":"own"}""", token)).Status);
        Assert.Equal(workspace, (await browser.PostAsync("/workspaces", """{"name":"w"}""", token)).Status);
        Assert.Equal(workspace, (await browser.PostAsync("/keys", """{"name":"strong","scopes":["admin:write"]}""", token)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await browser.PostAsync("/keys", """{"name":"above","scopes":["instance"]}""", token)).Status);
        Assert.Equal(
            workspace == HttpStatusCode.Created ? HttpStatusCode.OK : HttpStatusCode.Forbidden,
            (await browser.PostAsync($"/keys/{other.Id}/rotate", null, token)).Status);
        Assert.Equal(workspace, (await browser.PostAsync("/invitations", """{"email":"carl@example.com","role":"admin"}""", token)).Status);
        Assert.Equal(inviteOwner, (await browser.PostAsync("/invitations", """{"email":"dora@example.com","role":"owner"}""", token)).Status);
    }

    [Fact]
    public async Task The_last_owner_stays_and_nobody_reaches_above_their_own_role()
    {
        var owner = await JoinAsync(Instance, "owner@example.com", "owner");
        var admin = await JoinAsync(Instance, "admin@example.com", "admin");
        var (browser, csrf) = await SignInAsync("admin@example.com");

        Task<AdminReply> RoleAsync(string member, string role) =>
            browser.SendAsync("PATCH", $"/members/{member}", $$"""{"role":"{{role}}"}""", ("If-Match", "*"), ("X-CSRF-Token", csrf));

        Assert.Equal(HttpStatusCode.Forbidden, (await RoleAsync(admin, "owner")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await RoleAsync(owner, "viewer")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await browser.SendAsync("DELETE", $"/members/{owner}", null, ("X-CSRF-Token", csrf))).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await Instance.PatchAsync($"/members/{owner}", """{"role":"admin"}""", "*")).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await Instance.DeleteAsync($"/members/{owner}")).Status);

        var promoted = await Instance.PatchAsync($"/members/{admin}", """{"role":"owner"}""", "*");
        Assert.Equal("owner", promoted.Body.GetProperty("role").GetString());
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await Instance.PatchAsync($"/members/{admin}", """{"role":"admin"}""", "\"v1\"")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await browser.SendAsync("DELETE", $"/members/{owner}", null, ("X-CSRF-Token", csrf))).Status);
    }

    [Fact]
    public async Task Who_is_removed_is_signed_out_and_its_keys_are_refused()
    {
        await JoinAsync(Instance, "owner@example.com", "owner");
        var member = await JoinAsync(Instance, "ann@example.com", "member");
        var (browser, csrf) = await SignInAsync("ann@example.com");
        var key = await browser.PostAsync("/keys", """{"name":"own","scopes":["mcp","admin:read"]}""", ("X-CSRF-Token", csrf));
        var client = Gateway.Client(key.Body.GetProperty("key").GetString()!);
        Assert.Equal(HttpStatusCode.OK, (await client.CallAsync("tools/list")).Status);

        await Instance.PatchAsync($"/members/{member}", """{"role":"viewer"}""", "*");
        Assert.Equal(HttpStatusCode.Forbidden, (await client.CallAsync("tools/list")).Status);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/servers")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await Instance.DeleteAsync($"/members/{member}")).Status);

        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/servers")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.GetAsync("/session")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.PostAsync("/session", Credentials("ann@example.com"))).Status);
        Assert.Single((await Instance.GetAsync("/members")).Items);
    }

    [Fact]
    public async Task All_that_a_user_does_takes_from_its_one_bucket()
    {
        await JoinAsync(Instance, "ann@example.com", "owner");
        var (browser, csrf) = await SignInAsync("ann@example.com");
        var keys = new List<AdminClient>();
        for (var i = 0; i < 2; i++)
        {
            var key = await browser.PostAsync("/keys", """{"name":"own","scopes":["mcp","admin:read"]}""", ("X-CSRF-Token", csrf));
            keys.Add(Gateway.Client(key.Body.GetProperty("key").GetString()!));
        }

        var settings = await Instance.PatchAsync("/settings", """{"limits":{"user":{"requestsPerMinute":1,"burst":3}}}""", "*");
        Assert.Equal("""{"requestsPerMinute":1,"burst":3}""", settings.Body.GetProperty("limits").GetProperty("user").GetRawText());

        Assert.Equal(HttpStatusCode.OK, (await keys[0].CallAsync("tools/list")).Status);
        Assert.Equal(HttpStatusCode.OK, (await keys[1].GetAsync("/servers")).Status);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/servers")).Status);
        var refused = await keys[0].CallAsync("tools/list");
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.Status);
        Assert.Equal("user", refused.Body.GetProperty("error").GetProperty("data").GetProperty("scope").GetString());
        Assert.Equal(HttpStatusCode.TooManyRequests, (await browser.GetAsync("/servers")).Status);
        Assert.Equal(HttpStatusCode.OK, (await Instance.CallAsync("tools/list")).Status);
    }

    [Fact]
    public async Task The_token_of_an_invitation_is_shown_once_and_dies_with_it()
    {
        const string Body = """{"email":"ann@example.com","role":"viewer"}""";
        var first = await Instance.PostAsync("/invitations", Body, ("Idempotency-Key", "i1"));
        var token = first.Body.GetProperty("token").GetString()!;
        Assert.Equal($"/invite#{token}", first.Body.GetProperty("link").GetString());
        var again = await Instance.PostAsync("/invitations", Body, ("Idempotency-Key", "i1"));
        Assert.Equal((first.Id, false), (again.Id, again.Body.TryGetProperty("token", out _)));
        Assert.DoesNotContain("ngi_", (await Instance.GetAsync("/invitations")).Text + (await Instance.GetAsync($"/invitations/{first.Id}")).Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Conflict, (await Instance.PostAsync("/invitations", Body)).Status);

        var renewed = (await Instance.PostAsync($"/invitations/{first.Id}/renew")).Body.GetProperty("token").GetString()!;
        using var nobody = new AdminClient(Gateway.Address, null);
        Assert.Equal(HttpStatusCode.NotFound, (await nobody.PostAsync("/invitations/accept", Acceptance(token, "Ann"))).Status);
        await ExecuteAsync("UPDATE invitations SET expires_at = created_at");
        // What is changed past the gateway is seen with the next change through it.
        await CreatedAsync("/workspaces", """{"name":"w"}""");
        Assert.Equal(HttpStatusCode.NotFound, (await nobody.PostAsync("/invitations/accept", Acceptance(renewed, "Ann"))).Status);
        var next = (await CreatedAsync("/invitations", Body)).Id;
        Assert.Equal(HttpStatusCode.NoContent, (await Instance.DeleteAsync($"/invitations/{next}")).Status);
        Assert.Empty((await Instance.GetAsync("/invitations")).Items);
        Assert.Equal(
            ["invitation.created", "invitation.renewed", "invitation.revoked", "invitation.created", "invitation.revoked"],
            (await Instance.GetAsync("/audit?action=invitation.*&order=asc&outcome=done")).Items.Select(entry => entry.GetProperty("action").GetString()));
    }

    [Fact]
    public async Task Members_and_invitations_of_other_tenants_do_not_exist_and_go_into_the_own_export()
    {
        var (acme, _, administrator) = await NewTenantAsync("acme");
        var foreign = await JoinAsync(Instance, "ann@example.com", "owner");
        var invitation = await CreatedAsync("/invitations", """{"email":"bob@example.com","role":"viewer"}""");
        var own = await administrator.PostAsync("/invitations", """{"email":"carl@example.com","role":"viewer"}""");

        Assert.Equal([own.Id], (await administrator.GetAsync("/invitations")).Items.Select(item => item.GetProperty("id").GetString()));
        Assert.Empty((await administrator.GetAsync("/members")).Items);
        foreach (var path in (string[])[$"/members/{foreign}", $"/invitations/{invitation.Id}"])
        {
            Assert.Equal(HttpStatusCode.NotFound, (await administrator.GetAsync(path)).Status);
            Assert.Equal(HttpStatusCode.NotFound, (await administrator.DeleteAsync(path)).Status);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await administrator.PatchAsync($"/members/{foreign}", """{"role":"viewer"}""", "*")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await administrator.PostAsync($"/members/{foreign}/password", $$"""{"password":"{{Password}}"}""")).Status);
        var export = await Instance.GetAsync("/organizations/" + (await Instance.GetAsync($"/members/{foreign}")).Body.GetProperty("organizationId").GetString() + "/export");
        Assert.Equal("ann@example.com", export.Body.GetProperty("members").EnumerateArray().Single().GetProperty("email").GetString());
        Assert.Equal("bob@example.com", export.Body.GetProperty("invitations").EnumerateArray().Single().GetProperty("email").GetString());
        Assert.DoesNotContain("argon2", export.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(acme, export.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"role":"viewer"}""", "/email")]
    [InlineData("""{"email":"nobody","role":"viewer"}""", "/email")]
    [InlineData("""{"email":"a@b@c","role":"viewer"}""", "/email")]
    [InlineData("""{"email":"а@example.com","role":"viewer"}""", "/email")]
    [InlineData("""{"email":"a@example.com"}""", "/role")]
    [InlineData("""{"email":"a@example.com","role":"root"}""", "/role")]
    [InlineData("""{"email":"a@example.com","role":"viewer","organizationId":"018f0000-0000-7000-8000-000000000000"}""", "/organizationId")]
    public async Task An_invitation_that_could_not_work_is_refused(string body, string pointer)
    {
        var refused = await Instance.PostAsync("/invitations", body);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.Status);
        Assert.Equal([pointer], refused.Pointers);
    }

    private static string Credentials(string email, string password = Password) => JsonSerializer.Serialize(new { email, password });

    private static string Acceptance(string token, string name) => JsonSerializer.Serialize(new { token, name, password = Password });

    /// <summary>Invites and accepts; the id of the new member.</summary>
    private async Task<string> JoinAsync(AdminClient inviter, string email, string role)
    {
        var invited = await inviter.PostAsync("/invitations", JsonSerializer.Serialize(new { email, role }));
        using var nobody = new AdminClient(Gateway.Address, null);
        var joined = await nobody.PostAsync("/invitations/accept", Acceptance(invited.Body.GetProperty("token").GetString()!, email.Split('@')[0]));
        Assert.True(joined.Status == HttpStatusCode.OK, joined.Text);
        return joined.Id;
    }

    /// <summary>A client with the cookie of a session, and the token that its changes take.</summary>
    private async Task<(AdminClient Browser, string CsrfToken)> SignInAsync(string email)
    {
        var browser = Gateway.Client(null);
        var signedIn = await browser.PostAsync("/session", Credentials(email));
        Assert.True(signedIn.Status == HttpStatusCode.OK, signedIn.Text);
        return (browser, signedIn.Body.GetProperty("csrfToken").GetString()!);
    }
}
