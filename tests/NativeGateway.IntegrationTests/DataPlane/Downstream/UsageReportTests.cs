using System.Text;
using NativeGateway.IntegrationTests.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Downstream;

/// <summary>What the data plane reports of each request, on the whole way from socket to socket.</summary>
public sealed class UsageReportTests : IAsyncLifetime, IAsyncDisposable
{
    private const string Tools =
        """{"tools":[{"name":"echo","inputSchema":{"type":"object"}},{"name":"fail","inputSchema":{"type":"object"}},{"name":"error","inputSchema":{"type":"object"}}]}""";

    private readonly ScriptedUpstream _server = new(new LegacyScript { Capabilities = """{"tools":{},"prompts":{}}""", OnCall = AnswerAsync }.RunAsync);
    private FrontHarness? _gateway;

    private FrontHarness Gateway => _gateway!;

    public async Task InitializeAsync() => _gateway = await FrontHarness.StartAsync(("up", _server.Url), ("closed", new Uri("http://127.0.0.1:1/mcp")));

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_call_is_reported_with_all_that_can_be_told_without_its_content()
    {
        var body = Messages.Call("up__echo");

        var (usage, answer) = await CallAsync(body);

        Assert.Equal(
            ("up", "echo", UsageMethod.ToolCall, CallOutcome.Ok, 200, 0), (usage.Upstream!.Key, Name(usage), usage.Method, usage.Outcome, usage.Status, usage.Code));
        Assert.Equal((body.Length, Encoding.UTF8.GetByteCount(answer), 250_000), (usage.BytesIn, usage.BytesOut, usage.CostMicros));
        Assert.Equal(Gateway.Key.Split('_')[1], usage.KeyId);
        Assert.DoesNotContain(Guid.Empty, (Guid[])[usage.OrganizationId, usage.WorkspaceId]);
        Assert.Equal(16, usage.Number.ToString().Length);
        Assert.InRange(usage.UpstreamDuration, TimeSpan.FromTicks(1), usage.Duration);
    }

    [Fact]
    public async Task An_error_of_a_tool_is_told_from_an_error_of_its_server()
    {
        var (fail, _) = await CallAsync(Messages.Call("up__fail"));
        var (error, _) = await CallAsync(Messages.Call("up__error"));

        Assert.Equal((CallOutcome.ToolError, 200, 0, 250_000), (fail.Outcome, fail.Status, fail.Code, fail.CostMicros));
        Assert.Equal((CallOutcome.ServerError, 200, -32050, 250_000), (error.Outcome, error.Status, error.Code, error.CostMicros));
    }

    [Theory]
    [InlineData("/mcp", "made-up name with a secret in it", CallOutcome.Invalid)]
    [InlineData("/mcp/up", "made-up name with a secret in it", CallOutcome.ServerError)]
    public async Task A_name_that_no_catalog_has_is_not_told(string path, string name, object outcome)
    {
        await CallAsync(Messages.Call("up__echo"));

        var (usage, _) = await CallAsync(Messages.Call(name), path);

        Assert.Equal(("", (CallOutcome)outcome), (Name(usage), usage.Outcome));
    }

    [Fact]
    public async Task On_an_endpoint_of_one_server_a_listed_name_is_told()
    {
        await CallAsync(Messages.Call("up__echo"));

        var (usage, _) = await CallAsync(Messages.Call("echo"), "/mcp/up");

        Assert.Equal(("up", "echo"), (usage.Upstream!.Key, Name(usage)));
    }

    [Fact]
    public async Task What_never_reached_a_server_costs_nothing()
    {
        var (unknown, _) = await CallAsync(Messages.Call("up__nothing"));
        var (unreachable, _) = await CallAsync(Messages.Call("echo"), "/mcp/closed");

        Assert.Equal((CallOutcome.Invalid, -32602, 0), (unknown.Outcome, unknown.Code, unknown.CostMicros));
        Assert.Equal((CallOutcome.Unavailable, 502, -32013, 0), (unreachable.Outcome, unreachable.Status, unreachable.Code, unreachable.CostMicros));
    }

    [Fact]
    public async Task A_body_that_is_no_message_is_charged_to_its_key_as_refused()
    {
        var (usage, _) = await CallAsync("{");

        Assert.Equal((CallOutcome.Invalid, UsageMethod.Other, 400, -32700), (usage.Outcome, usage.Method, usage.Status, usage.Code));
    }

    [Fact]
    public async Task Each_request_of_a_batch_is_reported_and_no_notification()
    {
        var session = await Gateway.OpenSessionAsync("2025-03-26");
        var initialize = await NextAsync();
        var batch = $"[{Messages.Call("up__echo")},{Messages.Initialized},{Messages.Call("up__fail", "2")}]";

        await Gateway.ExchangeAsync(HttpMethod.Post, "/mcp", batch, ("Mcp-Session-Id", session));
        await Gateway.ExchangeAsync(HttpMethod.Post, "/mcp", Messages.Initialized, ("Mcp-Session-Id", session));
        UsageEvent[] parts = [await NextAsync(), await NextAsync()];

        Assert.Equal(UsageMethod.Session, initialize.Method);
        Assert.Equal(["echo", "fail"], parts.Select(Name).Order(StringComparer.Ordinal));
        Assert.Equal(Messages.Call("up__echo").Length, parts.Single(part => Name(part) == "echo").BytesIn);
        while (Gateway.Usage.TryRead(out var told))
        {
            Assert.True(told.IsUncounted);
        }
    }

    [Fact]
    public async Task Without_a_valid_key_nobody_is_charged()
    {
        await Gateway.ExchangeAsync(HttpMethod.Post, "/mcp", Messages.Call("up__echo"), ("Authorization", "Bearer nobody"));
        var (usage, _) = await CallAsync(Messages.Call("up__echo"));

        Assert.Equal(CallOutcome.Ok, usage.Outcome);
    }

    private static string Name(UsageEvent usage) => Encoding.UTF8.GetString(usage.Name ?? []);

    private async Task<(UsageEvent Usage, string Answer)> CallAsync(string body, string path = "/mcp")
    {
        var (_, answer) = await Gateway.ExchangeAsync(HttpMethod.Post, path, body);
        return (await NextAsync(), answer);
    }

    /// <summary>The report follows the answer. What is only told to explain requests is not counted.</summary>
    private async Task<UsageEvent> NextAsync()
    {
        while (true)
        {
            var usage = await Gateway.Usage.ReadAsync().AsTask().WaitAsync(TestTime.Limit);
            if (!usage.IsUncounted)
            {
                return usage;
            }
        }
    }

    private static Task AnswerAsync(ScriptedRequest request)
    {
        if (request.Label == "tools/list")
        {
            return request.ResultAsync(Tools);
        }

        return request.Body.Contains("\"echo\"", StringComparison.Ordinal) ? request.ResultAsync("""{"content":[]}""")
            : request.Body.Contains("\"fail\"", StringComparison.Ordinal) ? request.ResultAsync("""{"content":[],"isError":true}""")
            : request.ErrorAsync(200, -32050);
    }
}
