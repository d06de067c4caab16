using System.Collections.Concurrent;
using System.Text.Json;
using NativeGateway.IntegrationTests.DataPlane.Upstream;
using NativeGateway.Protocol;

namespace NativeGateway.IntegrationTests.DataPlane.Sessions;

/// <summary>Streamable HTTP, as strict about headers as the server's revision: what it does not allow is refused and noted down.</summary>
internal sealed class StrictHttpDoor : IAsyncDisposable
{
    private readonly StrictServer _server;
    private readonly ScriptedUpstream _upstream;
    private readonly ConcurrentDictionary<string, StrictConversation> _sessions = new();

    public StrictHttpDoor(StrictServer server)
    {
        _server = server;
        _upstream = new ScriptedUpstream(RunAsync);
    }

    public Uri Url => _upstream.Url;

    public ValueTask DisposeAsync() => _upstream.DisposeAsync();

    private Task RunAsync(ScriptedRequest request)
    {
        var fault = HeaderFault(request);
        if (fault is null && !_server.Side.IsModern)
        {
            fault = LegacyFault(request);
        }
        else if (fault is null)
        {
            fault = ModernFault(request);
        }

        if (fault is not null)
        {
            _server.Blame($"{request.Label}: {fault}");
            return request.AnswerAsync(400);
        }

        return request.Method switch
        {
            "GET" => request.AnswerAsync(405),
            "DELETE" => request.AnswerAsync(200),
            _ => AnswerAsync(request),
        };
    }

    private async Task AnswerAsync(ScriptedRequest request)
    {
        // A revision that the header names and the server does not know is refused by the header alone (2025-06-18, basic/transports).
        if (!_server.Side.IsModern && request.Label == "server/discover")
        {
            await request.JsonAsync(StrictServer.Error(request.Id, -32000, "Unsupported protocol version"), 400);
            return;
        }

        var isOpening = request.Label == "initialize";
        var session = isOpening ? Guid.NewGuid().ToString("N") : request.Header("Mcp-Session-Id");
        var conversation = session is null ? new StrictConversation() : _sessions.GetOrAdd(session, _ => new StrictConversation());
        var answer = _server.Take(conversation, request.Body);
        var header = isOpening ? $"Mcp-Session-Id: {session}\r\n" : "";
        if (answer.Messages.Count > 1)
        {
            await request.BeginEventsAsync(header);
            foreach (var message in answer.Messages)
            {
                await request.EventAsync(message);
            }

            await request.EndAsync();
        }
        else if (answer.Messages.Count == 1)
        {
            var isUnknownMethod = _server.Side.IsModern && answer.Messages[0].Contains("-32601", StringComparison.Ordinal);
            await request.JsonAsync(answer.Messages[0], isUnknownMethod ? 404 : answer.Status, header);
        }
        else
        {
            await request.AnswerAsync(answer.Status);
        }
    }

    private static string? HeaderFault(ScriptedRequest request)
    {
        if (request.Method != "POST")
        {
            return null;
        }

        var accept = request.Header("Accept") ?? "";
        return request.Header("Content-Type") != "application/json" ? "a body that is not called JSON"
            : !accept.Contains("application/json", StringComparison.Ordinal) || !accept.Contains("text/event-stream", StringComparison.Ordinal)
                ? "one of the two kinds of answers is not accepted"
            : null;
    }

    private string? LegacyFault(ScriptedRequest request)
    {
        var session = request.Header("Mcp-Session-Id");
        var version = request.Header("MCP-Protocol-Version");
        if (request.Label is "initialize" or "server/discover")
        {
            return session is null ? null : "a session before there is one";
        }

        return session is null || !_sessions.ContainsKey(session) ? "no session"
            : _server.Side.HasVersionHeader && version != _server.Side.Revision ? $"the revision {version}"
            : !_server.Side.HasVersionHeader && version is not null ? "a header that this revision does not have"
            : request.Headers.Keys.FirstOrDefault(name => name is "Mcp-Method" or "Mcp-Name");
    }

    private string? ModernFault(ScriptedRequest request)
    {
        if (request.Method != "POST")
        {
            return "only POST is served";
        }

        var parameters = request.Message.TryGetProperty("params", out var given) ? given : default;
        var mirrored = request.Label switch
        {
            "tools/call" or "prompts/get" => Text(parameters, "name"),
            "resources/read" => Text(parameters, "uri"),
            _ => null,
        };
        var hasName = request.Header("Mcp-Name") is { } header && MirroredHeader.TryDecode(header, out var decoded) && decoded == mirrored;
        return request.Header("Mcp-Session-Id") is not null ? "a session"
            : request.Header("MCP-Protocol-Version") != _server.Side.Revision ? "another revision"
            : request.Header("Mcp-Method") != request.Label ? "another Mcp-Method"
            : mirrored is not null && !hasName ? "another Mcp-Name"
            : null;
    }

    private static string? Text(JsonElement parameters, string name) => parameters.GetProperty(name).GetString();
}
