using System.Net;
using System.Text.Json;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.ControlPlane.Admin;

/// <summary>
/// What the administration API does, whatever database lies below it, over HTTP against a whole gateway. This part: what is alike for all
/// operations; the others: one resource each.
/// </summary>
public abstract partial class AdminContract : IAsyncLifetime
{
    private const string NoSuchId = "018f0000-0000-7000-8000-000000000000";

    private TempDatabase? _database;
    private AdminGateway? _gateway;

    private protected TempDatabase Database => _database!;

    private protected AdminGateway Gateway => _gateway!;

    /// <summary>With the key of the first start.</summary>
    private protected AdminClient Instance => Gateway.Instance;

    public async Task InitializeAsync()
    {
        _database = await CreateDatabaseAsync();
        _gateway = await AdminGateway.StartAsync(_database);
    }

    public async Task DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await _database!.DisposeAsync();
    }

    [Fact]
    public async Task Nothing_is_answered_without_a_key_but_the_description_of_the_api()
    {
        using var nobody = new AdminClient(Gateway.Address, null);
        foreach (var path in (string[])["/organizations", "/servers", $"/servers/{NoSuchId}", "/settings"])
        {
            var refused = await nobody.GetAsync(path);
            Assert.Equal((HttpStatusCode.Unauthorized, "application/problem+json"), (refused.Status, refused.ContentType));
            Assert.Equal("urn:native-gateway:problem:unauthenticated", refused.Body.GetProperty("type").GetString());
            Assert.StartsWith("Bearer", refused.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        }

        Assert.Equal("3.1.0", (await nobody.GetAsync("/openapi.json")).Body.GetProperty("openapi").GetString());
    }

    [Fact]
    public async Task Every_answer_names_its_request_and_is_kept_by_no_cache()
    {
        foreach (var path in (string[])["/organizations", "/nowhere", $"/keys/{NoSuchId}"])
        {
            var reply = await Instance.GetAsync(path);
            Assert.True(reply.Headers.CacheControl!.NoStore);
            var id = Assert.Single(reply.Headers.GetValues("X-Request-Id"));
            if (!path.StartsWith("/org", StringComparison.Ordinal))
            {
                Assert.Equal($"urn:native-gateway:request:{id}", reply.Body.GetProperty("instance").GetString());
            }
        }
    }

    [Fact]
    public async Task A_key_does_what_its_scopes_say()
    {
        var reader = await NewClientAsync("""{"name":"reader","scopes":["admin:read"]}""");
        Assert.Equal(HttpStatusCode.OK, (await reader.GetAsync("/servers")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.PostAsync("/servers", """{"name":"a","url":"https://example.com/mcp"}""")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.GetAsync("/settings")).Status);

        var caller = await NewClientAsync("""{"name":"caller"}""");
        Assert.Equal(HttpStatusCode.Forbidden, (await caller.GetAsync("/servers")).Status);
    }

    [Fact]
    public async Task Unknown_paths_and_methods_are_told_apart()
    {
        Assert.Equal(HttpStatusCode.NotFound, (await Instance.GetAsync("/nothing")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await Instance.GetAsync("")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await Instance.GetAsync("/servers/")).Status);
        var other = await Instance.SendAsync("PUT", "/servers", "{}");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, other.Status);
        Assert.Contains("GET, POST", other.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{", HttpStatusCode.BadRequest, null)]
    [InlineData("", HttpStatusCode.BadRequest, null)]
    [InlineData("""{"name":"a","name":"b"}""", HttpStatusCode.BadRequest, "/name")]
    [InlineData("""{"name":"\ud800"}""", HttpStatusCode.BadRequest, "/name")]
    [InlineData("""{"name":"a\u0000"}""", HttpStatusCode.BadRequest, "/name")]
    [InlineData("""{"x/y~z":{"a":["\udc00"]}}""", HttpStatusCode.BadRequest, "/x~1y~0z/a/0")]
    [InlineData("[]", HttpStatusCode.UnprocessableEntity, "")]
    [InlineData("null", HttpStatusCode.UnprocessableEntity, "")]
    [InlineData("""{"name":5}""", HttpStatusCode.UnprocessableEntity, "/name")]
    [InlineData("""{"name":" a"}""", HttpStatusCode.UnprocessableEntity, "/name")]
    [InlineData("""{"name":"a","nmae":"b"}""", HttpStatusCode.UnprocessableEntity, "/nmae")]
    [InlineData("""{"name":"a","organizationId":"no uuid"}""", HttpStatusCode.UnprocessableEntity, "/organizationId")]
    [InlineData("""{"name":"a","organizationId":"018f0000-0000-7000-8000-000000000000"}""", HttpStatusCode.UnprocessableEntity, "/organizationId")]
    public async Task A_bad_body_is_refused_with_the_place_of_its_fault(string body, HttpStatusCode status, string? pointer)
    {
        var refused = await Instance.PostAsync("/workspaces", body);

        Assert.Equal(status, refused.Status);
        if (pointer is not null)
        {
            Assert.Contains(pointer, refused.Pointers);
        }
    }

    [Fact]
    public async Task All_faults_are_told_at_once()
    {
        var refused = await Instance.PostAsync(
            "/servers",
            """{"name":"a b","url":"ftp://x","headers":{"Host":"x","X-A":"line\nbreak"},"timeout":"1 year","tools":{"allow":[1]},"limits":{"burst":1}}""");

        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.Status);
        Assert.Superset(
            new HashSet<string> { "/name", "/url", "/headers/Host", "/headers/X-A", "/timeout", "/tools/allow/0", "/limits" }, refused.Pointers.ToHashSet());
    }

    [Fact]
    public async Task Bodies_of_another_kind_or_size_are_refused()
    {
        using var text = new StringContent("name=a");
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await Instance.SendContentAsync("POST", "/workspaces", text)).Status);
        using var bytes = new ByteArrayContent([0x22, 0xff, 0x22]) { Headers = { ContentType = new("application/json") } };
        Assert.Equal(HttpStatusCode.BadRequest, (await Instance.SendContentAsync("POST", "/workspaces", bytes)).Status);
        var large = JsonSerializer.Serialize(new { name = "a", instructions = new string('x', 300_000) });
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await Instance.PostAsync("/workspaces", large)).Status);
        var deep = new string('[', 100) + new string(']', 100);
        Assert.Equal(HttpStatusCode.BadRequest, (await Instance.PostAsync("/workspaces", deep)).Status);
    }

    [Fact]
    public async Task A_foreign_web_page_is_refused()
    {
        var refused = await Instance.SendAsync("GET", "/servers", null, ("Origin", "https://evil.example"));

        Assert.Equal(HttpStatusCode.Forbidden, refused.Status);
    }

    [Fact]
    public async Task Guessed_keys_run_into_the_limit_of_their_address()
    {
        using var guesser = new AdminClient(Gateway.Address, "ngw_wrong");
        var statuses = new HashSet<HttpStatusCode>();
        for (var i = 0; i < 60; i++)
        {
            statuses.Add((await guesser.GetAsync("/servers")).Status);
        }

        Assert.Equal([HttpStatusCode.Unauthorized, HttpStatusCode.TooManyRequests], statuses);
    }

    [Fact]
    public async Task Pages_show_everything_once()
    {
        foreach (var name in Enumerable.Range(0, 7))
        {
            await CreatedAsync("/workspaces", $$"""{"name":"w{{name}}"}""");
        }

        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = await Instance.GetAsync("/workspaces?limit=3" + (cursor is null ? "" : $"&cursor={cursor}"));
            Assert.True(page.Items.Count() <= 3);
            seen.AddRange(page.Items.Select(item => item.GetProperty("name").GetString()!));
            cursor = page.Body.TryGetProperty("nextCursor", out var next) ? next.GetString() : null;
        }
        while (cursor is not null);

        Assert.Equal(["default", "w0", "w1", "w2", "w3", "w4", "w5", "w6"], seen);
        foreach (var wrong in (string[])["limit=0", "limit=201", "limit=x", "cursor=%00", "cursor=*", "cursor=", "limit=1&limit=2"])
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await Instance.GetAsync("/workspaces?" + wrong)).Status);
        }
    }

    [Fact]
    public async Task A_change_needs_the_state_that_it_was_decided_on()
    {
        var created = await CreatedAsync("/workspaces", """{"name":"w"}""");
        var path = $"/workspaces/{created.Id}";

        Assert.Equal(HttpStatusCode.PreconditionRequired, (await Instance.PatchAsync(path, """{"name":"x"}""", null)).Status);
        var changed = await Instance.PatchAsync(path, """{"name":"x"}""", created.ETag);
        Assert.Equal((HttpStatusCode.OK, "x"), (changed.Status, changed.Body.GetProperty("name").GetString()));
        Assert.NotEqual(created.ETag, changed.ETag);
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await Instance.PatchAsync(path, """{"name":"y"}""", created.ETag)).Status);
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await Instance.SendAsync("DELETE", path, null, ("If-Match", created.ETag))).Status);
        Assert.Equal(HttpStatusCode.OK, (await Instance.PatchAsync(path, """{"name":"z"}""", "*")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await Instance.DeleteAsync(path)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await Instance.GetAsync(path)).Status);
    }

    [Fact]
    public async Task Of_many_changes_of_one_state_exactly_one_is_made()
    {
        var created = await CreatedAsync("/workspaces", """{"name":"w"}""");

        var replies = await Task.WhenAll(Enumerable.Range(0, 8).Select(
            number => Instance.PatchAsync($"/workspaces/{created.Id}", $$"""{"instructions":"{{number}}"}""", created.ETag)));

        Assert.Single(replies, reply => reply.Status == HttpStatusCode.OK);
        Assert.Equal(7, replies.Count(reply => reply.Status == HttpStatusCode.PreconditionFailed));
    }

    [Fact]
    public async Task A_repeated_creation_creates_once()
    {
        const string Body = """{"name":"once"}""";
        var first = await Instance.PostAsync("/workspaces", Body, ("Idempotency-Key", "k1"));
        var again = await Instance.PostAsync("/workspaces", Body, ("Idempotency-Key", "k1"));

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.Created), (first.Status, again.Status));
        Assert.Equal((first.Id, first.Text), (again.Id, again.Text));
        Assert.Equal($"/api/v1/workspaces/{first.Id}", again.Headers.Location!.ToString());
        Assert.False(first.Headers.Contains("Idempotency-Replayed"));
        Assert.Equal("true", Assert.Single(again.Headers.GetValues("Idempotency-Replayed")));
        Assert.Equal(
            HttpStatusCode.UnprocessableEntity, (await Instance.PostAsync("/workspaces", """{"name":"other"}""", ("Idempotency-Key", "k1"))).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await Instance.PostAsync("/workspaces", Body, ("Idempotency-Key", new string('k', 300)))).Status);

        var many = await Task.WhenAll(Enumerable.Range(0, 6).Select(
            _ => Instance.PostAsync("/workspaces", """{"name":"at once"}""", ("Idempotency-Key", "k2"))));
        Assert.All(many, reply => Assert.Equal(HttpStatusCode.Created, reply.Status));
        Assert.Single(many.Select(reply => reply.Id).Distinct());

        await Instance.DeleteAsync($"/workspaces/{first.Id}");
        Assert.Equal(HttpStatusCode.Conflict, (await Instance.PostAsync("/workspaces", Body, ("Idempotency-Key", "k1"))).Status);
    }

    private protected abstract Task<TempDatabase> CreateDatabaseAsync();

    /// <summary>Past the gateway, as somebody with the database's password would.</summary>
    private protected abstract Task ExecuteAsync(string sql);

    /// <summary>Creates a key and returns a client that has it.</summary>
    private protected async Task<AdminClient> NewClientAsync(string keyJson) => Gateway.Client(await NewKeyAsync(keyJson));

    private protected async Task<string> NewKeyAsync(string keyJson) => (await CreatedAsync("/keys", keyJson)).Body.GetProperty("key").GetString()!;

    private protected async Task<AdminReply> CreatedAsync(string path, string json)
    {
        var reply = await Instance.PostAsync(path, json);
        Assert.True(reply.Status == HttpStatusCode.Created, reply.Text);
        return reply;
    }

    /// <summary>Another tenant: its organization, its workspace and an administrator of it.</summary>
    private protected async Task<(string Organization, string Workspace, AdminClient Administrator)> NewTenantAsync(string name)
    {
        var organization = (await CreatedAsync("/organizations", $$"""{"name":"{{name}}"}""")).Id;
        var workspace = (await CreatedAsync("/workspaces", $$"""{"name":"main","organizationId":"{{organization}}"}""")).Id;
        var key = await NewKeyAsync($$"""{"name":"boss","workspaceId":"{{workspace}}","scopes":["mcp","admin:read","admin:write"]}""");
        return (organization, workspace, Gateway.Client(key));
    }
}
