using System.Text.Json;
using NativeGateway.IntegrationTests.DataPlane.Upstream;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Downstream;

/// <summary>
/// A long call with progress and a question to the user, whose client loses its connection: everything arrives once, the question is answered once,
/// the tool runs once.
/// </summary>
public sealed class QuestionCutTests
{
    private const int Events = 5;

    private const string Question = """{"mode":"form","message":"Sure?","requestedSchema":{"type":"object","properties":{}}}""";

    public static TheoryData<bool, int> Cuts
    {
        get
        {
            var cuts = new TheoryData<bool, int>();
            for (var seen = 0; seen < Events; seen++)
            {
                cuts.Add(false, seen);
                cuts.Add(true, seen);
            }

            return cuts;
        }
    }

    /// <param name="seen">How many events the client reads on each connection; 0 for one connection that is never cut.</param>
    [Theory]
    [MemberData(nameof(Cuts))]
    public async Task A_call_that_asks_survives_every_cut_of_its_stream(bool isUpstreamModern, int seen)
    {
        await using var server = new AskingServer(isUpstreamModern);
        await using var gateway = await FrontHarness.StartAsync(("up", server.Upstream.Url));
        var session = ("Mcp-Session-Id", await gateway.OpenSessionAsync("2025-11-25", """{"elicitation":{}}"""));
        var messages = new List<JsonElement>();
        var stream = await gateway.StreamAsync(HttpMethod.Post, "/mcp", AskingServer.Call, session);
        try
        {
            string? lastId = null;
            for (var read = 0; ; read++)
            {
                if (seen > 0 && read == seen)
                {
                    stream.Dispose();
                    stream = await gateway.StreamAsync(HttpMethod.Get, "/mcp", null, session, ("Last-Event-ID", lastId!));
                    read = 0;
                }

                if (await stream.NextAsync() is not { } next)
                {
                    break;
                }

                lastId = next.Id;
                if (next.Data.Length == 0)
                {
                    continue;
                }

                var message = JsonDocument.Parse(next.Data).RootElement;
                messages.Add(message);
                if (message.TryGetProperty("method", out var method) && method.GetString() == "elicitation/create")
                {
                    // The second time as a client does that does not know whether the first arrived.
                    var answer = Messages.Result(message.GetProperty("id").GetRawText(), """{"action":"accept","content":{}}""");
                    Assert.Equal(202, (await gateway.ExchangeAsync(HttpMethod.Post, "/mcp", answer, session)).Status);
                    Assert.Equal(202, (await gateway.ExchangeAsync(HttpMethod.Post, "/mcp", answer, session)).Status);
                }

                if (message.TryGetProperty("result", out _))
                {
                    break;
                }
            }
        }
        finally
        {
            stream.Dispose();
        }

        Assert.Equal(
            ["notifications/progress", "elicitation/create", "notifications/progress", ""],
            messages.Select(message => message.TryGetProperty("method", out var method) ? method.GetString() : ""));
        Assert.Equal("done", messages[^1].GetProperty("result").GetProperty("content")[0].GetProperty("text").GetString());
        Assert.Equal((1, 1), (server.Executions, server.Answers));
        Assert.Equal(0, server.Upstream.Count("notifications/cancelled"));
    }

    /// <summary>A server of either era whose one tool reports progress, asks, reports progress again, and is done.</summary>
    private sealed class AskingServer : IAsyncDisposable
    {
        public const string Call =
            """{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"up__ask","arguments":{},"_meta":{"progressToken":"p"}}}""";

        private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _executions;
        private int _answers;

        public AskingServer(bool isModern)
        {
            Upstream = new ScriptedUpstream(isModern
                ? new ModernScript { OnCall = RunModernAsync }.RunAsync
                : new LegacyScript { OnCall = RunLegacyAsync, OnPosted = TakeAsync }.RunAsync);
        }

        public ScriptedUpstream Upstream { get; }

        public int Executions => Volatile.Read(ref _executions);

        public int Answers => Volatile.Read(ref _answers);

        public ValueTask DisposeAsync() => Upstream.DisposeAsync();

        private static Task ListAsync(ScriptedRequest request) =>
            request.ResultAsync("""{"tools":[{"name":"ask","inputSchema":{"type":"object"}}],"resultType":"complete","ttlMs":0,"cacheScope":"private"}""");

        private static string Progress(ScriptedRequest request, int progress)
        {
            var token = request.Message.GetProperty("params").GetProperty("_meta").GetProperty("progressToken").GetRawText();
            return $$$"""{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":{{{token}}},"progress":{{{progress}}}} }""";
        }

        private static string Done(ScriptedRequest request) => request.Result("""{"resultType":"complete","content":[{"type":"text","text":"done"}]}""");

        private async Task RunLegacyAsync(ScriptedRequest request)
        {
            if (request.Label == "tools/list")
            {
                await ListAsync(request);
                return;
            }

            Interlocked.Increment(ref _executions);
            await request.BeginEventsAsync();
            await request.EventAsync(Progress(request, 1));
            await request.EventAsync($$"""{"jsonrpc":"2.0","id":"q","method":"elicitation/create","params":{{Question}}}""");
            await _answered.Task.WaitAsync(TestTime.Limit);
            await request.EventAsync(Progress(request, 2));
            await request.EventAsync(Done(request));
            await request.EndAsync();
        }

        private async Task TakeAsync(ScriptedRequest request)
        {
            if (request.Label == "response")
            {
                Interlocked.Increment(ref _answers);
                _answered.TrySetResult();
            }

            await request.AnswerAsync(202);
        }

        private async Task RunModernAsync(ScriptedRequest request)
        {
            if (request.Label == "tools/list")
            {
                await ListAsync(request);
                return;
            }

            await request.BeginEventsAsync();
            if (!request.Message.GetProperty("params").TryGetProperty("inputResponses", out _))
            {
                Interlocked.Increment(ref _executions);
                await request.EventAsync(Progress(request, 1));
                await request.EventAsync(request.Result(
                    $$$"""{"resultType":"input_required","inputRequests":{"q":{"method":"elicitation/create","params":{{{Question}}}}},"requestState":"s"}"""));
            }
            else
            {
                Interlocked.Increment(ref _answers);
                await request.EventAsync(Progress(request, 2));
                await request.EventAsync(Done(request));
            }

            await request.EndAsync();
        }
    }
}
