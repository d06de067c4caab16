using System.Buffers;
using System.Text.Json;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// A JSON-RPC batch, which only revision 2025-03-26 knows (basic, "Batching"). Every message goes through the pipeline on its own; the answers
/// are collected into one array. Other revisions refuse batches.
/// </summary>
internal static class Batch
{
    /// <summary>Each message is a full exchange: this bounds what one request can set off.</summary>
    private const int MaxMessages = 50;

    public static async ValueTask<GatewayError?> HandleAsync(Exchange exchange, McpProxy proxy, ErrorResponder responder)
    {
        if (Split(exchange.Body) is not { Count: > 0 and <= MaxMessages } messages)
        {
            return new GatewayError(ErrorKind.InvalidRequest, $"A batch holds 1 to {MaxMessages} messages.");
        }

        var sinks = new BatchReplySink[messages.Count];
        await Task.WhenAll(messages.Select((message, index) =>
        {
            sinks[index] = new BatchReplySink(exchange.Reply);
            return HandleOneAsync(new Exchange(exchange, sinks[index], message), proxy, responder);
        })).ConfigureAwait(false);
        await ReplyAsync(exchange, sinks).ConfigureAwait(false);
        return null;
    }

    private static async Task HandleOneAsync(Exchange part, McpProxy proxy, ErrorResponder responder)
    {
        var fault = RpcReader.Read(part.Body.Span, out part.Message);
        var error = fault == RpcFault.None
            ? await proxy.DecideAsync(part).ConfigureAwait(false) ?? await proxy.AnswerAsync(part).ConfigureAwait(false)
            : new GatewayError(ErrorKind.InvalidRequest, "This element of the batch is no JSON-RPC 2.0 message.");
        if (error is not null)
        {
            await responder.WriteAsync(part, error).ConfigureAwait(false);
        }

        proxy.RecordUsage(part);
    }

    private static List<ReadOnlyMemory<byte>> Split(ReadOnlyMemory<byte> body)
    {
        var messages = new List<ReadOnlyMemory<byte>>();
        var reader = new Utf8JsonReader(body.Span, new JsonReaderOptions { MaxDepth = RpcReader.MaxDepth });
        reader.Read();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray && messages.Count <= MaxMessages)
        {
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            messages.Add(body[start..(int)reader.BytesConsumed]);
        }

        return messages;
    }

    private static ValueTask ReplyAsync(Exchange exchange, BatchReplySink[] sinks)
    {
        var answers = new ArrayBufferWriter<byte>(1024);
        foreach (var sink in sinks)
        {
            if (!sink.Answer.IsEmpty)
            {
                answers.Write(answers.WrittenCount == 0 ? "["u8 : ","u8);
                answers.Write(sink.Answer.Span);
            }
        }

        if (answers.WrittenCount == 0)
        {
            return exchange.Reply.CompleteEmptyAsync(202);
        }

        answers.Write("]"u8);
        var editor = exchange.Request.Message;
        editor.Reset(answers.WrittenMemory);
        return exchange.Reply.CompleteAsync(200, editor);
    }

    /// <summary>Keeps the response of one message of a batch. Notifications have no place in an array of responses and are left out.</summary>
    private sealed class BatchReplySink(IReplySink whole) : IReplySink
    {
        private readonly ArrayBufferWriter<byte> _answer = new();

        public ReplyHeaders Headers => whole.Headers;

        public bool CanStream => false;

        public ReadOnlyMemory<byte> Answer => _answer.WrittenMemory;

        public ValueTask SendAsync(MessageEditor message) => ValueTask.CompletedTask;

        public ValueTask CompleteAsync(int status, MessageEditor message)
        {
            message.WriteTo(_answer);
            return ValueTask.CompletedTask;
        }

        public ValueTask CompleteEmptyAsync(int status) => ValueTask.CompletedTask;
    }
}
