using System.Text;
using NativeGateway.Model;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Upstream;

/// <summary>What stands on the wire of a request, and what its status means.</summary>
public sealed class RequestTests
{
    [Fact]
    public async Task A_modern_request_mirrors_method_name_and_parameters_in_its_headers()
    {
        var call = await SendAsync(new UpstreamHarnessOptions(), request =>
        {
            request.MirroredParameters = [new("Mcp-Param-Region", "eu west"), new("Mcp-Param-Text", "=?base64?w6Q=?=")];
            request.TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
            request.TraceState = "vendor=a,other=b";
        });

        Assert.Equal("2026-07-28", call.Header("MCP-Protocol-Version"));
        Assert.Equal("tools/call", call.Header("Mcp-Method"));
        Assert.Equal("echo", call.Header("Mcp-Name"));
        Assert.Equal("eu west", call.Header("Mcp-Param-Region"));
        Assert.Equal("=?base64?w6Q=?=", call.Header("Mcp-Param-Text"));
        Assert.Equal("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", call.Header("traceparent"));
        Assert.Equal("vendor=a,other=b", call.Header("tracestate"));
        Assert.Null(call.Header("Mcp-Session-Id"));
    }

    [Theory]
    [InlineData("plain name", "plain name")]
    [InlineData("grüße", "=?base64?Z3LDvMOfZQ==?=")]
    [InlineData(" padded ", "=?base64?IHBhZGRlZCA=?=")]
    [InlineData("two\r\nlines", "=?base64?dHdvDQpsaW5lcw==?=")]
    [InlineData("=?base64?eA==?=", "=?base64?PT9iYXNlNjQ/ZUE9PT89?=")]
    public async Task Names_that_no_header_can_hold_are_encoded(string name, string expected)
    {
        var call = await SendAsync(new UpstreamHarnessOptions(), request => request.MirroredName = Encoding.UTF8.GetBytes(name));

        Assert.Equal(expected, call.Header("Mcp-Name"));
    }

    [Fact]
    public async Task The_body_is_the_edited_message_with_its_length()
    {
        var call = await SendAsync(new UpstreamHarnessOptions());

        Assert.Equal($$$$"""{"jsonrpc":"2.0","id":{{{{call.Id}}}},"method":"tools/call","params":{"name":"echo","arguments":{"text":"grüße"}}}""", call.Body);
        Assert.Equal(Encoding.UTF8.GetByteCount(call.Body).ToString((IFormatProvider?)null), call.Header("Content-Length"));
        Assert.Null(call.Header("Transfer-Encoding"));
        Assert.Equal("application/json", call.Header("Content-Type"));
    }

    [Fact]
    public async Task Configured_headers_are_sent_but_cannot_contradict_the_protocol()
    {
        var call = await SendAsync(new UpstreamHarnessOptions
        {
            Headers = new Dictionary<string, string>
            {
                ["Authorization"] = "Bearer secret",
                ["X-Tenant"] = "acme",
                ["User-Agent"] = "Custom/1",
                ["accept"] = "text/plain",
                ["mcp-protocol-version"] = "1999-01-01",
                ["Mcp-Session-Id"] = "stolen",
                ["Content-Length"] = "1",
            },
        });

        Assert.Equal("Bearer secret", call.Header("Authorization"));
        Assert.Equal("acme", call.Header("X-Tenant"));
        Assert.Equal("Custom/1", call.Header("User-Agent"));
        Assert.Equal("application/json, text/event-stream", call.Header("Accept"));
        Assert.Equal("2026-07-28", call.Header("MCP-Protocol-Version"));
        Assert.Null(call.Header("Mcp-Session-Id"));
    }

    [Fact]
    public async Task Nothing_is_sent_that_nobody_asked_for()
    {
        var call = await SendAsync(new UpstreamHarnessOptions());

        Assert.Equal(
            ["Accept", "Content-Length", "Content-Type", "Host", "MCP-Protocol-Version", "Mcp-Method", "Mcp-Name", "User-Agent"],
            call.Headers.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Credentials_of_an_address_become_a_header()
    {
        await using var upstream = new ScriptedUpstream(new ModernScript().RunAsync);
        await using var gateway = new UpstreamHarness(new UriBuilder(upstream.Url) { UserName = "me", Password = "p%40ss" }.Uri);

        await gateway.CallAsync();

        var call = await upstream.NextAsync("tools/call");
        Assert.Equal("Basic " + Convert.ToBase64String("me:p@ss"u8), call.Header("Authorization"));
        Assert.Equal(upstream.Url.Authority, call.Header("Host"));
    }

    [Fact]
    public async Task What_no_header_can_hold_is_left_out_instead_of_failing_the_request()
    {
        var call = await SendAsync(new UpstreamHarnessOptions(), request =>
        {
            request.TraceParent = "00-ä";
            request.MethodText = Encoding.UTF8.GetBytes("tools/cäll");
            request.MirroredParameters = [new("Mcp-Param-A", "two\r\nlines: x")];
        });

        Assert.Null(call.Header("traceparent"));
        Assert.Null(call.Header("Mcp-Method"));
        Assert.Null(call.Header("Mcp-Param-A"));
        Assert.Null(call.Header("lines"));
    }

    [Theory]
    [InlineData(401, "UpstreamUnavailable")]
    [InlineData(403, "UpstreamUnavailable")]
    [InlineData(302, "UpstreamProtocol")]
    [InlineData(400, "UpstreamProtocol")]
    [InlineData(406, "UpstreamProtocol")]
    [InlineData(500, "UpstreamProtocol")]
    [InlineData(502, "UpstreamProtocol")]
    public async Task A_status_without_an_answer_becomes_an_error_that_tells_clients_nothing(int status, string kind)
    {
        var outcome = await CallAsync(request => request.AnswerAsync(
            status, "text/plain", "secret body", "Location: http://10.0.0.1/\r\nWWW-Authenticate: Bearer realm=secret\r\n"));

        var error = outcome.Error!;
        Assert.Equal(kind, error.Kind.ToString());
        Assert.Equal(RetryHint.Never, error.Retry);
        Assert.Contains("'up'", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message + error.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("10.0.0.1", error.Message + error.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain(status.ToString((IFormatProvider?)null), error.Message, StringComparison.Ordinal);
        Assert.Contains(status.ToString((IFormatProvider?)null), error.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task A_busy_upstream_says_for_how_long(int status)
    {
        var outcome = await CallAsync(request => request.ErrorAsync(status, -32000, extraHeaders: "Retry-After: 12\r\n"));

        Assert.Equal(ErrorKind.UpstreamUnavailable, outcome.Error!.Kind);
        Assert.Equal(TimeSpan.FromSeconds(12), outcome.Error.RetryAfter);
    }

    [Theory]
    [InlineData(400, -32602)]
    [InlineData(404, -32601)]
    [InlineData(400, -32020)]
    [InlineData(400, -32021)]
    [InlineData(500, -32603)]
    public async Task An_error_that_answers_the_request_is_the_answer_whatever_the_status(int status, int code)
    {
        var outcome = await CallAsync(request => request.ErrorAsync(status, code, data: """{"a":1}"""));

        Assert.Null(outcome.Error);
        Assert.Contains($"\"code\":{code}", Assert.Single(outcome.Messages), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("4711")]
    public async Task An_error_that_answers_something_else_is_not_the_answer(string id)
    {
        var outcome = await CallAsync(request => request.ErrorAsync(400, -32602, id));

        Assert.Equal(ErrorKind.UpstreamProtocol, outcome.Error!.Kind);
    }

    [Fact]
    public async Task A_cancellation_is_not_posted_to_a_modern_upstream()
    {
        await using var upstream = new ScriptedUpstream(new ModernScript().RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        var session = await gateway.OpenAsync();

        var message = """{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"""u8.ToArray();
        Assert.Null(await session.PostAsync(message, CancellationToken.None));

        Assert.Equal(["server/discover"], upstream.Labels);
    }

    private static async Task<ScriptedRequest> SendAsync(
        UpstreamHarnessOptions options, Action<NativeGateway.DataPlane.Upstream.UpstreamRequest>? edit = null)
    {
        await using var upstream = new ScriptedUpstream(new ModernScript().RunAsync);
        await using var gateway = new UpstreamHarness(options, upstream.Url);
        var outcome = await UpstreamHarness.CallAsync(await gateway.OpenAsync(), edit);
        Assert.Null(outcome.Error);
        return await upstream.NextAsync("tools/call");
    }

    private static async Task<Outcome> CallAsync(Func<ScriptedRequest, Task> onCall)
    {
        await using var upstream = new ScriptedUpstream(new ModernScript { OnCall = onCall }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        return await gateway.CallAsync();
    }
}
