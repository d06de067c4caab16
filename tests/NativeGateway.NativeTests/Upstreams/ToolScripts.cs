using System.Text.Json;
using NativeGateway.Shared;

namespace NativeGateway.NativeTests.Upstreams;

/// <summary>The tools of a scripted upstream: what each does with a call, and signals of the calls that have arrived.</summary>
internal sealed class ToolScripts
{
    private readonly Dictionary<string, Func<UpstreamRequest, UpstreamReply, Task>> _tools = [];
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _received = [];
    private readonly List<(string Tool, int Count, TaskCompletionSource Signal)> _waiting = [];

    public ToolScripts(HttpUpstream upstream)
    {
        this["echo"] = EchoAsync;
        this["fail"] = (request, reply) => reply.ResultAsync(request, """{"content":[{"type":"text","text":"it failed"}],"isError":true}""");
        this["error"] = (request, reply) => reply.ErrorAsync(request, """{"code":-32050,"message":"the upstream's own words","data":{"kept":1.50}}""");
        this["hang"] = (_, _) => upstream.Ended;
        this["drop"] = (_, reply) => { reply.Drop(); return Task.CompletedTask; };
        this["half"] = (_, reply) => reply.DropInBodyAsync();
        this["garbage"] = (_, reply) => reply.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\nnot json!"u8.ToArray());
        this["steps"] = StepsAsync;
        this["gated"] = async (request, reply) =>
        {
            await Gate.Task.WaitAsync(TestTime.Limit);
            await EchoAsync(request, reply);
        };
    }

    public Func<UpstreamRequest, UpstreamReply, Task> this[string name]
    {
        get => _tools[name];
        set => _tools[name] = value;
    }

    /// <summary>What calls of <c>gated</c> wait for.</summary>
    public TaskCompletionSource Gate { get; set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Members of a tool's definition besides its name, raw.</summary>
    public Dictionary<string, string> Definitions { get; } = [];

    public string List => "[" + string.Join(',', _tools.Keys.Select(name =>
        $"{{\"name\":{JsonSerializer.Serialize(name)},{Definitions.GetValueOrDefault(name, "\"inputSchema\":{\"type\":\"object\"}")}}}")) + "]";

    /// <summary>The call's arguments as they came, as text and as structured content.</summary>
    public static Task EchoAsync(UpstreamRequest request, UpstreamReply reply) => reply.ResultAsync(
        request, $$"""{"content":[{"type":"text","text":{{JsonSerializer.Serialize(request.Arguments)}}}],"structuredContent":{{request.Arguments}}}""");

    public Task CallAsync(UpstreamRequest request, UpstreamReply reply) => _tools.TryGetValue(request.Tool ?? "", out var tool)
        ? tool(request, reply)
        : reply.ErrorAsync(request, """{"code":-32602,"message":"unknown tool"}""");

    /// <summary>Ends when so many calls of a tool have arrived since the start.</summary>
    public Task ReceivedAsync(string tool, int count = 1)
    {
        lock (_gate)
        {
            if (_received.GetValueOrDefault(tool) >= count)
            {
                return Task.CompletedTask;
            }

            var signal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((tool, count, signal));
            return signal.Task.WaitAsync(TestTime.Limit);
        }
    }

    public void Received(UpstreamRequest request)
    {
        if (request.Tool is not { } tool)
        {
            return;
        }

        lock (_gate)
        {
            var count = _received[tool] = _received.GetValueOrDefault(tool) + 1;
            foreach (var (_, _, signal) in _waiting.Where(waiting => waiting.Tool == tool && waiting.Count <= count))
            {
                signal.TrySetResult();
            }
        }
    }

    /// <summary>An event stream: two steps of progress where they were asked for, then the answer.</summary>
    private static async Task StepsAsync(UpstreamRequest request, UpstreamReply reply)
    {
        await reply.BeginStreamAsync();
        if (request.Params.TryGetProperty("_meta", out var meta) && meta.TryGetProperty("progressToken", out var token))
        {
            foreach (var step in (int[])[1, 2])
            {
                await reply.EventAsync(
                    $$$"""{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":{{{token.GetRawText()}}},"progress":{{{step}}} } }""");
            }
        }

        await reply.EventAsync($$"""{"jsonrpc":"2.0","id":{{request.Id}},"result":{"content":[{"type":"text","text":"done"}]} }""");
        await reply.EndStreamAsync();
    }
}
