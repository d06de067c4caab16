namespace NativeGateway.IntegrationTests.DataPlane.Upstream;

/// <summary>How a legacy upstream answers, unless a test says otherwise: it has sessions and no GET stream.</summary>
internal sealed class LegacyScript
{
    private int _sessions;

    public bool HasSessions { get; init; } = true;

    public string Revision { get; init; } = "2025-11-25";

    public string Capabilities { get; init; } = """{"tools":{"listChanged":true}}""";

    public Func<ScriptedRequest, Task> OnDiscover { get; set; } = request => request.AnswerAsync(400);

    public Func<ScriptedRequest, Task> OnGet { get; set; } = request => request.AnswerAsync(405);

    public Func<ScriptedRequest, Task> OnCall { get; set; } = request => request.ResultAsync("{}");

    public Func<ScriptedRequest, Task> OnPosted { get; set; } = request => request.AnswerAsync(202);

    public Func<ScriptedRequest, Task>? OnInitialize { get; set; }

    public Task RunAsync(ScriptedRequest request) => request.Label switch
    {
        "server/discover" => OnDiscover(request),
        "initialize" => OnInitialize?.Invoke(request) ?? InitializeAsync(request),
        "notifications/initialized" => request.AnswerAsync(202),
        "GET" => OnGet(request),
        "DELETE" => request.AnswerAsync(200),
        "tools/call" or "tools/list" or "prompts/get" => OnCall(request),
        _ => OnPosted(request),
    };

    /// <summary>Opens the session s-1, then s-2 and so on.</summary>
    public Task InitializeAsync(ScriptedRequest request)
    {
        var session = Interlocked.Increment(ref _sessions);
        return request.ResultAsync(
            $$$"""{"protocolVersion":"{{{Revision}}}","capabilities":{{{Capabilities}}},"serverInfo":{"name":"legacy","version":"{{{session}}}"},"instructions":"Be kind."}""",
            HasSessions ? $"Mcp-Session-Id: s-{session}\r\n" : "");
    }
}

/// <summary>How a modern upstream answers, unless a test says otherwise.</summary>
internal sealed class ModernScript
{
    public string Capabilities { get; init; } = """{"tools":{}}""";

    public Func<ScriptedRequest, Task>? OnDiscover { get; set; }

    public Func<ScriptedRequest, Task> OnCall { get; set; } = request => request.ResultAsync("""{"resultType":"complete"}""");

    public Func<ScriptedRequest, Task> OnListen { get; set; } = request => request.ErrorAsync(404, -32601);

    public Task RunAsync(ScriptedRequest request) => request.Label switch
    {
        "server/discover" => OnDiscover?.Invoke(request) ?? DiscoverAsync(request),
        "subscriptions/listen" => OnListen(request),
        _ => OnCall(request),
    };

    public Task DiscoverAsync(ScriptedRequest request) => request.ResultAsync(
        $$$$"""
        {"supportedVersions":["2026-07-28"],"capabilities":{{{{Capabilities}}}},"instructions":"Be modern.","resultType":"complete",
        "_meta":{"io.modelcontextprotocol/serverInfo":{"name":"modern","version":"1"}}}
        """);
}
