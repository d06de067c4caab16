using System.Buffers;
using System.Text.Json;
using NativeGateway.DataPlane.Catalog;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// In answers of an aggregate, puts the upstream's key into every URI by which the client may come back: <c>contents[].uri</c>, embedded resources
/// and resource links, and into the one that an error says to be missing. URIs in free text, icons and <c>websiteUrl</c> stay as they are.
/// </summary>
internal static class ResultUris
{
    public static void Edit(MessageEditor editor, in RpcMessage reply, McpMethod method, Model.Upstream upstream)
    {
        if (reply.Kind == RpcKind.Error)
        {
            EditError(editor, reply, method, upstream);
            return;
        }

        var carriesUris = method is McpMethod.ToolsCall or McpMethod.PromptsGet or McpMethod.ResourcesRead;
        var bytes = editor.Source.Span;
        if (!carriesUris || !reply.Result.IsPresent || reply.Result.Of(bytes).IndexOf("\"uri\""u8) < 0)
        {
            return;
        }

        var list = JsonMembers.Find(bytes, reply.Result, method switch
        {
            McpMethod.ToolsCall => "content"u8,
            McpMethod.PromptsGet => "messages"u8,
            _ => "contents"u8,
        });
        if (list.IsPresent)
        {
            EditElements(editor, list, method, upstream);
        }
    }

    /// <summary>A resource that does not exist is named in <c>error.data.uri</c> (server/resources, "Error Handling").</summary>
    private static void EditError(MessageEditor editor, in RpcMessage reply, McpMethod method, Model.Upstream upstream)
    {
        if (method is McpMethod.ResourcesRead or McpMethod.ResourcesSubscribe or McpMethod.ResourcesUnsubscribe)
        {
            EditUri(editor, JsonMembers.Find(editor.Source.Span, reply.Error, "data"u8), upstream);
        }
    }

    private static void EditElements(MessageEditor editor, ByteRange list, McpMethod method, Model.Upstream upstream)
    {
        var bytes = editor.Source.Span;
        var reader = new Utf8JsonReader(list.Of(bytes), new JsonReaderOptions { MaxDepth = RpcReader.MaxDepth });
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            var element = new ByteRange(list.Start + start, (int)reader.BytesConsumed - start);
            if (method == McpMethod.ResourcesRead)
            {
                EditUri(editor, element, upstream);
            }
            else
            {
                EditBlock(editor, method == McpMethod.PromptsGet ? JsonMembers.Find(bytes, element, "content"u8) : element, upstream);
            }
        }
    }

    /// <summary>A content block: a resource link carries a URI itself, an embedded resource one level deeper.</summary>
    private static void EditBlock(MessageEditor editor, ByteRange block, Model.Upstream upstream)
    {
        var bytes = editor.Source.Span;
        var type = JsonMembers.Find(bytes, block, "type"u8);
        if (!type.IsPresent)
        {
            return;
        }

        if (type.Of(bytes).SequenceEqual("\"resource_link\""u8))
        {
            EditUri(editor, block, upstream);
        }
        else if (type.Of(bytes).SequenceEqual("\"resource\""u8))
        {
            EditUri(editor, JsonMembers.Find(bytes, block, "resource"u8), upstream);
        }
    }

    private static void EditUri(MessageEditor editor, ByteRange holder, Model.Upstream upstream)
    {
        var uri = JsonMembers.Find(editor.Source.Span, holder, "uri"u8);
        if (uri.IsPresent && uri.Of(editor.Source.Span)[0] == '"')
        {
            var exposed = new ArrayBufferWriter<byte>(uri.Length + upstream.KeyUtf8.Length + 8);
            ResourceUris.WriteExposedToken(exposed, new UriPrefix(upstream.KeyUtf8), uri.Of(editor.Source.Span));
            editor.Replace(uri, exposed.WrittenMemory);
        }
    }
}
