using System.Text.Json;
using System.Text.Unicode;

namespace NativeGateway.Protocol;

/// <summary>Why bytes are not a message that the gateway accepts; <see cref="None"/> when they are.</summary>
internal enum RpcFault : byte
{
    None,

    /// <summary>Not JSON in UTF-8 (-32700).</summary>
    NotJson,

    /// <summary>JSON, but no JSON-RPC 2.0 message as MCP narrows it (-32600).</summary>
    NotRpc,

    /// <summary>A JSON array: a batch, which only revision 2025-03-26 knows.</summary>
    Batch,
}

/// <summary>
/// Reads the head of one JSON-RPC message in one pass, without allocating (JSON-RPC 2.0; MCP basic/index, "Messages").
/// A member that the gateway acts on may stand only once, in no second spelling (<see cref="Lookalike"/>): which of two a peer would take is
/// not ours to guess, and guessing wrong would let a caller be authorized for one tool and reach another.
/// </summary>
internal static class RpcReader
{
    /// <summary>Deeper documents are refused: no protocol message needs it, and every later reader of the message is spared.</summary>
    public const int MaxDepth = 128;

    private static readonly JsonReaderOptions Options = new() { MaxDepth = MaxDepth };

    public static RpcFault Read(ReadOnlySpan<byte> bytes, out RpcMessage message)
    {
        message = default;
        if (!Utf8.IsValid(bytes))
        {
            return RpcFault.NotJson;
        }

        var reader = new Utf8JsonReader(bytes, Options);
        try
        {
            if (!reader.Read())
            {
                return RpcFault.NotJson;
            }

            if (reader.TokenType != JsonTokenType.StartObject)
            {
                var batch = reader.TokenType == JsonTokenType.StartArray;
                SkipToEnd(ref reader);
                return batch ? RpcFault.Batch : RpcFault.NotRpc;
            }

            var members = default(EnvelopeMembers);
            var fault = ReadEnvelope(ref reader, ref message, ref members);
            SkipToEnd(ref reader);
            return fault == RpcFault.None ? Classify(ref message, members) : fault;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // The latter is how the reader reports half of an escaped surrogate pair when a name is compared.
            message = default;
            return RpcFault.NotJson;
        }
    }

    private struct EnvelopeMembers
    {
        public bool Version;
        public bool Id;
        public bool IdIsValid;
        public bool Method;
        public bool Params;
    }

    private static RpcFault ReadEnvelope(ref Utf8JsonReader reader, ref RpcMessage message, ref EnvelopeMembers members)
    {
        // A fault is remembered, not returned at once: an id that stands behind it still belongs into the answer.
        var fault = RpcFault.None;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("id"u8))
            {
                fault = members.Id ? RpcFault.NotRpc : fault;
                members.Id = true;
                message.Id = ReadId(ref reader, out members.IdIsValid);
            }
            else if (reader.ValueTextEquals("method"u8))
            {
                fault = members.Method ? RpcFault.NotRpc : fault;
                members.Method = true;
                fault = ReadMethod(ref reader, ref message) ? fault : RpcFault.NotRpc;
            }
            else if (reader.ValueTextEquals("params"u8))
            {
                fault = members.Params ? RpcFault.NotRpc : fault;
                members.Params = true;
                fault = ParamsReader.Read(ref reader, ref message) ? fault : RpcFault.NotRpc;
            }
            else if (reader.ValueTextEquals("jsonrpc"u8))
            {
                reader.Read();
                var isTwo = reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("2.0"u8);
                fault = members.Version || !isTwo ? RpcFault.NotRpc : fault;
                members.Version = true;
                reader.Skip();
            }
            else if (reader.ValueTextEquals("result"u8))
            {
                fault = message.Result.IsPresent ? RpcFault.NotRpc : fault;
                message.Result = ReadValue(ref reader);
            }
            else if (reader.ValueTextEquals("error"u8))
            {
                var first = !message.Error.IsPresent;
                fault = ReadError(ref reader, ref message) && first ? fault : RpcFault.NotRpc;
            }
            else
            {
                fault = Lookalike.OfEnvelope(ref reader) ? RpcFault.NotRpc : fault;
                ReadValue(ref reader);
            }
        }

        return fault;
    }

    private static RpcFault Classify(ref RpcMessage message, in EnvelopeMembers members)
    {
        if (!members.Version || (members.Id && !members.IdIsValid && !message.Error.IsPresent))
        {
            return RpcFault.NotRpc;
        }

        var answers = (message.Result.IsPresent ? 1 : 0) + (message.Error.IsPresent ? 1 : 0);
        if (members.Method)
        {
            message.Kind = members.Id ? RpcKind.Request : RpcKind.Notification;
            return answers == 0 ? RpcFault.None : RpcFault.NotRpc;
        }

        message.Kind = message.Error.IsPresent ? RpcKind.Error : RpcKind.Result;
        return answers == 1 && (members.Id || message.Error.IsPresent) ? RpcFault.None : RpcFault.NotRpc;
    }

    /// <summary>An id is a string or an integer, kept as it was written (MCP basic/index, "Requests"); null and fractions are not ids.</summary>
    private static ByteRange ReadId(ref Utf8JsonReader reader, out bool isValid)
    {
        reader.Read();
        isValid = reader.TokenType == JsonTokenType.String
            || (reader.TokenType == JsonTokenType.Number && reader.ValueSpan.IndexOfAny("."u8[0], (byte)'e', (byte)'E') < 0);
        var range = ReadCurrent(ref reader);
        return isValid ? range : default;
    }

    private static bool ReadMethod(ref Utf8JsonReader reader, ref RpcMessage message)
    {
        reader.Read();
        var isText = reader.TokenType == JsonTokenType.String;
        if (isText && !reader.ValueIsEscaped)
        {
            message.MethodCode = McpMethods.Find(reader.ValueSpan);
        }

        // A method written with escapes would be an unknown method here and a known one upstream.
        var isPlain = isText && !reader.ValueIsEscaped;
        message.Method = ReadCurrent(ref reader);
        return isPlain;
    }

    private static bool ReadError(ref Utf8JsonReader reader, ref RpcMessage message)
    {
        reader.Read();
        var start = (int)reader.TokenStartIndex;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return false;
        }

        var codes = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isCode = reader.ValueTextEquals("code"u8);
            codes += isCode ? 1 : 0;
            reader.Read();
            if (isCode && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var code))
            {
                message.ErrorCode = code;
            }

            reader.Skip();
        }

        message.Error = new ByteRange(start, (int)reader.BytesConsumed - start);
        return codes < 2;
    }

    /// <summary>Moves onto the value of the current member and over it; its raw token.</summary>
    internal static ByteRange ReadValue(ref Utf8JsonReader reader)
    {
        reader.Read();
        return ReadCurrent(ref reader);
    }

    private static ByteRange ReadCurrent(ref Utf8JsonReader reader)
    {
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return new ByteRange(start, (int)reader.BytesConsumed - start);
    }

    private static void SkipToEnd(ref Utf8JsonReader reader)
    {
        while (reader.Read())
        {
            // Only to have the rest of the document checked: trailing garbage is an exception here.
        }
    }
}
