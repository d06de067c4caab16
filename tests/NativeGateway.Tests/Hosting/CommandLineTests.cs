using System.Text.Json;
using NativeGateway.Hosting;

namespace NativeGateway.Tests.Hosting;

public sealed class CommandLineTests : IDisposable
{
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();

    public void Dispose()
    {
        _out.Dispose();
        _error.Dispose();
    }

    [Theory]
    [InlineData("")]
    [InlineData("servers")]
    [InlineData("keys")]
    public async Task Without_a_verb_help_is_shown_and_usage_is_what_failed(string arguments)
    {
        Assert.Equal(64, await RunAsync(arguments));
        Assert.Contains("Commands:", _error.ToString(), StringComparison.Ordinal);
        Assert.Empty(_out.ToString());
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("serve --help")]
    [InlineData("keys create --help")]
    public async Task Help_that_was_asked_for_is_no_failure(string arguments)
    {
        Assert.Equal(0, await RunAsync(arguments));
        Assert.Contains("Usage:", _out.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("serv", "did you mean 'serve'?")]
    [InlineData("keys crate", "did you mean 'create'?")]
    [InlineData("frobnicate", "there are serve, stdio, servers, keys")]
    [InlineData("serve --lisen x", "--lisen")]
    [InlineData("keys create", "--name")]
    [InlineData("keys create --name x --scope root", "--scope must be one of")]
    [InlineData("keys create --name x --burst 5", "needs --requests-per-minute")]
    [InlineData("keys create --name x --expires soon", "--expires must be")]
    [InlineData("keys show", "KEY")]
    [InlineData("servers show", "SERVER")]
    [InlineData("servers add x", "neither")]
    [InlineData("servers add bad!name --url https://h", "NAME: a server's name is")]
    [InlineData("servers add x --url ftp://h --timeout 5 --header bad", "--header: must be written as NAME:VALUE")]
    [InlineData("inspect ftp://h", "URL must be an absolute URL")]
    [InlineData("inspect http://h --args {}", "--args needs --tool")]
    [InlineData("inspect http://h --tool t --args []", "--args must be a JSON object")]
    [InlineData("inspect http://h --header Host:x", "--header Host is a header of the connection")]
    [InlineData("inspect http://h --timeout 5", "--timeout must be")]
    [InlineData("doctor --live --url nowhere", "--url must be a URL")]
    public async Task Wrong_usage_ends_with_64_and_says_what_is_wrong(string arguments, string advice)
    {
        Assert.Equal(64, await RunAsync(arguments));
        Assert.Contains(advice, _error.ToString(), StringComparison.Ordinal);
        Assert.Empty(_out.ToString());
    }

    [Fact]
    public async Task All_faults_of_one_server_are_told_at_once()
    {
        Assert.Equal(64, await RunAsync("servers add x --url ftp://h --timeout 5 --prefix a__b"));
        Assert.Equal(3, _error.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Theory]
    [InlineData("serve --listen http://*:1 --no-auth --log-level loud")]
    [InlineData("keys list --config /nowhere/gateway.json")]
    [InlineData("servers list --database mysql://h")]
    [InlineData("doctor --live --listen nowhere")]
    public async Task A_wrong_configuration_ends_with_78(string arguments)
    {
        Assert.Equal(78, await RunAsync(arguments));
        Assert.Contains("the configuration has", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_start_up_fault_is_listed_with_what_to_do()
    {
        await RunAsync("serve --listen http://*:1 --no-auth --log-level loud --tls-key /nowhere");

        Assert.Contains("has 4 faults", _error.ToString(), StringComparison.Ordinal);
        Assert.All(["--no-auth", "--log-level", "--tls-key"], option => Assert.Contains($"  {option}: ", _error.ToString(), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("keys list")]
    [InlineData("keys show x")]
    [InlineData("keys rotate x")]
    [InlineData("keys revoke x")]
    [InlineData("servers list")]
    [InlineData("servers remove x")]
    public async Task A_database_that_is_not_there_is_a_failure_and_is_not_created(string arguments)
    {
        Assert.Equal(1, await RunAsync(arguments + " --database sqlite:/nowhere/at/all.db"));
        Assert.Contains("there is no database", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_version_names_the_revisions_spoken()
    {
        Assert.Equal(0, await RunAsync("version --json"));

        using var json = JsonDocument.Parse(_out.ToString());
        Assert.Equal(5, json.RootElement.GetProperty("mcpRevisions").GetArrayLength());
        Assert.NotEmpty(json.RootElement.GetProperty("version").GetString()!);
        Assert.Equal(0, await RunAsync("version"));
        Assert.Contains("2026-07-28", _out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_argument_that_begins_with_an_at_sign_is_what_it_says()
    {
        Assert.Equal(64, await RunAsync("servers add @/etc/passwd --url https://h"));
        Assert.DoesNotContain("root", _error.ToString(), StringComparison.Ordinal);
    }

    private Task<int> RunAsync(string arguments)
    {
        var context = new CliContext(_out, _error, TextReader.Null, Stream.Null, new Dictionary<string, string>(), TimeProvider.System);
        return CommandLine.RunAsync(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries), context, CancellationToken.None);
    }
}
