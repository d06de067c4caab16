using System.Text.Json;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Catalog;

/// <summary>Reads the parts of list results.</summary>
internal static class CatalogJson
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = RpcReader.MaxDepth };

    /// <summary>
    /// Reads one page: a list method's <c>result</c> object. False when it is none.
    /// </summary>
    /// <param name="nextCursor">The raw token, escapes and all; null at the end of the list. The empty string is a cursor.</param>
    public static bool TryReadPage(ReadOnlySpan<byte> result, CatalogListBuilder list, out byte[]? nextCursor)
    {
        nextCursor = null;
        try
        {
            return ReadPage(result, list, ref nextCursor);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>Reads an array of entries with the reader on its first token.</summary>
    public static void ReadEntries(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, CatalogListBuilder list)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw new JsonException();
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            list.Add(json[start..(int)reader.BytesConsumed]);
        }
    }

    private static bool ReadPage(ReadOnlySpan<byte> result, CatalogListBuilder list, ref byte[]? nextCursor)
    {
        var reader = new Utf8JsonReader(result, Options);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        var (hasEntries, isComplete) = (false, true);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!hasEntries && reader.ValueTextEquals(list.Kind.ListMember()))
            {
                reader.Read();
                ReadEntries(ref reader, result, list);
                hasEntries = true;
            }
            else if (reader.ValueTextEquals("nextCursor"u8))
            {
                var token = RpcReader.ReadValue(ref reader);
                nextCursor = reader.TokenType == JsonTokenType.String ? token.Of(result).ToArray() : null;
            }
            else if (reader.ValueTextEquals("resultType"u8))
            {
                reader.Read();
                isComplete = reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("complete"u8);
                reader.Skip();
            }
            else
            {
                RpcReader.ReadValue(ref reader);
            }
        }

        return hasEntries && isComplete;
    }
}
