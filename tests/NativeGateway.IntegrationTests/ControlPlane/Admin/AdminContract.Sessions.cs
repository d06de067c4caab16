using System.Net;
using Xunit;

namespace NativeGateway.IntegrationTests.ControlPlane.Admin;

/// <summary>Signing in, by people.</summary>
public abstract partial class AdminContract
{
    [Fact]
    public async Task An_invited_user_signs_in_by_cookie_and_the_audit_log_names_it()
    {
        var invited = await CreatedAsync("/invitations", """{"email":"Ann@Example.com","role":"owner"}""");
        var token = invited.Body.GetProperty("token").GetString()!;
        using var browser = new AdminClient(Gateway.Address, null);
        var view = await browser.PostAsync("/invitations/lookup", $$"""{"token":"{{token}}"}""");
        Assert.Equal(("ann@example.com", false), (view.Body.GetProperty("email").GetString(), view.Body.GetProperty("hasAccount").GetBoolean()));
        var joined = await browser.PostAsync("/invitations/accept", Acceptance(token, "Ann"));
        Assert.True(joined.Status == HttpStatusCode.OK, joined.Text);
        Assert.Equal(HttpStatusCode.NotFound, (await browser.PostAsync("/invitations/accept", Acceptance(token, "Ann"))).Status);

        Assert.Equal("urn:native-gateway:problem:not-signed-in", (await browser.GetAsync("/session")).Body.GetProperty("type").GetString());
        var signedIn = await browser.PostAsync("/session", Credentials("ANN@example.com"));
        Assert.True(signedIn.Status == HttpStatusCode.OK, signedIn.Text);
        var cookie = Assert.Single(signedIn.Headers.GetValues("Set-Cookie"));
        Assert.Matches("^native-gateway-session=ngs_[\\w-]{43}; Path=/; Max-Age=86400; HttpOnly; SameSite=Strict$", cookie);
        var csrf = signedIn.Body.GetProperty("csrfToken").GetString()!;
        Assert.Equal(signedIn.Text, (await browser.GetAsync("/session")).Text);
        var changed = await browser.PostAsync("/workspaces", """{"name":"w"}""", ("X-CSRF-Token", csrf), ("Origin", Gateway.Address.GetLeftPart(UriPartial.Authority)));
        Assert.True(changed.Status == HttpStatusCode.Created, changed.Text);
        var left = await browser.SendAsync("DELETE", "/session", null, ("X-CSRF-Token", csrf));
        Assert.Equal((HttpStatusCode.NoContent, true), (left.Status, left.Headers.GetValues("Set-Cookie").Single().Contains("Max-Age=0", StringComparison.Ordinal)));
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.SendAsync("GET", "/workspaces", null, ("Cookie", cookie.Split(';')[0]))).Status);

        var user = joined.Body.GetProperty("userId").GetString();
        var log = await Instance.GetAsync($"/audit?actor={user}&outcome=done&order=asc");
        Assert.Equal(
            ["user.created", "member.created", "invitation.accepted", "session.created", "workspace.created", "session.ended"],
            log.Items.Select(entry => entry.GetProperty("action").GetString()));
        Assert.All(log.Items, entry => Assert.Equal("user", entry.GetProperty("actor").GetProperty("kind").GetString()));
        Assert.True((await Instance.GetAsync("/audit/verify")).Body.GetProperty("ok").GetBoolean());
        var everything = (await Instance.GetAsync("/audit?limit=200")).Text + (await Instance.GetAsync("/members")).Text + Gateway.Logs;
        Assert.All([token, Password, "ngs_", "argon2"], secret => Assert.DoesNotContain(secret, everything, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_change_by_cookie_needs_the_token_of_the_session_and_a_page_of_the_gateway()
    {
        await JoinAsync(Instance, "ann@example.com", "owner");
        var (browser, csrf) = await SignInAsync("ann@example.com");
        var otherPort = new UriBuilder(Gateway.Address) { Port = 1 }.Uri.GetLeftPart(UriPartial.Authority);
        (string, string)[][] forged =
        [
            [], [("X-CSRF-Token", "")], [("X-CSRF-Token", csrf[..^1] + (csrf[^1] == 'A' ? 'B' : 'A'))], [("X-CSRF-Token", csrf), ("Origin", otherPort)],
            [("X-CSRF-Token", csrf), ("Origin", "null")], [("X-CSRF-Token", csrf), ("Origin", "https://evil.example")],
        ];

        foreach (var headers in forged)
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await browser.PostAsync("/workspaces", """{"name":"forged"}""", headers)).Status);
            Assert.Equal(HttpStatusCode.Forbidden, (await browser.SendAsync("DELETE", "/session", null, headers)).Status);
        }

        Assert.Single((await browser.GetAsync("/workspaces")).Items);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/session")).Status);
        var refusal = await LoggedAsync("outcome=csrf");
        Assert.Equal("user", refusal.GetProperty("actor").GetProperty("kind").GetString());
    }

    [Fact]
    public async Task After_five_failures_an_account_is_locked_whether_it_exists_or_not_and_the_answers_tell_nothing()
    {
        await JoinAsync(Instance, "ann@example.com", "admin");
        await JoinAsync(Instance, "bob@example.com", "admin");
        using var browser = new AdminClient(Gateway.Address, null);
        var bodies = new List<string>();
        foreach (var email in (string[])["ann@example.com", "nobody@example.com"])
        {
            for (var attempt = 0; attempt < 5; attempt++)
            {
                var refused = await browser.PostAsync("/session", Credentials(email, "wrong password"));
                Assert.Equal(HttpStatusCode.Unauthorized, refused.Status);
                bodies.Add(refused.Body.GetProperty("detail").GetString()!);
            }

            var locked = await browser.PostAsync("/session", Credentials(email));
            Assert.Equal((HttpStatusCode.TooManyRequests, "urn:native-gateway:problem:locked"), (locked.Status, locked.Body.GetProperty("type").GetString()));
            Assert.InRange(locked.Headers.RetryAfter!.Delta!.Value.TotalMinutes, 14, 15);
        }

        Assert.Single(bodies.Distinct());
        Assert.Equal(HttpStatusCode.OK, (await browser.PostAsync("/session", Credentials("bob@example.com"))).Status);
        var user = (await Instance.GetAsync("/members")).Items.First().GetProperty("userId").GetString();
        Assert.Equal(user, (await LoggedAsync($"action=user.locked&actor={user}")).GetProperty("resource").GetProperty("id").GetString());
        Assert.Equal("user", (await LoggedAsync($"outcome=wrong-password&actor={user}")).GetProperty("actor").GetProperty("kind").GetString());
        Assert.Equal("user", (await LoggedAsync($"outcome=locked&actor={user}")).GetProperty("actor").GetProperty("kind").GetString());
    }

    [Fact]
    public async Task Attempts_at_once_get_no_more_guesses_than_one_after_another()
    {
        await JoinAsync(Instance, "ann@example.com", "admin");
        using var browser = new AdminClient(Gateway.Address, null);

        var replies = await Task.WhenAll(Enumerable.Range(0, 12).Select(number => browser.PostAsync("/session", Credentials("ann@example.com", $"wrong password {number}"))));

        Assert.Equal(5, replies.Count(reply => reply.Status == HttpStatusCode.Unauthorized));
        Assert.Equal(7, replies.Count(reply => reply.Status == HttpStatusCode.TooManyRequests));
    }

    [Fact]
    public async Task A_new_password_ends_all_sessions_but_the_one_that_chose_it()
    {
        await JoinAsync(Instance, "ann@example.com", "viewer");
        var (here, csrf) = await SignInAsync("ann@example.com");
        var (there, _) = await SignInAsync("ann@example.com");
        const string Next = "a much longer secret";

        Assert.Equal(
            HttpStatusCode.Unauthorized, (await here.PostAsync("/session/password", $$"""{"current":"wrong","password":"{{Next}}"}""", ("X-CSRF-Token", csrf))).Status);
        foreach (var weak in (string[])["short", "aaaaaaaaaaaaaaaa", "my ann@example.com 1"])
        {
            var refused = await here.PostAsync("/session/password", $$"""{"current":"{{Password}}","password":"{{weak}}"}""", ("X-CSRF-Token", csrf));
            Assert.Equal(["/password"], refused.Pointers);
            Assert.DoesNotContain(weak, refused.Text, StringComparison.Ordinal);
        }

        var changed = await here.PostAsync("/session/password", $$"""{"current":"{{Password}}","password":"{{Next}}"}""", ("X-CSRF-Token", csrf));

        Assert.True(changed.Status == HttpStatusCode.OK, changed.Text);
        Assert.Equal(HttpStatusCode.OK, (await here.GetAsync("/session")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await there.GetAsync("/session")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await there.PostAsync("/session", Credentials("ann@example.com"))).Status);
        Assert.Equal(HttpStatusCode.OK, (await there.PostAsync("/session", Credentials("ann@example.com", Next))).Status);
    }

    [Fact]
    public async Task A_user_of_two_organizations_switches_and_sees_one_at_a_time()
    {
        var (acme, _, administrator) = await NewTenantAsync("acme");
        await JoinAsync(Instance, "ann@example.com", "owner");
        var invitation = await Instance.PostAsync("/invitations", $$"""{"email":"ann@example.com","role":"viewer","organizationId":"{{acme}}"}""");
        using var nobody = new AdminClient(Gateway.Address, null);
        var token = invitation.Body.GetProperty("token").GetString()!;
        Assert.Equal(
            HttpStatusCode.Unauthorized, (await nobody.PostAsync("/invitations/accept", $$"""{"token":"{{token}}","password":"not the one she has"}""")).Status);
        Assert.Equal(HttpStatusCode.OK, (await nobody.PostAsync("/invitations/accept", $$"""{"token":"{{token}}","password":"{{Password}}"}""")).Status);
        Assert.Equal(["ann@example.com"], (await administrator.GetAsync("/members")).Items.Select(item => item.GetProperty("email").GetString()));

        var (browser, csrf) = await SignInAsync("ann@example.com");
        Assert.DoesNotContain(acme, (await browser.GetAsync("/organizations")).Text, StringComparison.Ordinal);
        Assert.Equal(
            HttpStatusCode.NotFound, (await browser.PostAsync("/session/organization", $$"""{"organizationId":"{{NoSuchId}}"}""", ("X-CSRF-Token", csrf))).Status);
        var switched = await browser.PostAsync("/session/organization", $$"""{"organizationId":"{{acme}}"}""", ("X-CSRF-Token", csrf));
        Assert.Equal((acme, 2), (switched.Body.GetProperty("organizationId").GetString(), switched.Body.GetProperty("organizations").GetArrayLength()));
        Assert.Equal([acme], (await browser.GetAsync("/organizations")).Items.Select(item => item.GetProperty("id").GetString()));
        Assert.Equal(HttpStatusCode.Forbidden, (await browser.PostAsync("/workspaces", """{"name":"w"}""", ("X-CSRF-Token", csrf))).Status);
        await Instance.PatchAsync($"/organizations/{acme}", """{"suspended":true}""", "*");
        Assert.Equal("urn:native-gateway:problem:suspended", (await browser.GetAsync("/organizations")).Body.GetProperty("type").GetString());
    }
}
