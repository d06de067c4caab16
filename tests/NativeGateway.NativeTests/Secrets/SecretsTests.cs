using System.Text;
using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.NativeTests.Secrets;

/// <summary>Markers in every place that may hold a secret, through success and failure; then a search of everything that the gateway wrote.</summary>
public sealed class SecretsTests : IAsyncLifetime
{
    private const string HeaderSecret = "mark-upstream-header-1f6b";
    private const string UrlSecret = "mark-url-token-77ac";
    private const string EnvironmentSecret = "mark-environment-9d20";
    private const string StoredHeader = "mark-stored-header-5e31";
    private const string StoredEnvironment = "mark-stored-environment-c8f4";
    private const string StoredArgument = "mark-stored-argument-b3a9";
    private const string Argument = "mark-tool-argument-2b7c";
    private const string Result = "mark-tool-result-44d1";
    private const string ErrorText = "mark-error-text-e0a6";
    private const string HttpBody = "mark-http-body-3c95";
    private const string Location = "mark-location-08be";
    private const string Malformed = "mark-malformed-body-6aa2";
    private const string WrongKey = "mark-wrong-key-d17f";

    private static readonly string[] Markers =
    [
        HeaderSecret, UrlSecret, EnvironmentSecret, StoredHeader, StoredEnvironment, StoredArgument, Argument, Result, ErrorText, HttpBody, Location,
        Malformed, WrongKey,
    ];

    private LegacyUpstream Upstream { get; } = new();

    private LegacyUpstream Refusing { get; } = new();

    public Task InitializeAsync()
    {
        Upstream.Tools["secret"] = (request, reply) => reply.ResultAsync(request, $$"""{"content":[{"type":"text","text":"{{Result}}"}]}""");
        Upstream.Tools["secret_error"] = (request, reply) => reply.ErrorAsync(request, $$"""{"code":-32051,"message":"{{ErrorText}}","data":"{{ErrorText}}"}""");
        Upstream.Tools["secret_fail"] = (request, reply) => reply.ResultAsync(
            request, $$"""{"content":[{"type":"text","text":"{{ErrorText}}"}],"isError":true}""");
        Upstream.Tools["secret_500"] = (_, reply) => reply.JsonAsync($$"""{"oops":"{{HttpBody}}"}""", 500);
        Upstream.Tools["secret_401"] = (_, reply) => reply.JsonAsync($$"""{"oops":"{{HttpBody}}"}""", 401, $"WWW-Authenticate: Bearer realm=\"{HttpBody}\"\r\n");
        Upstream.Tools["secret_302"] = (_, reply) => reply.JsonAsync("{}", 302, $"Location: http://127.0.0.1:1/?{Location}\r\n");
        Upstream.Tools["secret_garbage"] = (_, reply) => reply.JsonAsync($"{{ not json {HttpBody}");
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await Upstream.DisposeAsync();
        await Refusing.DisposeAsync();
    }

    [Theory]
    [InlineData("text")]
    [InlineData("json")]
    public async Task No_secret_and_no_content_is_found_in_anything_that_is_written(string logFormat)
    {
        using var directory = new TempDirectory();
        await using var gateway = await GatewayProcess.StartAsync(new GatewaySetup
        {
            Config = Config, LogFormat = logFormat, LogLevel = "trace", Directory = directory,
            Environment = new Dictionary<string, string> { ["TEST_SECRET"] = EnvironmentSecret },
        });
        var made = await gateway.CreateKeyAsync("secret");
        await AddServersAsync(gateway);
        await Faults.Until.Async(() => gateway.PostAsync("/mcp", Rpc.ListTools), reply => reply.Text.Contains("stored__echo", StringComparison.Ordinal));

        await DriveSuccessAsync(gateway);
        await DriveFailureAsync(gateway);

        string[] secrets = [.. Markers, made.Split('_')[2], made[^49..^6]];
        var metrics = await gateway.GetAsync("/metrics");
        var health = await gateway.GetAsync("/health");
        Assert.Contains("mcp_gateway_requests_total", metrics.Text, StringComparison.Ordinal);
        CheckText("metrics", metrics.ToString(), [.. secrets, gateway.AdminKey]);
        CheckText("health", health.ToString(), [.. secrets, gateway.AdminKey]);
        CheckFiles(gateway.Data, [.. secrets, gateway.AdminKey.Split('_')[2]]);
        Assert.Equal(0, await gateway.StopAsync());

        CheckText("log", gateway.Log.Text, [.. secrets, gateway.AdminKey, gateway.AdminKey.Split('_')[2]]);
        CheckText("output", gateway.Output.Text, secrets);
        CheckFiles(gateway.Data, [.. secrets, gateway.AdminKey.Split('_')[2]]);
    }

    [Fact]
    public async Task The_command_line_prints_no_secret_but_a_new_key()
    {
        await using var gateway = await GatewayProcess.StartAsync(new GatewayConfig());
        var made = await gateway.CreateKeyAsync("secret");
        await AddServersAsync(gateway);

        foreach (var arguments in (string[][])
            [
                ["keys", "list"], ["keys", "list", "--json"], ["keys", "show", made.Split('_')[1]], ["servers", "list"], ["servers", "list", "--json"],
                ["servers", "show", "stored"], ["servers", "show", "stored", "--json"], ["servers", "show", "stored-stdio", "--json"],
            ])
        {
            var shown = await gateway.RunAsync(arguments);
            Assert.True(shown.ExitCode == 0, $"{string.Join(' ', arguments)}: {shown.Errors}");
            // Arguments are shown: without them nobody could tell what a server runs.
            CheckText(string.Join(' ', arguments), shown.Output + shown.Errors, [.. Markers.Except([StoredArgument]), made, made[^49..]]);
        }
    }

    [Fact]
    public async Task A_faulty_configuration_is_reported_without_its_values()
    {
        var config = Config with
        {
            Servers = [("up", GatewayConfig.Entry($"ftp://user:{UrlSecret}@host/", $$""", "headers": { "X-Bad": "{{HeaderSecret}}\u0007" } """))],
            Keys = [GatewayConfig.Key(WrongKey)],
        };

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => GatewayProcess.StartAsync(config));

        Assert.Contains("exit code 78", failure.Message, StringComparison.Ordinal);
        CheckText("faults", failure.Message, Markers);
        Assert.Contains("$.mcpServers.up", failure.Message, StringComparison.Ordinal);
        Assert.Contains("$.auth.keys[0]", failure.Message, StringComparison.Ordinal);
    }

    private GatewayConfig Config => new()
    {
        Servers =
        [
            ("up", GatewayConfig.Entry(Upstream.Url + "?token=" + UrlSecret, $$""", "headers": { "Authorization": "Bearer {{HeaderSecret}}" }, "timeout": "500ms" """)),
            ("stdio", StdioUpstream.Entry(""", "env": { "SECRET": "${TEST_SECRET}" } """)),
            ("dead", GatewayConfig.Entry(ClosedPort.Url + "?token=" + UrlSecret)),
            ("broken", $$"""{ "command": "/no/such/program", "args": ["{{StoredArgument}}"], "env": { "SECRET": "{{EnvironmentSecret}}" } }"""),
        ],
    };

    private async Task AddServersAsync(GatewayProcess gateway)
    {
        CommandResult[] added =
        [
            await gateway.RunAsync("servers", "add", "stored", "--url", $"{Upstream.Url}?token={UrlSecret}", "--header", $"X-Secret: {StoredHeader}"),
            await gateway.RunAsync(
                ["servers", "add", "stored-stdio", "--env", $"SECRET={StoredEnvironment}", "--", "python3", StdioUpstream.Script, StoredArgument]),
        ];
        Assert.All(added, result => Assert.True(result.ExitCode == 0, result.Errors));
        CheckText("servers add", string.Concat(added.Select(result => result.Output + result.Errors)), Markers);
    }

    private async Task DriveSuccessAsync(GatewayProcess gateway)
    {
        foreach (var tool in (string[])["up__secret", "up__echo", "up__steps", "stored__secret", "stdio__echo"])
        {
            var reply = await gateway.PostAsync("/mcp", Rpc.Call(tool, $$"""{"argument":"{{Argument}}"}"""));
            Assert.True(reply.Status == 200, reply.ToString());
        }

        var environment = await gateway.PostAsync("/mcp", Rpc.Call("stdio__environment", """{"name":"SECRET"}"""));
        Assert.Contains(EnvironmentSecret, environment.Text, StringComparison.Ordinal);
        Assert.Contains(Upstream.Requests, request => request.Head["Authorization"] == "Bearer " + HeaderSecret);
        Assert.Contains(Upstream.Requests, request => request.Head["X-Secret"] == StoredHeader);
        Assert.Contains(Upstream.Requests, request => request.Head.StartLine.Contains(UrlSecret, StringComparison.Ordinal));
        await gateway.PostAsync("/mcp", Rpc.Initialize("2025-11-25").Replace("\"test\"", $"\"{Argument}\"", StringComparison.Ordinal));
    }

    private static async Task DriveFailureAsync(GatewayProcess gateway)
    {
        foreach (var tool in (string[])
            [
                "up__secret_error", "up__secret_fail", "up__secret_500", "up__secret_401", "up__secret_302", "up__secret_garbage", "up__drop", "up__half", "up__hang",
                "up__no_such_tool", "stdio__crash", "dead__echo", "broken__echo",
            ])
        {
            await gateway.PostAsync("/mcp", Rpc.Call(tool, $$"""{"argument":"{{Argument}}"}"""));
        }

        foreach (var path in (string[])["/mcp/dead", "/mcp/broken"])
        {
            var reply = await gateway.PostAsync(path, Rpc.Call("echo", $$"""{"argument":"{{Argument}}"}"""));
            CheckText(path, reply.ToString(), Markers);
        }

        await gateway.PostAsync("/mcp", Malformed);
        await gateway.PostAsync("/mcp", $$"""{"jsonrpc":"2.0","id":"{{Malformed}}","method":7,"params":"{{Malformed}}"}""");
        await gateway.PostAsync("/mcp", Rpc.Ping, WrongKey);
        await gateway.SendAsync(RawRequest.Post("/mcp", Rpc.Ping).As(gateway.AdminKey).With("X-API-Key", WrongKey));
        await gateway.SendAsync(RawRequest.Bare("GET", "/mcp?key=" + WrongKey));
    }

    private static void CheckText(string where, string text, IReadOnlyCollection<string> secrets)
    {
        Assert.All(secrets, secret => Assert.False(text.Contains(secret, StringComparison.Ordinal), $"'{secret}' is in the {where}."));
    }

    /// <summary>The database with its journal, as bytes. The key of the encryption is the one secret that may lie there.</summary>
    private static void CheckFiles(string directory, IReadOnlyCollection<string> secrets)
    {
        var files = Directory.GetFiles(directory, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith("encryption.key", StringComparison.Ordinal)).ToArray();
        Assert.Contains(files, file => Path.GetFileName(file) == "gateway.db");
        foreach (var file in files)
        {
            CheckText(Path.GetFileName(file), Encoding.Latin1.GetString(File.ReadAllBytes(file)), secrets);
        }
    }
}
