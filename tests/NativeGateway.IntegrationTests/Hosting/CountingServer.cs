using NativeGateway.IntegrationTests.DataPlane.Upstream;

namespace NativeGateway.IntegrationTests.Hosting;

/// <summary>A server with one tool, that remembers every call by its name.</summary>
internal sealed class CountingServer : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _calls = [];

    public CountingServer(bool isModern, bool listens = true)
    {
        Upstream = new ScriptedUpstream(
            isModern ? new ModernScript { OnCall = AnswerAsync }.RunAsync : new LegacyScript { OnCall = AnswerAsync, OnPosted = TakeAsync }.RunAsync, listens);
    }

    public ScriptedUpstream Upstream { get; }

    /// <summary>Answers <c>tools/call</c>; null for at once.</summary>
    public Func<ScriptedRequest, Task>? OnCall { get; init; }

    public string Entry => $$"""{ "url": "{{Upstream.Url}}", "timeout": "20s" }""";

    public int Calls
    {
        get
        {
            lock (_gate)
            {
                return _calls.Values.Sum();
            }
        }
    }

    /// <summary>How often the call of that name was executed.</summary>
    public int Executed(string name)
    {
        lock (_gate)
        {
            return _calls.GetValueOrDefault(name);
        }
    }

    public ValueTask DisposeAsync() => Upstream.DisposeAsync();

    private static Task TakeAsync(ScriptedRequest request) => request.Label == "ping" ? request.ResultAsync("{}") : request.AnswerAsync(202);

    private Task AnswerAsync(ScriptedRequest request)
    {
        if (request.Label != "tools/call")
        {
            return request.ResultAsync("""{"tools":[{"name":"echo","inputSchema":{"type":"object"}}]}""");
        }

        var arguments = request.Message.GetProperty("params").GetProperty("arguments");
        var name = arguments.TryGetProperty("name", out var given) ? given.GetString()! : "";
        lock (_gate)
        {
            _calls[name] = _calls.GetValueOrDefault(name) + 1;
        }

        return OnCall?.Invoke(request) ?? request.ResultAsync("""{"content":[]}""");
    }
}
