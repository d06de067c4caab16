using System.Text.Json;

namespace NativeGateway.IntegrationTests.DataPlane.Sessions;

/// <summary>A conversation with a strict server: an HTTP session, a connection or a process. Modern ones have no state.</summary>
internal sealed class StrictConversation
{
    public bool IsGreeted { get; set; }

    public bool IsReady { get; set; }

    /// <summary>The latest message asked which revisions the server speaks.</summary>
    public bool WasJustDiscovered { get; set; }
}

/// <summary>What a strict server says to one message.</summary>
/// <param name="Status">What HTTP makes of it.</param>
internal readonly record struct StrictAnswer(int Status, IReadOnlyList<string> Messages);

/// <summary>
/// An upstream of one revision, whatever carries its messages. It answers requests marked with <c>x-case</c> as the test says, others as the gateway's
/// own readings of its lists need, and refuses and notes down whatever its revision does not allow.
/// </summary>
internal sealed class StrictServer(Side side)
{
    private const string OwnKeys = "io.modelcontextprotocol/";
    private const string Capabilities = """{"tools":{},"prompts":{},"resources":{},"completions":{},"logging":{}}""";

    private readonly Lock _gate = new();
    private readonly HashSet<string> _ids = [];
    private readonly List<string> _faults = [];
    private Func<string, IReadOnlyList<string>>? _script;

    public Side Side => side;

    /// <summary>What the gateway did that this revision does not allow.</summary>
    public IReadOnlyList<string> Faults
    {
        get
        {
            lock (_gate)
            {
                return [.. _faults];
            }
        }
    }

    /// <summary>How to answer the next marked request, given as it came.</summary>
    public void Expect(Func<string, IReadOnlyList<string>> script)
    {
        lock (_gate)
        {
            _script = script;
        }
    }

    public void Blame(string fault)
    {
        lock (_gate)
        {
            _faults.Add(fault);
        }
    }

    public StrictAnswer Take(StrictConversation conversation, string raw)
    {
        using var document = JsonDocument.Parse(raw);
        var message = document.RootElement;
        var method = message.TryGetProperty("method", out var name) ? name.GetString()! : "response";
        var id = message.TryGetProperty("id", out var given) ? given.GetRawText() : null;
        var isFallback = side.IsModern && method == "initialize" && conversation.WasJustDiscovered;
        conversation.WasJustDiscovered = method == "server/discover";
        if (isFallback)
        {
            // A program that starts slowly answers late, and whoever asked may have taken it for a legacy one meanwhile: refused, but no fault.
            return Refuse(400, id, -32601, "Method not found");
        }

        if (FaultOf(conversation, method, message) is { } fault)
        {
            Blame($"{method}: {fault} in {raw}");
            return Refuse(400, id, -32600, fault);
        }

        return Answer(conversation, method, id, raw);
    }

    public static string Error(string id, int code, string text) =>
        $$$"""{"jsonrpc":"2.0","id":{{{id}}},"error":{"code":{{{code}}},"message":"{{{text}}}"}}""";

    private StrictAnswer Answer(StrictConversation conversation, string method, string? id, string raw)
    {
        if (raw.Contains("\"x-case\"", StringComparison.Ordinal))
        {
            Func<string, IReadOnlyList<string>>? script;
            lock (_gate)
            {
                (script, _script) = (_script, null);
            }

            return script is null ? Refuse(500, id, -32603, "not expected") : new StrictAnswer(200, script(raw));
        }

        switch (method)
        {
            case "initialize":
                conversation.IsGreeted = true;
                return Say(id, $$$"""{"protocolVersion":"{{{side.Revision}}}","capabilities":{{{Capabilities}}},"serverInfo":{{{Rewrites.ServerInfo}}}}""");
            case "server/discover" when side.IsModern:
                return Say(id, Modern($$"""
                    "supportedVersions":["{{side.Revision}}"],"capabilities":{{Capabilities}},
                    """));
            case "notifications/initialized":
                conversation.IsReady = true;
                return new StrictAnswer(202, []);
            case "logging/setLevel":
                return Say(id, "{}");
            case "tools/list" or "prompts/list" or "resources/list" or "resources/templates/list":
                return Say(id, List(method));
            case "server/discover":
                return Refuse(400, id, -32601, "Method not found");
            default:
                Blame($"{method} is none of the gateway's business");
                return Refuse(404, id, -32601, "Method not found");
        }
    }

    private string List(string method)
    {
        var list = method switch
        {
            "tools/list" => """ "tools":[{"name":"t","inputSchema":{"type":"object"}}]""",
            "prompts/list" => """ "prompts":[{"name":"p"}]""",
            "resources/list" => """ "resources":[]""",
            _ => """ "resourceTemplates":[]""",
        };
        return side.IsModern ? Modern($"{list},") : $"{{{list}}}";
    }

    private static string Modern(string members) =>
        $$$$"""{{{{{members}}}}"resultType":"complete","ttlMs":0,"cacheScope":"private","_meta":{"{{{{OwnKeys}}}}serverInfo":{{{{Rewrites.ServerInfo}}}}}}""";

    private static StrictAnswer Say(string? id, string result) => new(200, [$$"""{"jsonrpc":"2.0","id":{{id}},"result":{{result}}}"""]);

    private static StrictAnswer Refuse(int status, string? id, int code, string text) => new(status, id is null ? [] : [Error(id, code, text)]);

    private string? FaultOf(StrictConversation conversation, string method, JsonElement message)
    {
        var parameters = message.TryGetProperty("params", out var given) ? given : default;
        return EnvelopeFault(message) ?? (side.IsModern ? ModernFault(method, parameters) : LegacyFault(conversation, method, parameters));
    }

    private string? EnvelopeFault(JsonElement message)
    {
        if (message.GetProperty("jsonrpc").GetString() != "2.0")
        {
            return "no JSON-RPC 2.0";
        }

        if (HasTwins(message))
        {
            return "a member stands twice";
        }

        if (!message.TryGetProperty("id", out var id))
        {
            return null;
        }

        lock (_gate)
        {
            return id.ValueKind != JsonValueKind.String && !id.TryGetInt64(out _) ? "an id that is none"
                : _ids.Add(id.GetRawText()) ? null
                : "an id that was used before";
        }
    }

    private static bool HasTwins(JsonElement value) => value.ValueKind == JsonValueKind.Object
        && (value.EnumerateObject().GroupBy(member => member.Name).Any(group => group.Count() > 1)
            || value.EnumerateObject().Any(member => HasTwins(member.Value)));

    private static string? ModernFault(string method, JsonElement parameters)
    {
        if (method is "initialize" or "notifications/initialized" or "ping" or "logging/setLevel" or "resources/subscribe" or "resources/unsubscribe" or "response")
        {
            return "removed from this revision";
        }

        if (method.StartsWith("notifications/", StringComparison.Ordinal))
        {
            return null;
        }

        if (parameters.ValueKind != JsonValueKind.Object || !parameters.TryGetProperty("_meta", out var meta))
        {
            return "no _meta";
        }

        var hasVersion = meta.TryGetProperty($"{OwnKeys}protocolVersion", out var version) && version.GetString() == "2026-07-28";
        var hasCapabilities = meta.TryGetProperty($"{OwnKeys}clientCapabilities", out var capabilities) && capabilities.ValueKind == JsonValueKind.Object;
        return !hasVersion ? "no such version" : !hasCapabilities ? "no capabilities" : null;
    }

    private static string? LegacyFault(StrictConversation conversation, string method, JsonElement parameters)
    {
        if (method is "server/discover" && !conversation.IsGreeted)
        {
            // The question by which the gateway finds out that this is no modern server. It is refused, but no fault.
            return null;
        }

        var hasModern = parameters.ValueKind == JsonValueKind.Object
            && (parameters.TryGetProperty("inputResponses", out _) || parameters.TryGetProperty("requestState", out _)
                || (parameters.TryGetProperty("_meta", out var meta)
                    && meta.EnumerateObject().Any(member => member.Name.StartsWith(OwnKeys, StringComparison.Ordinal))));
        return hasModern ? "members of a later revision"
            : method == "initialize" ? (conversation.IsGreeted ? "a second handshake" : null)
            : !conversation.IsGreeted ? "no handshake"
            : method == "notifications/initialized" ? null
            : conversation.IsReady ? null
            : "the handshake is not confirmed";
    }
}
