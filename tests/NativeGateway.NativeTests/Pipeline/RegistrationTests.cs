using System.Text.Json;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Pipeline;

/// <summary>What a server that comes over the API may not consist of: headers, commands, environments.</summary>
public sealed class RegistrationTests(PipelineGateway fixture) : IClassFixture<PipelineGateway>
{
    private static readonly string[] BadHeaderNames =
    [
        "", " ", "X A", "X:A", "X\r\nA", "X\0", "Ünicode", "X(A)", "X/A", "X[0]", "X\"", "X,A", "X;A", "X=A", "X@A", "X{A}", "X\x7f", new string('a', 129),
        "Host", "host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Upgrade", "TE", "Trailer", "Expect", "Cookie", "Set-Cookie", "Origin",
        "Referer", "Forwarded", "Via", "X-Real-IP", "X-Forwarded-For", "X-Forwarded-Host", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP",
        "X-HTTP-Method-Override", "X-Original-URL", "X-Rewrite-URL", "Proxy-Authorization", "Proxy-Connection", "Sec-Fetch-Site", "Mcp-Session-Id", "Mcp-Method",
        "Mcp-Name", "Mcp-Param-A", "Last-Event-ID", "traceparent", "tracestate", "HTTP2-Settings",
    ];

    private static readonly string[] BadHeaderValues =
        ["a\r\nX-Injected: 1", "a\nb", "a\rb", "a\tb", "a\0b", "a\x7f", "a\x1b[0m", " a", "a ", "é", "\u2028", new string('v', (8 * 1024) + 1)];

    private static readonly string[] BadCommands =
    [
        "sh", "bash", "/bin/sh", "/usr/bin/node", "./node", "../node", "node ", " node", "NODE", "node;id", "node && id", "node|id", "$(id)", "`id`", "node\nid", "node\0",
        "nodejs", "python3.11", "cmd.exe", "powershell", "docker", "env", "xargs", "",
    ];

    private static readonly string[] BadVariables =
    [
        "PATH", "path", "HOME", "LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "DYLD_INSERT_LIBRARIES", "NODE_OPTIONS", "NODE_PATH", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME",
        "PYTHONWARNINGS", "PYTHONBREAKPOINT", "BASH_ENV", "ENV", "IFS", "PS4", "SHELLOPTS", "PROMPT_COMMAND", "BASH_FUNC_x", "PERL5OPT", "RUBYOPT", "JAVA_TOOL_OPTIONS",
        "_JAVA_OPTIONS", "CLASSPATH", "GIT_SSH_COMMAND", "NPM_CONFIG_REGISTRY", "npm_config_script_shell", "UV_INDEX_URL", "UV_PYTHON", "PIP_INDEX_URL", "XDG_CONFIG_HOME",
        "DOTNET_STARTUP_HOOKS", "CORECLR_PROFILER_PATH", "COMPlus_Version", "NUGET_PACKAGES", "MSBuildSDKsPath", "OPENSSL_CONF", "GCONV_PATH", "LOCPATH", "HOSTALIASES",
        "RES_OPTIONS", "TMPDIR", "EDITOR", "BROWSER", "NATIVE_GATEWAY_DATABASE", "", "1A", "A-B", "A B", "A=B", "Ä",
    ];

    [Fact]
    public async Task Headers_that_are_none_or_that_are_not_the_clients_to_set_are_refused()
    {
        foreach (var name in BadHeaderNames)
        {
            await CheckRefusedAsync($$$"""{"name":"a","url":"https://example.com/mcp","headers":{{{{Text(name)}}}:"planted-value"}}""", "/headers", name);
        }

        foreach (var value in BadHeaderValues)
        {
            await CheckRefusedAsync($$$"""{"name":"a","url":"https://example.com/mcp","headers":{"X-A":{{{Text(value)}}}}}""", "/headers/X-A", value);
        }
    }

    [Fact]
    public async Task Commands_that_the_operator_did_not_list_are_refused()
    {
        foreach (var command in BadCommands)
        {
            await CheckRefusedAsync($$"""{"name":"a","command":{{Text(command)}}}""", "/command", command);
        }

        await CheckRefusedAsync("""{"name":"a","command":"node","cwd":"/etc"}""", "/cwd", "");
        foreach (var argument in (string[])["a\nb", "a\0b", "a\u001bb", new string('a', 4097)])
        {
            await CheckRefusedAsync($$"""{"name":"a","command":"node","args":["--version",{{Text(argument)}}]}""", "/args", argument);
        }

        await CheckRefusedAsync($$"""{"name":"a","command":"node","args":[{{string.Join(',', Enumerable.Repeat("\"a\"", 257))}}]}""", "/args", "");
    }

    [Fact]
    public async Task Variables_that_decide_what_is_run_or_loaded_are_refused()
    {
        foreach (var name in BadVariables)
        {
            await CheckRefusedAsync($$$"""{"name":"a","command":"node","env":{{{{Text(name)}}}:"planted-value"}}""", "/env", name);
        }

        await CheckRefusedAsync("""{"name":"a","command":"node","env":{"A":"a\u0000b"}}""", "/env", "");
    }

    [Fact]
    public async Task What_is_left_is_taken()
    {
        foreach (var body in (string[])
            [
                $$$"""{"name":"ok-http","url":"https://example.invalid/mcp","headers":{"X-Api-Key":"{{{new string('v', 8 * 1024)}}}","!#$%&'*+-.^_`|~":"token"},"disabled":true}""",
                """{"name":"ok-stdio","command":"node","args":["--version","; rm -rf /","$(id)"],"env":{"API_TOKEN":"a b","PYTHONUNBUFFERED":"1","LANG":"C"},"disabled":true}""",
            ])
        {
            var created = await SendAsync(body);
            Assert.True(created.Status == 201, created.ToString());
            Assert.DoesNotContain("vvvv", created.Text, StringComparison.Ordinal);
            var path = created["Location"]!;
            Assert.Equal(204, (await fixture.Gateway.SendAsync(RawRequest.Bare("DELETE", path).As(fixture.Gateway.AdminKey))).Status);
        }
    }

    private static string Text(string text) => JsonSerializer.Serialize(text);

    private async Task CheckRefusedAsync(string body, string pointer, string what)
    {
        var reply = await SendAsync(body);

        // A NUL is refused in any text, before anybody asks what it is for.
        Assert.True(reply.Status is 422 or 400, $"{pointer} '{what}': {reply}");
        Assert.StartsWith(pointer, reply.Json.GetProperty("errors")[0].GetProperty("pointer").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("planted-value", reply.Text, StringComparison.Ordinal);
    }

    private Task<Reply> SendAsync(string body) => fixture.Gateway.SendAsync(RawRequest.Post("/api/v1/servers", body).As(fixture.Gateway.AdminKey));
}
