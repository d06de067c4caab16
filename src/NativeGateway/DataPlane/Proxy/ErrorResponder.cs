using System.Buffers;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>The only code that writes a JSON-RPC error of the gateway's own, or picks an HTTP status for one.</summary>
internal sealed class ErrorResponder(ILogger logger, Action<DeniedRequest> denied)
{
    private static readonly GatewayError Bug = new(ErrorKind.Internal, "The gateway failed. Quote the X-Request-Id to its operator.");

    /// <summary>HTTP status and JSON-RPC code of a kind of error, for a client of that revision.</summary>
    public static (int Status, int Code) Map(ErrorKind kind, ProtocolRevision revision) => kind switch
    {
        ErrorKind.ForbiddenOrigin or ErrorKind.ForbiddenAddress or ErrorKind.Forbidden => (403, -32011),
        ErrorKind.TooLarge => (413, -32016),
        ErrorKind.TooSlow => (408, -32600),
        ErrorKind.MethodNotAllowed => (405, -32600),
        ErrorKind.NotAcceptable => (406, -32600),
        ErrorKind.UnsupportedMediaType => (415, -32600),
        ErrorKind.Unauthenticated => (401, -32010),
        ErrorKind.NotJson => (400, -32700),
        ErrorKind.InvalidRequest or ErrorKind.SessionRequired => (400, -32600),
        ErrorKind.MissingMeta => (400, -32602),
        ErrorKind.HeaderMismatch => (400, -32020),
        ErrorKind.UnsupportedRevision => (400, revision.IsModern ? -32022 : -32600),
        ErrorKind.SessionNotFound => (404, -32001),
        ErrorKind.UnknownUpstream => (404, -32602),
        ErrorKind.UnknownMethod => (revision.IsModern ? 404 : 200, -32601),
        ErrorKind.InvalidParams => (200, -32602),
        ErrorKind.MissingCapability => (400, -32021),
        ErrorKind.InputFailed => (200, -32603),
        ErrorKind.ResourceNotFound => (200, revision.ResourceNotFoundCode),
        ErrorKind.RateLimited => (429, -32012),
        ErrorKind.Saturated => (503, -32015),
        ErrorKind.UpstreamUnavailable or ErrorKind.UpstreamProtocol => (502, -32013),
        ErrorKind.UpstreamTimeout => (504, -32014),
        ErrorKind.ClientGone => (202, 0),
        ErrorKind.Internal => (500, -32603),
        _ => (500, -32603),
    };

    public static CallOutcome OutcomeOf(ErrorKind kind) => kind switch
    {
        ErrorKind.Unauthenticated => CallOutcome.Unauthenticated,
        ErrorKind.ForbiddenOrigin or ErrorKind.ForbiddenAddress or ErrorKind.Forbidden => CallOutcome.Forbidden,
        ErrorKind.RateLimited => CallOutcome.Limited,
        ErrorKind.Saturated => CallOutcome.Saturated,
        ErrorKind.UpstreamUnavailable or ErrorKind.UpstreamProtocol => CallOutcome.Unavailable,
        ErrorKind.UpstreamTimeout => CallOutcome.Timeout,
        ErrorKind.InputFailed => CallOutcome.Unanswered,
        ErrorKind.ClientGone => CallOutcome.Cancelled,
        ErrorKind.Internal => CallOutcome.Internal,
        _ => CallOutcome.Invalid,
    };

    /// <summary>
    /// The HTTP status for an error that an upstream answered with: modern clients learn some errors by status already
    /// (2026-07-28, basic/transports/streamable-http, "Protocol Version Header", "Server Validation").
    /// </summary>
    public static int StatusOfAnswer(int code, ProtocolRevision revision) => (revision.IsModern, code) switch
    {
        (true, -32601) => 404,
        (true, -32020 or -32021 or -32022) => 400,
        _ => 200,
    };

    public async ValueTask WriteAsync(Exchange exchange, GatewayError error)
    {
        exchange.Failure = error;
        var (status, code) = Map(error.Kind, exchange.Revision);
        if (error.Kind == ErrorKind.ClientGone)
        {
            await exchange.Reply.CompleteEmptyAsync(status).ConfigureAwait(false);
            return;
        }

        logger.Refused(exchange.Head.RequestId, error.Kind, error.Message, error.Detail);
        if (Denials.IsOne(error.Kind))
        {
            denied(Denials.Of(exchange, error.Kind));
        }

        var headers = exchange.Reply.Headers;
        headers.RetryAfter = error.RetryAfter;
        headers.ChallengesCredentials = error.Kind == ErrorKind.Unauthenticated;
        var editor = exchange.Request.Message;
        editor.Reset(Format(IdOf(exchange), code, error));
        await exchange.Reply.CompleteAsync(status, editor).ConfigureAwait(false);
    }

    /// <summary>Whatever reaches this is a bug: logged with its id, answered with nothing but that id.</summary>
    public async ValueTask WriteFaultAsync(Exchange exchange, Exception fault)
    {
        logger.Fault(fault, exchange.Head.RequestId);
        await WriteAsync(exchange, Bug).ConfigureAwait(false);
    }

    /// <summary>An error response of the gateway's own.</summary>
    /// <param name="id">Raw token; empty for an error that belongs to no request.</param>
    public static ReadOnlyMemory<byte> Format(ReadOnlySpan<byte> id, int code, GatewayError error)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JsonText.Encoder }))
        {
            writer.WriteStartObject();
            writer.WriteString("jsonrpc"u8, "2.0"u8);
            if (!id.IsEmpty)
            {
                writer.WritePropertyName("id"u8);
                writer.WriteRawValue(id, skipInputValidation: true);
            }

            writer.WriteStartObject("error"u8);
            writer.WriteNumber("code"u8, code);
            writer.WriteString("message"u8, error.Message);
            if (!error.Data.IsEmpty)
            {
                writer.WritePropertyName("data"u8);
                writer.WriteRawValue(error.Data.Span, skipInputValidation: true);
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    /// <summary>JSON-RPC 2.0, 5.1: an id that could not be read is null; where a status says what an error is about, MCP lets it be left out.</summary>
    private static ReadOnlySpan<byte> IdOf(Exchange exchange) =>
        exchange.Message.Id.IsPresent && !exchange.Message.IsResponse ? exchange.Text(exchange.Message.Id)
        : exchange.Head.HasHeaders ? default
        : "null"u8;
}
