using System.Text;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Protocol;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Upstream;

/// <summary>What a legacy upstream asks on its GET stream belongs to the only call in flight.</summary>
public sealed class StreamQuestionTests
{
    private const string Question = """{"jsonrpc":"2.0","id":"q","method":"roots/list"}""";
    private const string Answer = """{"jsonrpc":"2.0","id":"q","result":{"roots":[]}}""";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_question_goes_to_the_only_call_in_flight(bool replyHasBegun)
    {
        await using var server = new AskingServer { AnswersWithEvents = replyHasBegun };
        await using var gateway = new UpstreamHarness(server.Url);
        var session = await gateway.OpenAsync(ClientCapabilities.Roots);

        var sending = session.SendAsync(UpstreamHarness.ToolCall(session), CancellationToken.None).AsTask();
        await server.NextCallAsync();
        await server.AskAsync(Question);
        var reply = (await sending.WaitAsync(TestTime.Limit)).Reply!;
        Assert.Equal(Question, await NextAsync(reply));
        Assert.Null(await session.PostAsync(Encoding.UTF8.GetBytes(Answer), CancellationToken.None));
        Assert.Equal(Answer, await server.NextAnswerAsync());
        server.Respond();

        Assert.Contains("\"result\"", await NextAsync(reply), StringComparison.Ordinal);
        await reply.DisposeAsync();
    }

    [Fact]
    public async Task A_question_that_may_belong_to_several_calls_is_refused()
    {
        await using var server = new AskingServer { AnswersWithEvents = true };
        await using var gateway = new UpstreamHarness(server.Url);
        var session = await gateway.OpenAsync(ClientCapabilities.Roots);
        var one = await session.SendAsync(UpstreamHarness.ToolCall(session), CancellationToken.None).AsTask().WaitAsync(TestTime.Limit);
        var other = await session.SendAsync(UpstreamHarness.ToolCall(session), CancellationToken.None).AsTask().WaitAsync(TestTime.Limit);

        await server.AskAsync(Question);

        Assert.Contains("-32601", await server.NextAnswerAsync(), StringComparison.Ordinal);
        await one.Reply!.DisposeAsync();
        await other.Reply!.DisposeAsync();
    }

    [Fact]
    public async Task A_call_that_was_given_up_still_counts()
    {
        await using var server = new AskingServer { AnswersWithEvents = true };
        await using var gateway = new UpstreamHarness(server.Url);
        var session = await gateway.OpenAsync(ClientCapabilities.Roots);
        var left = await session.SendAsync(UpstreamHarness.ToolCall(session), CancellationToken.None).AsTask().WaitAsync(TestTime.Limit);
        await left.Reply!.DisposeAsync();
        var other = await session.SendAsync(UpstreamHarness.ToolCall(session), CancellationToken.None).AsTask().WaitAsync(TestTime.Limit);

        await server.AskAsync(Question);

        Assert.Contains("-32601", await server.NextAnswerAsync(), StringComparison.Ordinal);
        await other.Reply!.DisposeAsync();
    }

    [Fact]
    public async Task A_question_after_the_response_belongs_to_nobody()
    {
        await using var server = new AskingServer();
        await using var gateway = new UpstreamHarness(server.Url);
        var session = await gateway.OpenAsync(ClientCapabilities.Roots);
        var calling = UpstreamHarness.CallAsync(session);
        await server.NextCallAsync();
        server.Respond();
        await calling;

        await server.AskAsync(Question);

        Assert.Contains("-32601", await server.NextAnswerAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_stream_is_there_before_the_first_call()
    {
        await using var server = new AskingServer();
        await using var gateway = new UpstreamHarness(server.Url);

        await gateway.OpenAsync(ClientCapabilities.Roots);

        Assert.Equal(1, server.Upstream.Count("GET"));
    }

    private static async Task<string> NextAsync(UpstreamReply reply)
    {
        var received = await reply.ReadAsync(CancellationToken.None).AsTask().WaitAsync(TestTime.Limit);
        Assert.Null(received.Error);
        return Encoding.UTF8.GetString(received.Bytes.Span);
    }

    /// <summary>A legacy server whose calls end when the test says so, and which asks on its GET stream.</summary>
    private sealed class AskingServer : IAsyncDisposable
    {
        private readonly TaskCompletionSource<ScriptedRequest> _stream = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _responding = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public AskingServer()
        {
            Upstream = new ScriptedUpstream(new LegacyScript
            {
                OnGet = async request =>
                {
                    await request.BeginEventsAsync();
                    _stream.TrySetResult(request);
                    await request.ClosedAsync();
                },
                OnCall = CallAsync,
            }.RunAsync);
        }

        /// <summary>Otherwise a call is answered with JSON, whose head comes with the response.</summary>
        public bool AnswersWithEvents { get; init; }

        public ScriptedUpstream Upstream { get; }

        public Uri Url => Upstream.Url;

        public Task<ScriptedRequest> NextCallAsync() => Upstream.NextAsync("tools/call");

        public async Task AskAsync(string question) => await (await _stream.Task.WaitAsync(TestTime.Limit)).EventAsync(question);

        public async Task<string> NextAnswerAsync() => (await Upstream.NextAsync("response")).Body;

        public void Respond() => _responding.TrySetResult();

        public ValueTask DisposeAsync()
        {
            _responding.TrySetResult();
            return Upstream.DisposeAsync();
        }

        private async Task CallAsync(ScriptedRequest request)
        {
            if (AnswersWithEvents)
            {
                await request.BeginEventsAsync();
            }

            await _responding.Task;
            await (AnswersWithEvents ? request.EventAsync(request.Result("{}")) : request.ResultAsync("{}"));
        }
    }
}
