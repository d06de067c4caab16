using System.Collections.Concurrent;
using System.Text.Json;
using NativeGateway.Shared;

namespace NativeGateway.NativeTests.Upstreams;

/// <summary>A server of revision 2025-11-25: a handshake, a session that it insists on, a long GET stream.</summary>
internal sealed class LegacyUpstream : HttpUpstream
{
    /// <summary>A member of its entry in a configuration: a call that hangs ends only when somebody cancels it, not by the gateway's time-out.</summary>
    public const string Patience = ", \"timeout\": \"10m\"";

    /// <summary>Members of a list's result that the protocol does not know.</summary>
    public const string ListMembers = ", \"vendor\" : 1.0";

    /// <summary>The result of <c>prompts/list</c>.</summary>
    public const string Prompts = "{\"prompts\":[{\"name\":\"greet\"},{\"name\":\"secret_prompt\"}]" + ListMembers + "}";

    private readonly ConcurrentDictionary<string, bool> _sessions = new();
    private readonly ConcurrentDictionary<UpstreamReply, bool> _streams = new();
    private readonly TaskCompletionSource _hasStream = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly ConcurrentDictionary<string, TaskCompletionSource<string>> _answers = new();

    private readonly ConcurrentDictionary<string, TaskCompletionSource> _cancellations = new();

    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public LegacyUpstream() => Tools["ask"] = AskAsync;

    /// <summary>What a stream is taken up with that was asked for by the id of an event.</summary>
    public Func<UpstreamReply, Task> Resume { get; set; } = reply => reply.EmptyAsync(404);

    /// <summary>Ends when the gateway has opened the long stream.</summary>
    public Task HasStream => _hasStream.Task.WaitAsync(TestTime.Limit);

    /// <summary>Ends when the gateway has cancelled a request.</summary>
    public Task CancelledAsync() => _cancelled.Task.WaitAsync(TestTime.Limit);

    /// <summary>Ends when the gateway has cancelled this request.</summary>
    public Task CancelledAsync(UpstreamRequest request) => CancellationOf(request.Id!).Task.WaitAsync(TestTime.Limit);

    /// <summary>Ends when the gateway has answered a request of this server's.</summary>
    /// <param name="id">The id of that request, a string.</param>
    public Task AnsweredAsync(string id) => AnswerOf($"\"{id}\"").Task.WaitAsync(TestTime.Limit);

    /// <summary>As after a restart: every session is unknown.</summary>
    public void ForgetSessions() => _sessions.Clear();

    /// <summary>Sends a message on every long stream.</summary>
    public async Task AnnounceAsync(string json)
    {
        foreach (var stream in _streams.Keys)
        {
            await stream.EventAsync(json);
        }
    }

    protected override async Task AnswerAsync(UpstreamRequest request, UpstreamReply reply)
    {
        var session = request.Head["Mcp-Session-Id"];
        if (request.Method == "initialize")
        {
            await InitializeAsync(request, reply);
        }
        else if (session is null || !_sessions.ContainsKey(session))
        {
            await reply.JsonAsync("""{"jsonrpc":"2.0","error":{"code":-32000,"message":"Bad Request: no session"}}""", session is null ? 400 : 404);
        }
        else if (request.HttpMethod == "GET" && request.Head["Last-Event-ID"] is not null)
        {
            await Resume(reply);
        }
        else if (request.HttpMethod == "GET")
        {
            await StreamAsync(reply);
        }
        else if (request.HttpMethod == "DELETE")
        {
            await reply.EmptyAsync(200);
        }
        else if (request.Id is null || request.Method.Length == 0)
        {
            if (request.Method == "notifications/cancelled")
            {
                _cancelled.TrySetResult();
                CancellationOf(request.Params.GetProperty("requestId").GetRawText()).TrySetResult();
            }

            if (request is { Id: { } id, Method.Length: 0 })
            {
                AnswerOf(id).TrySetResult(request.Text);
            }

            await reply.EmptyAsync(202);
        }
        else
        {
            await AnswerMethodAsync(request, reply);
        }
    }

    private TaskCompletionSource CancellationOf(string id) =>
        _cancellations.GetOrAdd(id, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    private TaskCompletionSource<string> AnswerOf(string id) =>
        _answers.GetOrAdd(id, _ => new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously));

    /// <summary>Elicits a word on the stream of the call, and says then what was answered.</summary>
    private async Task AskAsync(UpstreamRequest request, UpstreamReply reply)
    {
        await reply.BeginStreamAsync();
        await reply.EventAsync(
            """
            {"jsonrpc":"2.0","id":"q-1","method":"elicitation/create","params":{"message":"Which word?","requestedSchema":{"type":"object","properties":{"word":{"type":"string"}}}}}
            """.Trim());
        var answer = await AnswerOf("\"q-1\"").Task.WaitAsync(TestTime.Limit);
        await reply.EventAsync($$$"""{"jsonrpc":"2.0","id":{{{request.Id}}},"result":{"content":[{"type":"text","text":{{{JsonSerializer.Serialize(answer)}}}}]} }""");
        await reply.EndStreamAsync();
    }

    private Task InitializeAsync(UpstreamRequest request, UpstreamReply reply)
    {
        var id = Guid.NewGuid().ToString("N");
        _sessions[id] = true;
        return reply.ResultAsync(
            request,
            """
            {"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true},"prompts":{},"resources":{}},"serverInfo":{"name":"scripted","version":"1"}}
            """.Trim(),
            $"Mcp-Session-Id: {id}\r\n");
    }

    private async Task StreamAsync(UpstreamReply reply)
    {
        await reply.BeginStreamAsync();
        _streams[reply] = true;
        _hasStream.TrySetResult();
        await Ended;
    }

    private Task AnswerMethodAsync(UpstreamRequest request, UpstreamReply reply) => request.Method switch
    {
        "ping" => reply.ResultAsync(request, "{}"),
        "tools/list" => reply.ResultAsync(request, $$"""{"tools":{{Tools.List}}{{ListMembers}}}"""),
        "tools/call" => Tools.CallAsync(request, reply),
        "prompts/list" => reply.ResultAsync(request, Prompts),
        "prompts/get" => reply.ResultAsync(request, """{"messages":[{"role":"user","content":{"type":"text","text":"hello"}}]}"""),
        "resources/list" => reply.ResultAsync(request, """{"resources":[{"uri":"test://open/doc","name":"doc"},{"uri":"test://closed/doc","name":"closed"}]}"""),
        "resources/templates/list" => reply.ResultAsync(request, """{"resourceTemplates":[]}"""),
        "resources/read" => reply.ResultAsync(request, """{"contents":[{"uri":"test://open/doc","text":"content"}]}"""),
        _ => reply.ErrorAsync(request, """{"code":-32601,"message":"Method not found"}"""),
    };
}
