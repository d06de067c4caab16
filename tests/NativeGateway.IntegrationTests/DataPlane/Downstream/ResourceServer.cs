using NativeGateway.IntegrationTests.DataPlane.Upstream;
using NativeGateway.Shared;

namespace NativeGateway.IntegrationTests.DataPlane.Downstream;

/// <summary>A server of either era that offers updates of its resources, but of none with "refused" in its URI.</summary>
internal sealed class ResourceServer : IAsyncDisposable
{
    private readonly ScriptedUpstream _upstream;
    private readonly TaskCompletionSource<ScriptedRequest> _stream = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _left = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ResourceServer(bool isModern, string capabilities = """{"resources":{"subscribe":true}}""")
    {
        _upstream = new ScriptedUpstream(isModern
            ? new ModernScript { Capabilities = capabilities, OnListen = ListenAsync, OnCall = AnswerAsync }.RunAsync
            : new LegacyScript { Capabilities = capabilities, OnGet = OpenAsync, OnPosted = AnswerAsync }.RunAsync);
    }

    public Uri Url => _upstream.Url;

    public ScriptedUpstream Upstream => _upstream;

    /// <summary>Says it on the stream on which the server tells of updates, as soon as that is open.</summary>
    public async Task SayAsync(string message) => await (await _stream.Task.WaitAsync(TestTime.Limit)).EventAsync(message);

    public Task UpdateAsync(string uri) =>
        SayAsync($$$"""{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"{{{uri}}}"} }""");

    /// <summary>The gateway has closed a listen stream that told of updates.</summary>
    public Task LeftAsync() => _left.Task.WaitAsync(TestTime.Limit);

    public ValueTask DisposeAsync() => _upstream.DisposeAsync();

    private static Task AnswerAsync(ScriptedRequest request) => request.Label switch
    {
        "resources/list" => request.ResultAsync("""{"resources":[],"resultType":"complete"}"""),
        "resources/templates/list" => request.ResultAsync("""{"resourceTemplates":[],"resultType":"complete"}"""),
        "resources/subscribe" when request.Body.Contains("refused", StringComparison.Ordinal) => request.ErrorAsync(200, -32002),
        "resources/subscribe" or "resources/unsubscribe" => request.ResultAsync("{}"),
        _ => request.AnswerAsync(202),
    };

    private async Task OpenAsync(ScriptedRequest request)
    {
        await request.BeginEventsAsync();
        _stream.TrySetResult(request);
        await request.ClosedAsync();
    }

    private async Task ListenAsync(ScriptedRequest request)
    {
        var filter = request.Message.GetProperty("params").GetProperty("notifications").GetRawText();
        var honoured = filter.Contains("refused", StringComparison.Ordinal) ? "{}" : filter;
        await request.BeginEventsAsync();
        await request.EventAsync(
            $$$"""{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":{{{request.Id}}}},"notifications":{{{honoured}}}} }""");
        if (honoured.Length > 2)
        {
            _stream.TrySetResult(request);
        }

        await request.ClosedAsync();
        _left.TrySetResult();
    }
}
