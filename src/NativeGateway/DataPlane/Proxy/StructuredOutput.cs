using System.Buffers;
using System.Text;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// <c>structuredContent</c> of a modern upstream, which may be any JSON value, for clients whose revision knows only objects (up to 2025-11-25,
/// server/tools, "Structured Content"): <c>{"result": …}</c> around it, as the tool's <c>outputSchema</c> in lists says.
/// </summary>
internal static class StructuredOutput
{
    /// <param name="always">The tool's schema is wrapped in lists, so its objects are wrapped too.</param>
    public static void Edit(MessageEditor editor, ByteRange result, bool always)
    {
        var bytes = editor.Source.Span;
        var value = JsonMembers.Find(bytes, result, "structuredContent"u8);
        if (!value.IsPresent || (value.Of(bytes)[0] == '{' && !always))
        {
            return;
        }

        editor.Insert(value.Start, "{\"result\":"u8.ToArray());
        editor.Insert(value.End, "}"u8.ToArray());
        var content = JsonMembers.Find(bytes, result, "content"u8);
        if (content.IsPresent && IsEmpty(content.Of(bytes)))
        {
            // Clients that do not look at structured content shall see something.
            var text = new ArrayBufferWriter<byte>(value.Length + 64);
            text.Write("[{\"type\":\"text\",\"text\":"u8);
            text.Write(JsonText.Quote(Encoding.UTF8.GetString(value.Of(bytes))));
            text.Write("}]"u8);
            editor.Replace(content, text.WrittenMemory);
        }
    }

    private static bool IsEmpty(ReadOnlySpan<byte> array) => array is [(byte)'[', .. var inner, (byte)']'] && inner.Trim(" \t\r\n"u8).IsEmpty;
}
