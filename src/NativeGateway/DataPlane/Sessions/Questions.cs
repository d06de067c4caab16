using System.Buffers;
using System.Text.Json;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Sessions;

/// <summary>What the gateway has to know of an upstream's questions (sampling, elicitation, roots): whom they may be put to, and in which form.</summary>
internal static class Questions
{
    /// <summary>What a client must have declared to be asked that; null for a question that no client understands.</summary>
    public static ClientCapabilities? NeededFor(McpMethod method, ReadOnlySpan<byte> source, ByteRange parameters)
    {
        switch (method)
        {
            case McpMethod.RootsList:
                return ClientCapabilities.Roots;
            case McpMethod.SamplingCreateMessage:
                var usesTools = JsonMembers.Find(source, parameters, "tools"u8).IsPresent
                    || JsonMembers.Find(source, parameters, "toolChoice"u8).IsPresent
                    || HasContentArray(source, JsonMembers.Find(source, parameters, "messages"u8));
                return ClientCapabilities.Sampling | (usesTools ? ClientCapabilities.SamplingTools : ClientCapabilities.None);
            case McpMethod.ElicitationCreate:
                var mode = JsonMembers.Find(source, parameters, "mode"u8);
                return !mode.IsPresent || mode.Of(source).SequenceEqual("\"form\""u8) ? ClientCapabilities.ElicitationForm
                    : mode.Of(source).SequenceEqual("\"url\""u8) ? ClientCapabilities.ElicitationUrl
                    : null;
            default:
                return null;
        }
    }

    /// <summary>
    /// Whether a client of that revision can show the question at all: forms have got fields in which several values can be chosen only late.
    /// </summary>
    public static bool CanShow(this ProtocolRevision client, McpMethod method, ReadOnlySpan<byte> source, ByteRange parameters)
    {
        if (method != McpMethod.ElicitationCreate || client.HasMultiSelect)
        {
            return true;
        }

        var fields = new JsonMembers(source, JsonMembers.Find(source, JsonMembers.Find(source, parameters, "requestedSchema"u8), "properties"u8));
        while (fields.MoveNext())
        {
            if (JsonMembers.Find(source, fields.Value, "type"u8).Of(source).SequenceEqual("\"array\""u8))
            {
                return false;
            }
        }

        return true;
    }

    public static bool Covers(this ClientCapabilities declared, ClientCapabilities? needed) => needed is { } all && (declared & all) == all;

    /// <summary>
    /// On the aggregate, puts the asking server's key before an elicitation's message: users must see who asks (client/elicitation, "Security"),
    /// and their client knows only the gateway.
    /// </summary>
    public static void Attribute(MessageEditor editor, ByteRange parameters, ReadOnlySpan<byte> serverKey)
    {
        var message = JsonMembers.Find(editor.Source.Span, parameters, "message"u8);
        if (message.IsPresent && message.Of(editor.Source.Span)[0] == '"')
        {
            var key = JsonEncodedText.Encode(serverKey, JsonText.Encoder);
            editor.Insert(message.Start + 1, (byte[])[(byte)'[', .. key.EncodedUtf8Bytes, .. "] "u8]);
        }
    }

    /// <summary>
    /// The params of a legacy upstream's question as a modern client gets them: without what only means something on a legacy wire.
    /// </summary>
    /// <param name="serverKey">The key to put before an elicitation's message; empty to leave it alone.</param>
    public static ReadOnlyMemory<byte> ForModernClient(McpMethod method, ReadOnlySpan<byte> parameters, ReadOnlySpan<byte> serverKey)
    {
        if (parameters.IsEmpty)
        {
            return default;
        }

        var editor = new MessageEditor();
        var source = parameters.ToArray();
        editor.Reset(source);
        var whole = new ByteRange(0, source.Length);
        var removal = new MemberRemoval(editor, whole);
        var members = new JsonMembers(source, whole);
        while (members.MoveNext())
        {
            removal.Next(
                members, members.NameIs(source, "_meta"u8) || members.NameIs(source, "task"u8) || members.NameIs(source, "elicitationId"u8));
        }

        removal.End();
        if (method == McpMethod.ElicitationCreate && !serverKey.IsEmpty)
        {
            Attribute(editor, whole, serverKey);
        }

        var text = new ArrayBufferWriter<byte>(editor.Length + 1);
        editor.WriteTo(text);
        return text.WrittenMemory;
    }

    /// <summary>
    /// Whether a client's answer has the shape of an answer to that question. What it says is the upstream's to judge.
    /// </summary>
    public static bool IsAnswer(McpMethod question, ReadOnlySpan<byte> source, ByteRange answer)
    {
        var main = JsonMembers.Find(source, answer, question switch
        {
            McpMethod.ElicitationCreate => "action"u8,
            McpMethod.SamplingCreateMessage => "role"u8,
            _ => "roots"u8,
        });
        if (!main.IsPresent)
        {
            return false;
        }

        var content = JsonMembers.Find(source, answer, "content"u8);
        return question switch
        {
            McpMethod.ElicitationCreate => IsAction(main.Of(source)) && (!content.IsPresent || content.Of(source)[0] is (byte)'{' or (byte)'n'),
            McpMethod.SamplingCreateMessage => main.Of(source)[0] == '"' && content.IsPresent && content.Of(source)[0] is (byte)'{' or (byte)'[',
            _ => main.Of(source)[0] == '[',
        };
    }

    /// <summary>Messages with several blocks came into sampling together with tools.</summary>
    private static bool HasContentArray(ReadOnlySpan<byte> source, ByteRange messages)
    {
        var reader = new Utf8JsonReader(messages.Of(source), new JsonReaderOptions { MaxDepth = RpcReader.MaxDepth });
        if (!messages.IsPresent || !reader.Read() || reader.TokenType != JsonTokenType.StartArray)
        {
            return false;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            var start = messages.Start + (int)reader.TokenStartIndex;
            reader.Skip();
            var message = new ByteRange(start, messages.Start + (int)reader.BytesConsumed - start);
            if (JsonMembers.Find(source, message, "content"u8).Of(source) is [(byte)'[', ..])
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsAction(ReadOnlySpan<byte> token) =>
        token.SequenceEqual("\"accept\""u8) || token.SequenceEqual("\"decline\""u8) || token.SequenceEqual("\"cancel\""u8);
}
