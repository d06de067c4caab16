using System.Text.Json;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Catalog;

/// <summary>
/// A tool list that passes from one upstream to a client, and is not made from the catalog. Tools with invalid <c>x-mcp-header</c> declarations are
/// taken out, because nobody could send the headers that they ask for (2026-07-28, basic/transports/streamable-http, "Schema Extension"); and between
/// the eras so is what the client's does not know.
/// </summary>
internal static class PassingTools
{
    /// <param name="result">Where the result of <c>tools/list</c> stands in the message.</param>
    public static void Edit(MessageEditor editor, ByteRange result, ProtocolRevision client, ProtocolRevision upstream)
    {
        var source = editor.Source.Span;
        if (!IsConcerned(result.Of(source), client, upstream))
        {
            return;
        }

        var tools = JsonMembers.Find(source, result, "tools"u8);
        var reader = new Utf8JsonReader(tools.Of(source), new JsonReaderOptions { MaxDepth = RpcReader.MaxDepth });
        if (!tools.IsPresent || !reader.Read() || reader.TokenType != JsonTokenType.StartArray)
        {
            return;
        }

        var removal = new MemberRemoval(editor, tools);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            var tool = new ByteRange(tools.Start + start, (int)reader.BytesConsumed - start);
            var entry = CatalogEntryReader.Read(CatalogKind.Tools, tool.Of(source), out var fault);
            var isUnusable = fault is not null || (entry is { RequiresTask: true } && client.IsModern && !upstream.IsModern);
            removal.Next(tool, isUnusable);
            if (!isUnusable)
            {
                EditTool(editor, tool.Start, entry, client, upstream);
            }
        }

        removal.End();
    }

    private static void EditTool(MessageEditor editor, int start, CatalogEntry? entry, ProtocolRevision client, ProtocolRevision upstream)
    {
        foreach (var splice in entry?.Splices ?? [])
        {
            if (splice.Kind.CrossesEras(client.IsModern, upstream.IsModern))
            {
                editor.Replace(new ByteRange(start + splice.Start, splice.Length), splice.Kind.Text().ToArray());
            }
        }
    }

    /// <summary>Most lists shall not be read for this. Keywords may be written with escapes.</summary>
    private static bool IsConcerned(ReadOnlySpan<byte> result, ProtocolRevision client, ProtocolRevision upstream) =>
        result.IndexOf("x-mcp-header"u8) >= 0
        || result.IndexOf("\\u00"u8) >= 0
        || (client.IsModern && !upstream.IsModern && result.IndexOf("\"execution\""u8) >= 0)
        || (!client.IsModern && upstream.IsModern && result.IndexOf("\"outputSchema\""u8) >= 0);
}
