using System.Buffers;
using System.Text;
using System.Text.Json;
using NativeGateway.DataPlane.Catalog;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// What a client gets to see differently in the content of an answer:
/// <list type="bullet">
/// <item>On an aggregate, every URI by which the client may come back bears the upstream's key: <c>contents[].uri</c>, embedded resources and
/// resource links, and the one that an error says to be missing. URIs in free text, icons and <c>websiteUrl</c> stay as they are.</item>
/// <item>A block that the client's revision does not know: a resource link becomes text (name and URI), audio an embedded resource.</item>
/// </list>
/// </summary>
internal static class ResultContent
{
    /// <param name="prefixed">The upstream whose key the URIs get; null where they stay.</param>
    public static void Edit(MessageEditor editor, in RpcMessage reply, McpMethod method, ProtocolRevision client, Model.Upstream? prefixed)
    {
        if (reply.Kind == RpcKind.Error)
        {
            EditError(editor, reply, method, prefixed);
            return;
        }

        var carriesContent = method is McpMethod.ToolsCall or McpMethod.PromptsGet or McpMethod.ResourcesRead;
        var bytes = editor.Source.Span;
        if (!carriesContent || !IsConcerned(reply.Result.Of(bytes), client, prefixed is not null))
        {
            return;
        }

        var list = JsonMembers.Find(bytes, reply.Result, method switch
        {
            McpMethod.ToolsCall => "content"u8,
            McpMethod.PromptsGet => "messages"u8,
            _ => "contents"u8,
        });
        var reader = new Utf8JsonReader(list.Of(bytes), new JsonReaderOptions { MaxDepth = RpcReader.MaxDepth });
        if (!list.IsPresent || !reader.Read() || reader.TokenType != JsonTokenType.StartArray)
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
                EditUri(editor, element, prefixed);
            }
            else
            {
                EditBlock(editor, method == McpMethod.PromptsGet ? JsonMembers.Find(bytes, element, "content"u8) : element, client, prefixed);
            }
        }
    }

    /// <summary>A resource that does not exist is named in <c>error.data.uri</c> (server/resources, "Error Handling").</summary>
    private static void EditError(MessageEditor editor, in RpcMessage reply, McpMethod method, Model.Upstream? prefixed)
    {
        if (method is McpMethod.ResourcesRead or McpMethod.ResourcesSubscribe or McpMethod.ResourcesUnsubscribe)
        {
            EditUri(editor, JsonMembers.Find(editor.Source.Span, reply.Error, "data"u8), prefixed);
        }
    }

    private static bool IsConcerned(ReadOnlySpan<byte> result, ProtocolRevision client, bool isPrefixed) =>
        (isPrefixed && result.IndexOf("\"uri\""u8) >= 0)
        || (!client.HasResourceLinks && result.IndexOf("\"resource_link\""u8) >= 0)
        || (!client.HasAudio && result.IndexOf("\"audio\""u8) >= 0);

    private static void EditBlock(MessageEditor editor, ByteRange block, ProtocolRevision client, Model.Upstream? prefixed)
    {
        var bytes = editor.Source.Span;
        var type = JsonMembers.Find(bytes, block, "type"u8).Of(bytes);
        if (type.SequenceEqual("\"resource_link\""u8))
        {
            if (client.HasResourceLinks)
            {
                EditUri(editor, block, prefixed);
            }
            else
            {
                editor.Replace(block, LinkAsText(bytes, block, prefixed));
            }
        }
        else if (type.SequenceEqual("\"resource\""u8))
        {
            EditUri(editor, JsonMembers.Find(bytes, block, "resource"u8), prefixed);
        }
        else if (type.SequenceEqual("\"audio\""u8) && !client.HasAudio)
        {
            editor.Replace(block, AudioAsResource(bytes, block));
        }
    }

    private static void EditUri(MessageEditor editor, ByteRange holder, Model.Upstream? prefixed)
    {
        var uri = JsonMembers.Find(editor.Source.Span, holder, "uri"u8);
        if (prefixed is not null && uri.IsPresent && uri.Of(editor.Source.Span)[0] == '"')
        {
            editor.Replace(uri, Expose(uri.Of(editor.Source.Span), prefixed));
        }
    }

    private static ReadOnlyMemory<byte> Expose(ReadOnlySpan<byte> uriToken, Model.Upstream upstream)
    {
        var exposed = new ArrayBufferWriter<byte>(uriToken.Length + upstream.KeyUtf8.Length + 8);
        ResourceUris.WriteExposedToken(exposed, new UriPrefix(upstream.KeyUtf8), uriToken);
        return exposed.WrittenMemory;
    }

    private static ReadOnlyMemory<byte> LinkAsText(ReadOnlySpan<byte> bytes, ByteRange link, Model.Upstream? prefixed)
    {
        var token = JsonMembers.Find(bytes, link, "uri"u8).Of(bytes);
        var uri = prefixed is null || token is not [(byte)'"', ..] ? JsonText.GetString(token) : JsonText.GetString(Expose(token, prefixed).Span);
        var name = JsonText.GetString(JsonMembers.Find(bytes, link, "name"u8).Of(bytes));
        var block = new ArrayBufferWriter<byte>(link.Length);
        block.Write("{\"type\":\"text\",\"text\":"u8);
        block.Write(JsonText.Quote(name is null ? $"{uri}" : $"{name}: {uri}"));
        return Finish(block, bytes, link);
    }

    /// <summary>The data is all there; the URI is made up, because a resource must have one.</summary>
    private static ReadOnlyMemory<byte> AudioAsResource(ReadOnlySpan<byte> bytes, ByteRange audio)
    {
        var type = JsonMembers.Find(bytes, audio, "mimeType"u8);
        var data = JsonMembers.Find(bytes, audio, "data"u8);
        var block = new ArrayBufferWriter<byte>(audio.Length + 128);
        block.Write("{\"type\":\"resource\",\"resource\":{\"uri\":\"audio:"u8);
        block.Write(Encoding.ASCII.GetBytes($"{audio.Start}\""));
        block.Write(type.IsPresent ? ",\"mimeType\":"u8 : default);
        block.Write(type.Of(bytes));
        block.Write(data.IsPresent ? ",\"blob\":"u8 : ",\"blob\":\"\""u8);
        block.Write(data.Of(bytes));
        block.Write("}"u8);
        return Finish(block, bytes, audio);
    }

    private static ReadOnlyMemory<byte> Finish(ArrayBufferWriter<byte> block, ReadOnlySpan<byte> bytes, ByteRange original)
    {
        var annotations = JsonMembers.Find(bytes, original, "annotations"u8);
        if (annotations.IsPresent)
        {
            block.Write(",\"annotations\":"u8);
            block.Write(annotations.Of(bytes));
        }

        block.Write("}"u8);
        return block.WrittenMemory;
    }
}
