using System.Text;
using System.Text.Json;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// Decides which revision a message belongs to and whether it is a proper message of that revision: the modern envelope with its mirrored
/// headers (2026-07-28, basic/transports/streamable-http, "Server Validation"), or the legacy session. The order of the checks is recorded in
/// docs/protocol.md.
/// </summary>
internal sealed class RevisionGate(SessionTable sessions)
{
    private static readonly byte[] SupportedData = Encoding.ASCII.GetBytes($"[\"{ProtocolRevision.NewestModern}\"]");

    /// <summary>Whether a request may be a batch: its session's revision decides, else its header's; without both it may.</summary>
    public bool AllowsBatch(Exchange exchange)
    {
        var head = exchange.Head;
        var session = sessions.IsOffered && head.SessionId is { } id ? sessions.Find(id, exchange.Owner).Session : null;
        var revision = session?.Revision ?? (head.ProtocolVersion is { } header ? ProtocolRevision.Find(header) : ProtocolRevision.Assumed);
        return revision is { AllowsBatches: true };
    }

    public GatewayError? Admit(Exchange exchange)
    {
        ref readonly var message = ref exchange.Message;
        var header = exchange.Head.ProtocolVersion;
        if (exchange.Head.IsLegacyTransport)
        {
            return AdmitLegacy(exchange);
        }

        if (message.MetaVersion.IsPresent
            || (message.MethodCode != McpMethod.Initialize && header is not null && ProtocolRevision.NamesModernEra(header)))
        {
            exchange.Revision = ProtocolRevision.NewestModern;
            return AdmitModern(exchange);
        }

        return AdmitLegacy(exchange);
    }

    private static GatewayError? AdmitModern(Exchange exchange)
    {
        ref readonly var message = ref exchange.Message;
        if (message.IsResponse)
        {
            return new GatewayError(ErrorKind.InvalidRequest, "Revision 2026-07-28 knows no responses from clients: answer with inputResponses in a new request.");
        }

        if (message.Kind == RpcKind.Notification)
        {
            return null;
        }

        if (exchange.Head is { HasHeaders: true, ProtocolVersion: null })
        {
            return new GatewayError(ErrorKind.HeaderMismatch, "The header MCP-Protocol-Version is missing.");
        }

        return CheckEnvelope(exchange) ?? CheckMethod(exchange) ?? CheckMirrors(exchange) ?? CheckLogLevel(exchange);
    }

    private static GatewayError? CheckEnvelope(Exchange exchange)
    {
        ref readonly var message = ref exchange.Message;
        var version = JsonText.GetString(exchange.Text(message.MetaVersion));
        if (version is null || !message.MetaCapabilities.IsPresent || exchange.Text(message.MetaCapabilities)[0] != '{')
        {
            return new GatewayError(
                ErrorKind.MissingMeta,
                "params._meta must carry io.modelcontextprotocol/protocolVersion (a string) and io.modelcontextprotocol/clientCapabilities (an object).");
        }

        if (exchange.Head.HasHeaders && !string.Equals(version, exchange.Head.ProtocolVersion, StringComparison.Ordinal))
        {
            return new GatewayError(ErrorKind.HeaderMismatch, "The header MCP-Protocol-Version differs from params._meta.");
        }

        var known = ProtocolRevision.Find(version);
        if (known is not { IsModern: true })
        {
            return new GatewayError(ErrorKind.UnsupportedRevision, "This protocol revision is not supported for requests without a handshake.")
            {
                Data = UnsupportedData(version),
            };
        }

        exchange.Revision = known;
        return null;
    }

    private static GatewayError? CheckMethod(Exchange exchange)
    {
        var isRemoved = exchange.Message.MethodCode is McpMethod.Initialize or McpMethod.Ping or McpMethod.LoggingSetLevel
            or McpMethod.ResourcesSubscribe or McpMethod.ResourcesUnsubscribe or McpMethod.TasksList or McpMethod.TasksResult;

        // One upstream may know more methods than the gateway; the aggregate has nowhere to send them.
        var isUnrouted = exchange.Single is null && exchange.Message.MethodCode == McpMethod.Unknown;
        return isRemoved || isUnrouted ? UnknownMethod(exchange) : null;
    }

    private static GatewayError? CheckMirrors(Exchange exchange)
    {
        if (!exchange.Head.HasHeaders)
        {
            return null;
        }

        ref readonly var message = ref exchange.Message;
        var method = exchange.Text(message.Method)[1..^1];
        if (exchange.Head.MirroredMethod is not { } mirrored || !AsciiEquals(mirrored, method))
        {
            return new GatewayError(ErrorKind.HeaderMismatch, "The header Mcp-Method is missing or differs from the method.");
        }

        var named = message.MethodCode switch
        {
            McpMethod.ToolsCall or McpMethod.PromptsGet => message.Name,
            McpMethod.ResourcesRead => message.Uri,
            McpMethod.TasksGet or McpMethod.TasksUpdate or McpMethod.TasksCancel => message.TaskId,
            _ => default,
        };
        if (!named.IsPresent)
        {
            return null;
        }

        var expected = JsonText.GetString(exchange.Text(named));
        var isEqual = exchange.Head.MirroredName is { } name
            && MirroredHeader.TryDecode(name, out var decoded)
            && string.Equals(decoded, expected, StringComparison.Ordinal);
        return isEqual ? null : new GatewayError(ErrorKind.HeaderMismatch, "The header Mcp-Name is missing or differs from the body.");
    }

    private static GatewayError? CheckLogLevel(Exchange exchange)
    {
        var level = exchange.Message.MetaLogLevel;
        return level.IsPresent && LogLevelNames.Find(exchange.Text(level)) is null
            ? new GatewayError(ErrorKind.InvalidParams, "io.modelcontextprotocol/logLevel names no log level.")
            : null;
    }

    private GatewayError? AdmitLegacy(Exchange exchange)
    {
        var head = exchange.Head;
        if (exchange.Message.MethodCode == McpMethod.Initialize)
        {
            exchange.Revision = ProtocolRevision.NewestLegacy;
            return exchange.IsBatched ? new GatewayError(ErrorKind.InvalidRequest, "initialize must not be part of a batch.") : null;
        }

        if (head.ProtocolVersion is { } header)
        {
            if (ProtocolRevision.Find(header) is not { } named)
            {
                return new GatewayError(ErrorKind.UnsupportedRevision, "The header MCP-Protocol-Version names no supported protocol revision.");
            }

            exchange.Revision = named;
        }

        if (!sessions.IsOffered)
        {
            // Ids of a time when there were sessions are ignored, as those of clients are that never had one.
            return NeedsSession(exchange.Message.MethodCode) ? UnknownMethod(exchange) : null;
        }

        // Clients that never return a session id are served without one: they only miss what needs a way back to them.
        return head.SessionId is null ? null : JoinSession(exchange, head.SessionId);
    }

    /// <summary>Methods of capabilities that are offered together with sessions only.</summary>
    private static bool NeedsSession(McpMethod method) =>
        method is McpMethod.LoggingSetLevel or McpMethod.ResourcesSubscribe or McpMethod.ResourcesUnsubscribe;

    private GatewayError? JoinSession(Exchange exchange, string sessionId)
    {
        var finding = sessions.Find(sessionId, exchange.Owner);
        exchange.Session = finding.Session;
        exchange.Revision = finding.Session?.Revision ?? exchange.Revision;
        return finding.Error;
    }

    public static GatewayError UnknownMethod(Exchange exchange)
    {
        var method = JsonText.GetString(exchange.Text(exchange.Message.Method));
        return new GatewayError(ErrorKind.UnknownMethod, $"Method not found: {method}");
    }

    private static byte[] UnsupportedData(string requested)
    {
        var name = JsonEncodedText.Encode(requested);
        return [.. "{\"supported\":"u8, .. SupportedData, .. ",\"requested\":\""u8, .. name.EncodedUtf8Bytes, .. "\"}"u8];
    }

    private static bool AsciiEquals(string text, ReadOnlySpan<byte> ascii) => Ascii.Equals(ascii, text.AsSpan().Trim(" \t"));
}
