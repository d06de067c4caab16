using System.Buffers;
using System.Text.Json;

namespace NativeGateway.Protocol;

/// <summary>
/// W3C trace context of a request, as its headers give it. Where there are no headers it travels in <c>_meta</c>, under the same names
/// (SEP-414). What a client wrote into <c>_meta</c> itself goes through untouched.
/// </summary>
internal readonly record struct TraceContext(string Parent, string? State)
{
    /// <summary>A version, a trace, a span and flags; later versions may append to it (W3C Trace Context, 3.2).</summary>
    private const int ParentLength = 55;

    private const int LongestParent = 128;

    /// <summary>What everybody has to pass on at least (W3C Trace Context, 3.3.1.1).</summary>
    private const int LongestState = 512;

    private static readonly SearchValues<char> ParentDigits = SearchValues.Create("0123456789abcdef-");

    /// <summary>Null when there is none, or none that others could read.</summary>
    public static TraceContext? Read(string? parent, string? state) =>
        parent is { Length: >= ParentLength and <= LongestParent } && !parent.AsSpan().ContainsAnyExcept(ParentDigits) && parent[2] == '-' && parent[35] == '-' && parent[52] == '-'
            ? new TraceContext(parent, state is { Length: > 0 and <= LongestState } && !state.AsSpan().ContainsAnyExceptInRange(' ', '~') ? state : null)
            : null;

    /// <summary>The request with this context in its <c>_meta</c>, or as it is when it has one there.</summary>
    public MessageEditor AddTo(MessageEditor request)
    {
        var written = new ArrayBufferWriter<byte>(request.Length);
        request.WriteTo(written);
        var result = new MessageEditor();
        result.Reset(written.WrittenMemory);
        if (RpcReader.Read(written.WrittenSpan, out var message) != RpcFault.None)
        {
            return result;
        }

        if (message.Meta.IsPresent)
        {
            var meta = written.WrittenSpan.Slice(message.Meta.Start, message.Meta.Length);
            if (!HasParent(meta))
            {
                result.Insert(message.Meta.Start + 1, Members(othersFollow: !IsEmpty(meta)));
            }
        }
        else if (message.Params.IsPresent)
        {
            var others = !IsEmpty(written.WrittenSpan.Slice(message.Params.Start, message.Params.Length));
            result.Insert(message.Params.Start + 1, (byte[])[.. "\"_meta\":{"u8, .. Members(othersFollow: false), (byte)'}', .. others ? ","u8 : ""u8]);
        }
        else
        {
            result.Insert(written.WrittenSpan.LastIndexOf((byte)'}'), (byte[])[.. ",\"params\":{\"_meta\":{"u8, .. Members(othersFollow: false), .. "}}"u8]);
        }

        return result;
    }

    private byte[] Members(bool othersFollow)
    {
        byte[] parent = [(byte)'"', .. MetaKeys.TraceParent, (byte)'"', (byte)':', .. JsonText.Quote(Parent)];
        byte[] state = State is null ? [] : [(byte)',', (byte)'"', .. MetaKeys.TraceState, (byte)'"', (byte)':', .. JsonText.Quote(State)];
        return [.. parent, .. state, .. othersFollow ? ","u8 : ""u8];
    }

    private static bool HasParent(ReadOnlySpan<byte> meta)
    {
        var reader = new Utf8JsonReader(meta);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals(MetaKeys.TraceParent))
            {
                return true;
            }

            reader.Read();
            reader.Skip();
        }

        return false;
    }

    private static bool IsEmpty(ReadOnlySpan<byte> members) => members[1..].TrimStart(" \t\r\n"u8)[0] == '}';
}
