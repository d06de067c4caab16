using Xunit;

namespace NativeGateway.IntegrationTests.Hosting;

public sealed class ServersCommandTests : IDisposable
{
    private const string Planted = "s3cr3t-Pl4nted";

    private readonly Cli _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task A_remote_server_is_added_and_shown_without_its_secrets()
    {
        Assert.Equal(0, await _cli.RunAsync(
            "servers", "add", "github", "--url", $"https://example.com/mcp?key={Planted}", "--header", $"Authorization: Bearer {Planted}",
            "--timeout", "2m", "--allow-tool", "get_*", "--prefix", "gh"));

        var shown = await _cli.JsonAsync("servers", "show", "github");
        Assert.Equal("https://example.com/mcp?…", shown.GetProperty("endpoints")[0].GetProperty("url").GetString());
        Assert.Equal("Authorization", shown.GetProperty("headerNames")[0].GetString());
        Assert.Equal(("120s", "gh", "database"), (Text("timeout"), Text("prefix"), Text("source")));
        Assert.True(shown.GetProperty("trusted").GetBoolean());
        Assert.DoesNotContain(Planted, _cli.Out, StringComparison.Ordinal);
        await _cli.RunAsync("servers", "list");
        Assert.DoesNotContain(Planted, _cli.Out, StringComparison.Ordinal);

        string? Text(string member) => shown.GetProperty(member).GetString();
    }

    [Fact]
    public async Task A_program_is_added_with_everything_behind_two_hyphens()
    {
        Assert.Equal(0, await _cli.RunAsync("servers", "add", "files", "--env", $"TOKEN={Planted}=x", "--cwd", "/srv", "--", "npx", "-y", "pkg", "--url", "${HOME}"));

        var shown = await _cli.JsonAsync("servers", "show", "files");
        Assert.Equal("npx", shown.GetProperty("command").GetString());
        Assert.Equal(["-y", "pkg", "--url", "${HOME}"], shown.GetProperty("args").EnumerateArray().Select(argument => argument.GetString()));
        Assert.Equal("TOKEN", shown.GetProperty("envNames")[0].GetString());
        Assert.DoesNotContain(Planted, _cli.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_is_given_once_unless_it_shall_be_replaced()
    {
        await _cli.RunAsync("servers", "add", "a", "--url", "https://one/mcp");
        var id = (await _cli.JsonAsync("servers", "show", "a")).GetProperty("id").GetGuid();

        Assert.Equal(1, await _cli.RunAsync("servers", "add", "a", "--url", "https://two/mcp"));
        Assert.Equal(0, await _cli.RunAsync("servers", "add", "a", "--url", "https://two/mcp", "--replace"));

        var shown = await _cli.JsonAsync("servers", "show", "a");
        Assert.Equal((id, "https://two/mcp"), (shown.GetProperty("id").GetGuid(), shown.GetProperty("endpoints")[0].GetProperty("url").GetString()));
    }

    [Fact]
    public async Task A_server_is_disabled_enabled_and_removed()
    {
        await _cli.RunAsync("servers", "add", "a", "--url", "https://one/mcp");

        Assert.Equal(0, await _cli.RunAsync("servers", "disable", "a"));
        Assert.True((await _cli.JsonAsync("servers", "show", "a")).GetProperty("disabled").GetBoolean());
        Assert.Equal(0, await _cli.RunAsync("servers", "enable", "a"));
        Assert.False((await _cli.JsonAsync("servers", "show", "a")).GetProperty("disabled").GetBoolean());
        Assert.Equal(0, await _cli.RunAsync("servers", "remove", "a"));
        Assert.Equal(1, await _cli.RunAsync("servers", "show", "a"));
        Assert.Equal(1, await _cli.RunAsync("servers", "remove", "a"));
    }

    [Fact]
    public async Task Servers_of_the_file_are_listed_first_and_changed_there_only()
    {
        var config = _cli.Write("gateway.json", """{ "mcpServers": { "own": { "command": "x" }, "both": { "url": "https://file/mcp" } } }""");
        await _cli.RunAsync("servers", "add", "both", "--url", "https://database/mcp");
        await _cli.RunAsync("servers", "add", "stored", "--url", "https://database/mcp");

        var list = await _cli.JsonAsync("servers", "list", "--config", config);
        Assert.Equal(["both", "own", "stored"], list.EnumerateArray().Select(server => server.GetProperty("name").GetString()));
        Assert.Equal(["file", "file", "database"], list.EnumerateArray().Select(server => server.GetProperty("source").GetString()));
        foreach (var verb in (string[])["disable", "enable", "remove"])
        {
            Assert.Equal(1, await _cli.RunAsync("servers", verb, "own", "--config", config));
            Assert.Contains("configuration file", _cli.Error, StringComparison.Ordinal);
        }

        Assert.Equal(1, await _cli.RunAsync("servers", "add", "own", "--url", "https://x", "--config", config));
    }

    [Theory]
    [InlineData("mcpServers")]
    [InlineData("servers")]
    public async Task A_clients_configuration_is_imported_with_what_is_odd_about_it(string member)
    {
        _cli.Environment["TOKEN"] = Planted;
        var file = _cli.Write(
            "client.json",
            $$"""
            {
              "globalShortcut": "Ctrl+Space",
              "{{member}}": {
                "My Files": { "command": "npx", "args": ["-y", "files"], "alwaysAllow": ["read"], },
                "remote": { "type": "http", "url": "https://h/mcp", "headers": { "Authorization": "Bearer ${env:TOKEN}" } }, // a comment
              }
            }
            """);

        Assert.Equal(0, await _cli.RunAsync("servers", "import", file));

        Assert.Contains("is offered as \"My-Files\"", _cli.Error, StringComparison.Ordinal);
        Assert.Contains("alwaysAllow: is not known here", _cli.Error, StringComparison.Ordinal);
        var names = (await _cli.JsonAsync("servers", "list")).EnumerateArray().Select(server => server.GetProperty("name").GetString());
        Assert.Equal(["My-Files", "remote"], names.Order(StringComparer.Ordinal));
        Assert.Equal(1, await _cli.RunAsync("servers", "import", file));
        Assert.Equal(0, await _cli.RunAsync("servers", "import", file, "--replace"));
    }

    [Fact]
    public async Task Standard_input_can_be_imported()
    {
        _cli.In = """{ "mcpServers": { "a": { "url": "https://h/mcp" } } }""";

        Assert.Equal(0, await _cli.RunAsync("servers", "import", "-"));
        Assert.Equal(0, await _cli.RunAsync("servers", "show", "a"));
    }

    [Theory]
    [InlineData("""{ "mcpServers": { "a": {}, "b": { "url": "https://h" } } }""")]
    [InlineData("""{ "other": {} }""")]
    [InlineData("{")]
    public async Task A_faulty_file_imports_nothing(string json)
    {
        Assert.Equal(78, await _cli.RunAsync("servers", "import", _cli.Write("client.json", json)));
        Assert.False(File.Exists(Path.Combine(_cli.Directory, "gateway.db")));
        Assert.Equal(1, await _cli.RunAsync("servers", "import", "/nowhere.json"));
    }

    [Fact]
    public async Task A_program_that_does_not_speak_mcp_fails_the_test_and_shows_why()
    {
        await _cli.RunAsync("servers", "add", "a", "--timeout", "5s", "--", "sh", "-c", "echo broken >&2; exit 3");

        Assert.Equal(1, await _cli.RunAsync("servers", "test", "a"));
        Assert.Contains("stderr: broken", _cli.Error, StringComparison.Ordinal);
        Assert.Equal(1, await _cli.RunAsync("servers", "test", "unknown"));
    }
}
