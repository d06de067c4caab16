using System.Text.Json;
using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.NativeTests.Faults;

/// <summary>The gateway is killed while a user is asked: what can go on goes on, what cannot is told, and no tool runs twice.</summary>
public sealed class QuestionSurvivalTests : IAsyncLifetime
{
    private const string Elicitation = """{"mode":"form","message":"Sure?","requestedSchema":{"type":"object","properties":{}}}""";
    private const string Answer = """{"action":"accept","content":{}}""";

    private static readonly string Meta = Rpc.Meta().Replace("clientCapabilities\":{}", "clientCapabilities\":{\"elicitation\":{}}", StringComparison.Ordinal);

    private TempDirectory Directory { get; } = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync()
    {
        Directory.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_question_of_a_modern_server_to_a_modern_client_is_answered_after_the_restart()
    {
        await using var upstream = new ModernUpstream();
        upstream.Tools["ask"] = (request, reply) => request.Params.TryGetProperty("inputResponses", out _)
            ? reply.ResultAsync(request, $$"""{"resultType":"complete","content":[],"structuredContent":{{request.Params.GetProperty("requestState").GetRawText()}}}""")
            : reply.ResultAsync(
                request,
                $$$"""{"resultType":"input_required","inputRequests":{"q":{"method":"elicitation/create","params":{{{Elicitation}}}}},"requestState":"\u0041 state"}""");
        var before = await StartAsync(upstream);
        var asked = await before.SendAsync(AskModern().As(before.AdminKey));
        Assert.Equal("input_required", asked.Result.GetProperty("resultType").GetString());
        await before.CrashAsync();

        await using var after = await RestartAsync(before, upstream);
        var done = await after.SendAsync(AskModern(Retry(asked, "q")).As(before.AdminKey));

        Assert.Equal("\"\\u0041 state\"", done.Result.GetProperty("structuredContent").GetRawText());
        Assert.Equal(2, upstream.Calls.Count());
    }

    [Fact]
    public async Task A_call_of_a_legacy_server_that_waited_in_the_killed_gateway_is_refused_and_not_run_again()
    {
        await using var upstream = Asking();
        var before = await StartAsync(upstream);
        var asked = await before.SendAsync(AskModern().As(before.AdminKey));
        var question = asked.Result.GetProperty("inputRequests").EnumerateObject().Single().Name;
        await before.CrashAsync();

        await using var after = await RestartAsync(before, upstream);
        var refused = await after.SendAsync(AskModern(Retry(asked, question)).As(before.AdminKey));

        Assert.Equal(-32602, refused.ErrorCode);
        Assert.Contains("requestState is invalid or expired", refused.Text, StringComparison.Ordinal);
        Assert.Single(upstream.Calls);
    }

    [Fact]
    public async Task A_late_answer_of_a_legacy_client_is_taken_for_no_other_question()
    {
        await using var upstream = Asking();
        var before = await StartAsync(upstream);
        var client = await LegacyClient.OpenAsync(before, before.AdminKey, capabilities: """{"elicitation":{}}""");
        var first = await AskLegacyAsync(client);
        await before.CrashAsync();

        await using var after = await RestartAsync(before, upstream);
        client = client with { Gateway = after };
        using var call = await client.BeginAsync(Rpc.Call("up__ask", id: "2"));
        var second = IdOf((await call.ReadEventAsync())!);
        Assert.NotEqual(first, second);
        Assert.Equal(202, (await client.PostAsync(Result(first, """{"action":"decline"}"""))).Status);
        Assert.Equal(202, (await client.PostAsync(Result(second, Answer))).Status);

        Assert.Contains("answered", await call.ReadEventAsync(), StringComparison.Ordinal);
        var answers = upstream.Requests.Where(request => request.Text.Contains("\"action\"", StringComparison.Ordinal)).ToArray();
        Assert.Contains("accept", Assert.Single(answers).Text, StringComparison.Ordinal);
        Assert.Equal(2, upstream.Calls.Count());
    }

    /// <summary>A legacy server whose tool asks on its stream and then waits for the answer.</summary>
    private static LegacyUpstream Asking()
    {
        var upstream = new LegacyUpstream();
        upstream.Tools["ask"] = async (request, reply) =>
        {
            var id = Guid.NewGuid().ToString("N");
            await reply.BeginStreamAsync();
            await reply.EventAsync($$"""{"jsonrpc":"2.0","id":"{{id}}","method":"elicitation/create","params":{{Elicitation}}}""");
            await upstream.AnsweredAsync(id);
            await reply.EventAsync($$$"""{"jsonrpc":"2.0","id":{{{request.Id}}},"result":{"content":[{"type":"text","text":"answered"}]}}""");
            await reply.EndStreamAsync();
        };
        return upstream;
    }

    private static async Task<string> AskLegacyAsync(LegacyClient client)
    {
        using var call = await client.BeginAsync(Rpc.Call("up__ask"));
        return IdOf((await call.ReadEventAsync())!);
    }

    private static RawRequest AskModern(string more = "") =>
        Rpc.ModernRequest("/mcp", "tools/call", $$"""{{more}}"name":"up__ask","arguments":{}""", "up__ask", meta: Meta);

    private static string Retry(Reply asked, string question) =>
        $$$""" "inputResponses":{"{{{question}}}":{{{Answer}}}},"requestState":{{{asked.Result.GetProperty("requestState").GetRawText()}}},""";

    private static string IdOf(string message) => JsonDocument.Parse(message).RootElement.GetProperty("id").GetRawText();

    private static string Result(string id, string result) => $$"""{"jsonrpc":"2.0","id":{{id}},"result":{{result}}}""";

    private Task<GatewayProcess> StartAsync(HttpUpstream upstream) => GatewayProcess.StartAsync(Setup(upstream));

    private async Task<GatewayProcess> RestartAsync(GatewayProcess before, HttpUpstream upstream)
    {
        await before.DisposeAsync();
        return await GatewayProcess.StartAsync(Setup(upstream) with { IsFirstStart = false, Port = before.Port });
    }

    private GatewaySetup Setup(HttpUpstream upstream) =>
        new() { Config = new GatewayConfig { Servers = [("up", GatewayConfig.Entry(upstream))] }, Directory = Directory };
}
