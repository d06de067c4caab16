using System.Text.Json;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Catalog;

/// <summary>
/// Takes the tools with invalid <c>x-mcp-header</c> declarations out of a tool list that is not made from the catalog: nobody could send the headers
/// that they ask for (2026-07-28, basic/transports/streamable-http, "Schema Extension").
/// </summary>
internal static class UnusableTools
{
    /// <param name="result">Where the result of <c>tools/list</c> stands in the message.</param>
    public static void Remove(MessageEditor editor, ByteRange result)
    {
        var source = editor.Source.Span;
        if (!MayDeclareHeaders(result.Of(source)))
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
            CatalogEntryReader.Read(CatalogKind.Tools, tool.Of(source), out var fault);
            removal.Next(tool, fault is not null);
        }

        removal.End();
    }

    /// <summary>Most lists declare none, and shall not be read for that. The keyword may be written with escapes.</summary>
    private static bool MayDeclareHeaders(ReadOnlySpan<byte> result) =>
        result.IndexOf("x-mcp-header"u8) >= 0 || result.IndexOf("\\u00"u8) >= 0;
}
