using System.Buffers;
using System.Text.Json;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Sessions;

/// <summary>What a request says of the legacy client that it is made for.</summary>
/// <param name="Capabilities">What the client can be asked while this request runs.</param>
/// <param name="LogLevel">From which level on it wants log messages; null for none.</param>
internal readonly record struct DeclaredClient(ClientCapabilities Capabilities, LogLevelName? LogLevel);

/// <summary>
/// Makes a modern request of a legacy one: adds to <c>params._meta</c> what a modern request has to say of itself (2026-07-28, basic/index,
/// "_meta"). Thread-safe.
/// </summary>
internal sealed class ModernEnvelope(ReadOnlyMemory<byte> gatewayInfo)
{
    private const int AllCapabilities = 64;

    private static readonly int Levels = Enum.GetValues<LogLevelName>().Length + 1;
    private static readonly ReadOnlyMemory<byte> Comma = ","u8.ToArray();

    /// <summary>Formatted when first needed, by capabilities and level.</summary>
    private readonly byte[]?[] _members = new byte[AllCapabilities * Levels][];

    /// <param name="input">Further members of <c>params</c>; empty for none.</param>
    /// <param name="othersFollow">Whether <c>params</c> has members of its own.</param>
    public void AddTo(MessageEditor editor, in RpcMessage message, DeclaredClient declared, ReadOnlyMemory<byte> input, bool othersFollow)
    {
        var meta = MembersFor(declared);
        if (message.Meta.IsPresent)
        {
            editor.Insert(message.Meta.Start + 1, meta);
            if (new JsonMembers(editor.Source.Span, message.Meta).MoveNext())
            {
                editor.Insert(message.Meta.Start + 1, Comma);
            }

            if (!input.IsEmpty)
            {
                editor.Insert(message.Params.Start + 1, input);
                editor.Insert(message.Params.Start + 1, Comma);
            }

            return;
        }

        var members = new ArrayBufferWriter<byte>(meta.Length + input.Length + 32);
        members.Write(message.Params.IsPresent ? default : ",\"params\":{"u8);
        members.Write(input.Span);
        members.Write(input.IsEmpty ? "\"_meta\":{"u8 : ",\"_meta\":{"u8);
        members.Write(meta.Span);
        members.Write(!message.Params.IsPresent ? "}}"u8 : othersFollow ? "},"u8 : "}"u8);
        editor.Insert(message.Params.IsPresent ? message.Params.Start + 1 : editor.Source.Span.LastIndexOf((byte)'}'), members.WrittenMemory);
    }

    private ReadOnlyMemory<byte> MembersFor(DeclaredClient declared)
    {
        var level = declared.LogLevel is { } name ? (int)name + 1 : 0;
        ref var members = ref _members[((int)declared.Capabilities * Levels) + level];
        return members ??= Format(declared);
    }

    private byte[] Format(DeclaredClient declared)
    {
        var text = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(text))
        {
            writer.WriteStartObject();
            writer.WriteString(MetaKeys.ProtocolVersion, ProtocolRevision.NewestModern.Text);
            writer.WritePropertyName(MetaKeys.ClientCapabilities);
            ClientCapabilityWriter.Write(writer, declared.Capabilities);
            writer.WritePropertyName(MetaKeys.ClientInfo);
            writer.WriteRawValue(gatewayInfo.Span);
            if (declared.LogLevel is { } level)
            {
                writer.WritePropertyName(MetaKeys.LogLevel);
                writer.WriteRawValue(LogLevelNames.Token(level));
            }

            writer.WriteEndObject();
        }

        return text.WrittenSpan[1..^1].ToArray();
    }
}
