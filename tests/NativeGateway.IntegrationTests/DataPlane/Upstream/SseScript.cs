using NativeGateway.Shared;

namespace NativeGateway.IntegrationTests.DataPlane.Upstream;

/// <summary>How a server of HTTP+SSE answers, unless a test says otherwise: POSTs with 202, everything else on the newest event stream.</summary>
internal sealed class SseScript
{
    private TaskCompletionSource<ScriptedRequest> _stream = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _connections;

    /// <summary>The data of the <c>endpoint</c> event; <c>$n</c> is the number of the connection.</summary>
    public string Endpoint { get; init; } = "/messages?s=$n";

    public string Capabilities { get; init; } = """{"tools":{"listChanged":true}}""";

    /// <summary>What happens to a POST that is not part of the handshake.</summary>
    public Func<SseScript, ScriptedRequest, Task> OnCall { get; set; } = async (script, request) =>
    {
        await request.AnswerAsync(202);
        if (request.Label != "response")
        {
            await script.SayAsync(request.Result("{}"));
        }
    };

    /// <summary>The newest event stream, on which the server speaks.</summary>
    public Task<ScriptedRequest> StreamAsync() => _stream.Task.WaitAsync(TestTime.Limit);

    public async Task SayAsync(string message) => await (await StreamAsync()).ChunkAsync($"event: message\ndata: {message}\n\n");

    public async Task RunAsync(ScriptedRequest request)
    {
        switch (request.Label)
        {
            case "GET":
                var number = Interlocked.Increment(ref _connections);
                await request.BeginEventsAsync();
                await request.ChunkAsync($"event: endpoint\ndata: {Endpoint.Replace("$n", $"{number}", StringComparison.Ordinal)}\n\n");
                if (!_stream.TrySetResult(request))
                {
                    _stream = new TaskCompletionSource<ScriptedRequest>(TaskCreationOptions.RunContinuationsAsynchronously);
                    _stream.SetResult(request);
                }

                await request.ClosedAsync();
                break;
            case "initialize":
                await request.AnswerAsync(202);
                await SayAsync(request.Result(
                    $$$"""{"protocolVersion":"2024-11-05","capabilities":{{{Capabilities}}},"serverInfo":{"name":"sse","version":"1"}}"""));
                break;
            case "OPTIONS":
                await request.AnswerAsync(405);
                break;
            case "notifications/initialized":
                await request.AnswerAsync(202);
                break;
            default:
                await OnCall(this, request);
                break;
        }
    }
}
