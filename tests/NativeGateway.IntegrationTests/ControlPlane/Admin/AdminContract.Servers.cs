using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Xunit;

namespace NativeGateway.IntegrationTests.ControlPlane.Admin;

public abstract partial class AdminContract
{
    private const string Planted = "s3cr3t-Pl4nted-0123456789abcdef";

    [Fact]
    public async Task A_servers_secrets_go_in_and_never_come_out()
    {
        var created = await CreatedAsync(
            "/servers",
            $$"""{"name":"github","url":"https://example.com/mcp?api_key={{Planted}}","headers":{"X-Token":"{{Planted}}"},"auth":{"type":"bearer","token":"{{Planted}}"} }""");
        var local = await CreatedAsync(
            "/servers", $$"""{"name":"local","command":"npx","args":["-y","pkg","--token","{{Planted}}","--key={{Planted}}","{{Planted}}"],"env":{"TOKEN":"{{Planted}}"},"disabled":true}""");

        Assert.Equal(["Authorization", "X-Token"], created.Body.GetProperty("headerNames").EnumerateArray().Select(name => name.GetString()!).Order(StringComparer.Ordinal));
        Assert.Equal(["-y", "pkg", "--token", "…", "--key=…", "…"], local.Body.GetProperty("args").EnumerateArray().Select(argument => argument.GetString()));
        foreach (var reply in (AdminReply[])
            [
                created, local, await Instance.GetAsync("/servers"), await Instance.GetAsync($"/servers/{created.Id}"), await Instance.GetAsync("/servers/export"),
                await Instance.GetAsync("/servers/export?format=csv"), await Instance.PatchAsync($"/servers/{created.Id}", """{"headers":{"X-Token":5}}""", "*"),
            ])
        {
            Assert.DoesNotContain(Planted, reply.Text, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(Planted, Gateway.Logs, StringComparison.Ordinal);
        var export = (await Instance.GetAsync("/servers/export")).Body.GetProperty("mcpServers").GetProperty("github");
        Assert.Equal("${GITHUB_X_TOKEN}", export.GetProperty("headers").GetProperty("X-Token").GetString());
    }

    [Fact]
    public async Task A_server_is_changed_member_by_member_and_keeps_its_secrets()
    {
        var created = await CreatedAsync("/servers", """{"name":"a","url":"https://one.example.com/mcp","headers":{"X-A":"1","X-B":"2"},"timeout":"5s"}""");
        var path = $"/servers/{created.Id}";

        var changed = await Instance.PatchAsync(path, """{"headers":{"X-A":null,"X-C":"3"},"instructions":"Use it.","tools":{"deny":["x*"]}}""", created.ETag);
        Assert.Equal(["X-B", "X-C"], changed.Body.GetProperty("headerNames").EnumerateArray().Select(name => name.GetString()!).Order(StringComparer.Ordinal));
        Assert.Equal(("5s", "Use it."), (changed.Body.GetProperty("timeout").GetString(), changed.Body.GetProperty("instructions").GetString()));
        Assert.Equal("https://one.example.com/other", (await Instance.PatchAsync(path, """{"url":"https://one.example.com/other"}""", "*")).Body.GetProperty("endpoints")[0].GetProperty("url").GetString());

        var stolen = await Instance.PatchAsync(path, """{"url":"https://evil.example.com/mcp","headers":{"X-B":"again"}}""", "*");
        Assert.Equal(["/headers/X-C"], stolen.Pointers);
        Assert.Equal(HttpStatusCode.OK, (await Instance.PatchAsync(path, """{"url":"https://new.example.com/mcp","headers":{"X-B":"2","X-C":null}}""", "*")).Status);
        var program = await Instance.PatchAsync(path, """{"command":"npx","args":["-y","pkg"]}""", "*");
        Assert.Equal(("stdio", "npx"), (program.Body.GetProperty("type").GetString(), program.Body.GetProperty("command").GetString()));
    }

    [Fact]
    public async Task How_a_server_is_used_is_kept_when_something_else_of_it_is_changed()
    {
        var created = await CreatedAsync(
            "/servers",
            """
            {"name":"a","endpoints":[{"url":"https://one.example.com/mcp","region":"eu","weight":2},{"url":"https://two.example.com/mcp","priority":1}],
             "loadBalancing":"round-robin","healthCheck":false,"limits":{"maxConcurrent":7}}
            """);

        var changed = await Instance.PatchAsync($"/servers/{created.Id}", """{"instructions":"Use it."}""", created.ETag);

        Assert.Equal("round-robin", changed.Body.GetProperty("loadBalancing").GetString());
        Assert.False(changed.Body.GetProperty("healthCheck").GetBoolean());
        Assert.Equal(7, changed.Body.GetProperty("limits").GetProperty("maxConcurrent").GetInt32());
        var health = (await Instance.GetAsync($"/servers/{created.Id}/health")).Body;
        Assert.Equal(2, health.GetProperty("endpoints").GetArrayLength());
        Assert.DoesNotContain("example.com", health.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"name":"a","url":"http://127.0.0.1:8080/mcp"}""", "/url")]
    [InlineData("""{"name":"a","url":"http://2130706433/mcp"}""", "/url")]
    [InlineData("""{"name":"a","url":"http://[::ffff:10.0.0.1]/mcp"}""", "/url")]
    [InlineData("""{"name":"a","url":"http://169.254.169.254/latest"}""", "/url")]
    [InlineData("""{"name":"a","url":"http://localhost/mcp"}""", "/url")]
    [InlineData("""{"name":"a","url":"http://metadata.google.internal/mcp"}""", "/url")]
    [InlineData("""{"name":"a","url":"https://example.com:6379/mcp"}""", "/url")]
    [InlineData("""{"name":"a","url":"https://user:pw@example.com/mcp"}""", "/url")]
    [InlineData("""{"name":"a","endpoints":[{"url":"https://example.com"},{"url":"http://10.0.0.1"}]}""", "/endpoints/1/url")]
    [InlineData("""{"name":"a","command":"sh","args":["-c","id"]}""", "/command")]
    [InlineData("""{"name":"a","command":"/usr/bin/node"}""", "/command")]
    [InlineData("""{"name":"a","command":"node","cwd":"/etc"}""", "/cwd")]
    [InlineData("""{"name":"a","command":"node","env":{"NODE_OPTIONS":"--require /x"}}""", "/env/NODE_OPTIONS")]
    [InlineData("""{"name":"a","command":"node","env":{"LD_PRELOAD":"x"}}""", "/env/LD_PRELOAD")]
    [InlineData("""{"name":"a","command":"node","args":["a\nb"]}""", "/args")]
    public async Task What_comes_over_the_api_stays_out_of_the_gateways_network_and_machine(string body, string pointer)
    {
        var refused = await Instance.PostAsync("/servers", body);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.Status);
        Assert.Equal([pointer], refused.Pointers);
    }

    [Fact]
    public async Task Servers_of_the_file_are_shown_tried_and_not_changed()
    {
        var filed = (await Instance.GetAsync("/servers")).Items.Single();
        var path = $"/servers/{filed.GetProperty("id").GetString()}";
        Assert.Equal("file", filed.GetProperty("source").GetString());

        foreach (var reply in (AdminReply[])
            [await Instance.PatchAsync(path, """{"disabled":true}""", "*"), await Instance.DeleteAsync(path), await Instance.PostAsync(path + "/disable")])
        {
            Assert.Equal(HttpStatusCode.Conflict, reply.Status);
            Assert.Contains("configuration file", reply.Text, StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.Conflict, (await Instance.PostAsync("/servers", """{"name":"filed","url":"https://example.com"}""")).Status);
        var test = await Instance.PostAsync(path + "/test");
        Assert.True(test.Body.GetProperty("ok").GetBoolean(), test.Text);
        Assert.Equal("healthy", (await Instance.PostAsync(path + "/refresh")).Body.GetProperty("status").GetString());
        Assert.Equal(test.Body.GetProperty("tools").GetInt32(), (await Instance.GetAsync(path + "/health")).Body.GetProperty("tools").GetInt32());
        var echo = (await Instance.GetAsync(path + "/tools")).Items.First(tool => tool.GetProperty("name").GetString() == "echo");
        Assert.Equal(("filed__echo", "echo"), (echo.GetProperty("exposedName").GetString(), echo.GetProperty("definition").GetProperty("name").GetString()));
    }

    [Fact]
    public async Task A_server_that_cannot_be_reached_says_so_when_it_is_tried()
    {
        // Reserved never to exist (RFC 6761).
        var created = await CreatedAsync("/servers", """{"name":"gone","url":"https://gone.invalid/mcp","timeout":"5s"}""");
        var path = $"/servers/{created.Id}";

        var test = await Instance.PostAsync(path + "/test");
        Assert.False(test.Body.GetProperty("ok").GetBoolean());
        Assert.Contains("gone", test.Body.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.NotEqual("healthy", (await Instance.GetAsync(path + "/health")).Body.GetProperty("status").GetString());

        Assert.True((await Instance.PostAsync(path + "/disable")).Body.GetProperty("disabled").GetBoolean());
        Assert.Equal(HttpStatusCode.Conflict, (await Instance.PostAsync(path + "/test")).Status);
        Assert.False((await Instance.PostAsync(path + "/enable")).Body.GetProperty("disabled").GetBoolean());
        Assert.Equal(HttpStatusCode.NoContent, (await Instance.DeleteAsync(path)).Status);
    }

    [Fact]
    public async Task Nothing_is_stored_that_the_gateway_could_not_load()
    {
        await CreatedAsync("/servers", """{"name":"a","url":"https://example.com/mcp"}""");

        Assert.Equal(HttpStatusCode.Conflict, (await Instance.PostAsync("/servers", """{"name":"b","url":"https://example.com/mcp","prefix":"a"}""")).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await Instance.PostAsync("/servers", """{"name":"a","url":"https://example.com/mcp"}""")).Status);
        await CreatedAsync("/servers", """{"name":"c","url":"https://example.com/mcp"}""");
        Assert.DoesNotContain("has a fault", Gateway.Logs, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_servers_come_in_and_go_out_at_once()
    {
        var imported = await Instance.PostAsync(
            "/servers/import", """{"mcpServers":{"My Files":{"command":"npx","args":["-y","files"],"alwaysAllow":[]},"remote":{"url":"https://example.com/mcp","disabled":true}}}""");
        Assert.Equal(["created", "created"], imported.Items.Select(item => item.GetProperty("outcome").GetString()));
        Assert.Equal(2, imported.Body.GetProperty("warnings").GetArrayLength());

        var export = (await Instance.GetAsync("/servers/export")).Text;
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await Instance.PostAsync("/servers/import", export)).Status);
        var table = (await Instance.GetAsync("/servers/export?format=csv")).Text;
        var rows = string.Join("\r\n", table.Split("\r\n").Where(row => !row.StartsWith("filed", StringComparison.Ordinal)));
        using var csv = new StringContent(rows, Encoding.UTF8, new MediaTypeHeaderValue("text/csv"));
        var replaced = await Instance.SendContentAsync("POST", "/servers/import?replace=true", csv);
        Assert.Equal(["replaced", "replaced"], replaced.Items.Select(item => item.GetProperty("outcome").GetString()));
        Assert.Equal(rows, string.Join("\r\n", (await Instance.GetAsync("/servers/export?format=csv")).Text.Split("\r\n").Where(row => !row.StartsWith("filed", StringComparison.Ordinal))));

        var faulty = await Instance.PostAsync("/servers/import", """{"mcpServers":{"good":{"url":"https://example.com"},"bad":{"url":"http://10.0.0.1"},"open":{"url":"https://example.com?k=${KEY}"}}}""");
        Assert.Equal(["/mcpServers/bad/url", "/mcpServers/open"], faulty.Pointers.Order(StringComparer.Ordinal));
        var many = string.Join(',', Enumerable.Range(0, 1001).Select(number => $"\"s{number}\":{{\"url\":\"https://example.com\"}}"));
        Assert.Equal(HttpStatusCode.Conflict, (await Instance.PostAsync("/servers/import", $"{{\"mcpServers\":{{{many}}}}}")).Status);
        Assert.Equal(3, (await Instance.GetAsync("/servers")).Items.Count());
    }

    [Fact]
    public async Task A_registrys_server_json_is_imported()
    {
        await Instance.PostAsync(
            "/servers/import",
            """{"name":"io.example/weather","version":"1.0.0","packages":[{"registryType":"npm","identifier":"@example/weather","version":"1.2.3","environmentVariables":[{"name":"KEY","value":"k"},{"name":"MORE"}]}]}""");
        var shown = (await Instance.GetAsync("/servers")).Items.Single(server => server.GetProperty("name").GetString() == "weather");

        Assert.Equal(["-y", "@example/weather@1.2.3"], shown.GetProperty("args").EnumerateArray().Select(argument => argument.GetString()));
        Assert.Equal("KEY", Assert.Single(shown.GetProperty("envNames").EnumerateArray()).GetString());
        var missing = await Instance.PostAsync(
            "/servers/import", """{"name":"io.example/maps","remotes":[{"type":"streamable-http","url":"https://example.com/mcp","headers":[{"name":"X-Key","isRequired":true}]}]}""");
        Assert.Equal(["/remotes/0/headers/0"], missing.Pointers);
    }
}
