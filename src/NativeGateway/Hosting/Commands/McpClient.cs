using System.Buffers;
using System.Text;
using System.Text.Json;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.Hosting.Commands;

/// <summary>What a server answered: a result, or why there is none.</summary>
internal readonly record struct McpAnswer(JsonDocument? Result, string? Problem, int ErrorCode = 0);

/// <summary>A plain MCP client without capabilities over one upstream session, for commands that look at a server.</summary>
internal sealed class McpClient(IUpstreamSession session)
{
    private const int MethodNotFound = -32601;
    private const int MaxPages = 200;

    /// <param name="writeParameters">Writes the members of <c>params</c>; null for none.</param>
    public async Task<McpAnswer> AskAsync(McpMethod method, string? name, Action<Utf8JsonWriter>? writeParameters, CancellationToken cancellationToken)
    {
        var sending = await session.SendAsync(BuildRequest(method, name, writeParameters), cancellationToken);
        if (sending.Reply is not { } reply)
        {
            return new McpAnswer(null, Explain(sending.Error));
        }

        await using (reply)
        {
            while (true)
            {
                var received = await reply.ReadAsync(cancellationToken);
                if (received.Error is not null)
                {
                    return new McpAnswer(null, Explain(received.Error));
                }

                switch (received.Message.Kind)
                {
                    case RpcKind.Result:
                        return new McpAnswer(JsonDocument.Parse(received.Message.Result.Of(received.Bytes.Span).ToArray()), null);
                    case RpcKind.Error:
                        return ReadError(received);
                    case RpcKind.Request:
                        await RefuseAsync(received, cancellationToken);
                        break;
                    default:
                        // Notifications tell progress; nobody waits for that here.
                        break;
                }
            }
        }
    }

    /// <summary>All pages of a list; empty when the server does not know the method.</summary>
    /// <param name="member">The list's member in the result: <c>tools</c>, <c>prompts</c>, …</param>
    public async Task<(IReadOnlyList<JsonElement> Items, string? Problem)> ListAsync(McpMethod method, string member, CancellationToken cancellationToken)
    {
        var items = new List<JsonElement>();
        string? cursor = null;
        for (var page = 0; page < MaxPages; page++)
        {
            var (result, problem, code) = await AskAsync(method, null, cursor is null ? null : json => json.WriteString("cursor", cursor), cancellationToken);
            if (result is null)
            {
                return (items, code == MethodNotFound && cursor is null ? null : problem);
            }

            if (result.RootElement.TryGetProperty(member, out var list) && list.ValueKind == JsonValueKind.Array)
            {
                items.AddRange(list.EnumerateArray());
            }

            cursor = result.RootElement.TryGetProperty("nextCursor", out var next) && next.ValueKind == JsonValueKind.String ? next.GetString() : null;
            if (cursor is null)
            {
                return (items, null);
            }
        }

        return (items, $"the list does not end after {MaxPages} pages");
    }

    /// <summary>For the person at the command line, who is the operator: with the detail.</summary>
    public static string Explain(GatewayError? error)
    {
        return error is null ? "unknown" : error.Detail is null ? error.Message : $"{error.Message.TrimEnd('.')}: {error.Detail}";
    }

    private static McpAnswer ReadError(in UpstreamReceived received)
    {
        using var error = JsonDocument.Parse(received.Message.Error.Of(received.Bytes.Span).ToArray());
        var text = error.RootElement.TryGetProperty("message", out var message) && message.ValueKind == JsonValueKind.String ? message.GetString() : "";
        return new McpAnswer(null, $"the server answered with error {received.Message.ErrorCode}: {text}", received.Message.ErrorCode);
    }

    /// <summary>A client without capabilities may be asked nothing but for a sign of life.</summary>
    private async Task RefuseAsync(UpstreamReceived received, CancellationToken cancellationToken)
    {
        var answer = received.Message.MethodCode == McpMethod.Ping ? "\"result\":{}" : "\"error\":{\"code\":-32601,\"message\":\"Method not found\"}";
        var id = Encoding.UTF8.GetString(received.Message.Id.Of(received.Bytes.Span));
        await session.PostAsync(Encoding.UTF8.GetBytes($"{{\"jsonrpc\":\"2.0\",\"id\":{id},{answer}}}"), cancellationToken);
    }

    private UpstreamRequest BuildRequest(McpMethod method, string? name, Action<Utf8JsonWriter>? writeParameters)
    {
        var digits = new byte[20];
        var id = digits.AsMemory(0, session.NextId(digits));
        var message = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(message, new JsonWriterOptions { Encoder = JsonText.Encoder }))
        {
            json.WriteStartObject();
            json.WriteString("jsonrpc"u8, "2.0"u8);
            json.WritePropertyName("id"u8);
            json.WriteRawValue(id.Span);
            json.WriteString("method"u8, McpMethods.Text(method));
            json.WriteStartObject("params"u8);
            writeParameters?.Invoke(json);
            if (session.Peer.Revision.IsModern)
            {
                WriteMeta(json, session.Peer.Revision);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        var request = new UpstreamRequest
        {
            Id = id,
            Method = method,
            MethodText = McpMethods.Text(method).ToArray(),
            MirroredName = name is null ? default : Encoding.UTF8.GetBytes(name),
        };
        request.Message.Reset(message.WrittenMemory);
        return request;
    }

    private static void WriteMeta(Utf8JsonWriter json, ProtocolRevision revision)
    {
        json.WriteStartObject("_meta"u8);
        json.WriteString(MetaKeys.ProtocolVersion, revision.Text);
        json.WritePropertyName(MetaKeys.ClientInfo);
        json.WriteRawValue(BuildInfo.ClientInfo);
        json.WriteStartObject(MetaKeys.ClientCapabilities);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
