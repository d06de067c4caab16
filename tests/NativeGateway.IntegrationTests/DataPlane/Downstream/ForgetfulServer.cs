using NativeGateway.IntegrationTests.DataPlane.Upstream;

namespace NativeGateway.IntegrationTests.DataPlane.Downstream;

/// <summary>A server of either era with one resource, which loses what it knows of its clients whenever the test likes.</summary>
internal sealed class ForgetfulServer : IAsyncDisposable
{
    public const string Uri = "file:///a";

    private readonly Lock _gate = new();
    private readonly bool _isModern;
    private readonly ScriptedUpstream _upstream;
    private readonly List<ScriptedRequest> _streams = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string _session = "s-1";

    public ForgetfulServer(bool isModern)
    {
        _isModern = isModern;
        const string capabilities = """{"resources":{"subscribe":true}}""";
        var legacy = new LegacyScript { Capabilities = capabilities, OnGet = StreamAsync, OnPosted = AnswerAsync };
        _upstream = new ScriptedUpstream(isModern
            ? new ModernScript { Capabilities = capabilities, OnListen = StreamAsync, OnCall = AnswerAsync }.RunAsync
            : request => Knows(request) ? legacy.RunAsync(request) : request.AnswerAsync(404));
    }

    public Uri Url => _upstream.Url;

    public ScriptedUpstream Upstream => _upstream;

    /// <summary>As after a restart: legacy sessions are unknown, and the stream on which it told of updates ends.</summary>
    public async Task ForgetAsync()
    {
        ScriptedRequest stream;
        lock (_gate)
        {
            _session = $"s-{int.Parse(_session[2..], null) + 1}";
            stream = _streams[^1];
        }

        if (_isModern)
        {
            await stream.EventAsync(stream.Result("""{"resultType":"complete"}"""));
        }

        await stream.EndAsync();
    }

    /// <summary>Tells of an update on its stream number so and so, from 1, as soon as that is open.</summary>
    public async Task UpdateAsync(int number)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (_streams.Count >= number)
                {
                    break;
                }

                changed = _changed.Task;
            }

            await changed.WaitAsync(Shared.TestTime.Limit);
        }

        await _streams[number - 1].EventAsync($$$"""{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"{{{Uri}}}"} }""");
    }

    public ValueTask DisposeAsync() => _upstream.DisposeAsync();

    private static Task AnswerAsync(ScriptedRequest request) => request.Label switch
    {
        "resources/list" => request.ResultAsync("""{"resources":[],"resultType":"complete"}"""),
        "resources/templates/list" => request.ResultAsync("""{"resourceTemplates":[],"resultType":"complete"}"""),
        "resources/subscribe" or "resources/unsubscribe" => request.ResultAsync("{}"),
        _ => request.AnswerAsync(202),
    };

    private bool Knows(ScriptedRequest request)
    {
        lock (_gate)
        {
            return request.Header("Mcp-Session-Id") is not { } session || session == _session;
        }
    }

    private async Task StreamAsync(ScriptedRequest request)
    {
        await request.BeginEventsAsync();
        if (_isModern)
        {
            await request.EventAsync(
                $$$"""{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"notifications":{"resourceSubscriptions":["{{{Uri}}}"]} } }""");
        }

        lock (_gate)
        {
            _streams.Add(request);
            _changed.SetResult();
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
