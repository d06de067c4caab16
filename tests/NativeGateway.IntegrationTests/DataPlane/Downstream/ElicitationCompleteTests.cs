using System.Collections.Concurrent;
using NativeGateway.IntegrationTests.DataPlane.Upstream;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Downstream;

/// <summary>Upstreams that say outside any call that a user is done with a web page.</summary>
public sealed class ElicitationCompleteTests
{
    private const string Url = """{"elicitation":{"url":{}}}""";
    private const string Complete = """{"jsonrpc":"2.0","method":"notifications/elicitation/complete","params":{"elicitationId":"e"}}""";

    private const string Refused =
        """{"jsonrpc":"2.0","id":$id,"error":{"code":-32042,"message":"m","data":{"elicitations":[{"mode":"url","elicitationId":"e","url":"https://a.example","message":"m"}]}}}""";

    [Fact]
    public async Task Over_Streamable_HTTP_it_goes_from_stream_to_stream()
    {
        var streams = new ConcurrentDictionary<string, TaskCompletionSource<ScriptedRequest>>();
        TaskCompletionSource<ScriptedRequest> StreamOf(ScriptedRequest request) => streams.GetOrAdd(
            request.Header("Mcp-Session-Id")!, _ => new TaskCompletionSource<ScriptedRequest>(TaskCreationOptions.RunContinuationsAsynchronously));
        await using var server = new ScriptedUpstream(new LegacyScript
        {
            OnGet = async request =>
            {
                await request.BeginEventsAsync();
                StreamOf(request).SetResult(request);
                await request.ClosedAsync();
            },
            OnCall = request => request.JsonAsync(request.Label == "tools/list" ? request.Result("""{"tools":[]}""") : Refused.Replace("$id", request.Id, StringComparison.Ordinal)),
        }.RunAsync);
        await using var front = await FrontHarness.StartAsync(("srv", server.Url));

        await HearsAsync(front, async () =>
        {
            var stream = await StreamOf(await server.NextAsync("tools/call")).Task.WaitAsync(TestTime.Limit);
            await stream.EventAsync(Complete);
        });
    }

    [Fact]
    public async Task Over_a_connection_that_all_calls_share_it_does_too()
    {
        var script = new SseScript
        {
            Capabilities = """{"tools":{}}""",
            OnCall = async (script, request) =>
            {
                await request.AnswerAsync(202);
                if (request.Label is "tools/call")
                {
                    await script.SayAsync(Refused.Replace("$id", request.Id, StringComparison.Ordinal));
                }
                else if (request.Label is "tools/list")
                {
                    await script.SayAsync(request.Result("""{"tools":[]}"""));
                }
            },
        };
        await using var server = new ScriptedUpstream(request => request.Label is "server/discover" ? request.AnswerAsync(405)
            : request.Label is "initialize" && request.Target == "/mcp" ? request.AnswerAsync(405)
            : script.RunAsync(request));
        await using var front = await FrontHarness.StartAsync(("srv", server.Url));

        await HearsAsync(front, () => script.SayAsync(Complete));
    }

    /// <summary>A client whose call was refused for the page hears that its user is done.</summary>
    private static async Task HearsAsync(FrontHarness front, Func<Task> sayAsync)
    {
        using var opened = await front.SendAsync(HttpMethod.Post, "/mcp/srv", Messages.Initialize("2025-11-25", Url));
        var session = ("Mcp-Session-Id", opened.Headers.GetValues("Mcp-Session-Id").Single());
        using var stream = await front.StreamAsync(HttpMethod.Get, "/mcp/srv", null, session);
        var (_, refused) = await front.ExchangeAsync(HttpMethod.Post, "/mcp/srv", Messages.Call("login"), session);
        Assert.Contains("-32042", refused, StringComparison.Ordinal);

        await sayAsync();

        Assert.Equal(Complete, await stream.NextMessageAsync());
    }
}
