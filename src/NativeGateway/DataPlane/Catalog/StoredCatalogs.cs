using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Catalog;

/// <summary>The JSON in which a catalog is kept over a restart: what the upstream gave, byte for byte, and nothing derived from it.</summary>
internal static class StoredCatalogs
{
    /// <summary>Raised when the shape changes; other versions are dropped, because the upstream can be asked again.</summary>
    private const int Version = 1;

    private static readonly JsonReaderOptions Options = new() { MaxDepth = RpcReader.MaxDepth + 2 };

    public static StoredCatalog Write(Guid upstreamId, UpstreamCatalog catalog)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JsonText.Encoder, SkipValidation = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("version"u8, Version);
            json.WriteString("revision"u8, catalog.Peer.Revision.Text);
            WriteRaw(json, "capabilities"u8, catalog.Peer.Capabilities);
            WriteRaw(json, "serverInfo"u8, catalog.Peer.ServerInfo);
            if (catalog.Peer.Instructions is { } instructions)
            {
                json.WriteString("instructions"u8, instructions);
            }

            foreach (var kind in CatalogKindTraits.Each)
            {
                json.WriteStartArray(kind.ListMember());
                foreach (var entry in catalog[kind].Entries)
                {
                    json.WriteRawValue(entry.Json, skipInputValidation: true);
                }

                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        return new StoredCatalog(upstreamId, buffer.WrittenMemory.ToArray(), catalog.FetchedAt);
    }

    /// <summary>Null for JSON that is damaged, or of another version.</summary>
    public static UpstreamCatalog? TryRead(StoredCatalog stored)
    {
        try
        {
            return Utf8.IsValid(stored.Json.Span) ? Read(stored) : null;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    private static void WriteRaw(Utf8JsonWriter json, ReadOnlySpan<byte> name, ReadOnlyMemory<byte> value)
    {
        if (!value.IsEmpty)
        {
            json.WritePropertyName(name);
            json.WriteRawValue(value.Span, skipInputValidation: true);
        }
    }

    private static UpstreamCatalog? Read(StoredCatalog stored)
    {
        var json = stored.Json;
        var reader = new Utf8JsonReader(json.Span, Options);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        var version = 0;
        ProtocolRevision? revision = null;
        ReadOnlyMemory<byte> capabilities = default, serverInfo = default;
        string? instructions = null;
        var lists = Array.ConvertAll(CatalogKindTraits.Each, kind => new CatalogListBuilder(kind));
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("version"u8))
            {
                reader.Read();
                version = reader.GetInt32();
            }
            else if (reader.ValueTextEquals("revision"u8))
            {
                reader.Read();
                revision = ProtocolRevision.Find(reader.GetString());
            }
            else if (reader.ValueTextEquals("capabilities"u8))
            {
                capabilities = ReadObject(ref reader, json.Span);
            }
            else if (reader.ValueTextEquals("serverInfo"u8))
            {
                serverInfo = ReadObject(ref reader, json.Span);
            }
            else if (reader.ValueTextEquals("instructions"u8))
            {
                reader.Read();
                instructions = reader.GetString();
            }
            else
            {
                ReadList(ref reader, json.Span, lists);
            }
        }

        var isWhole = version == Version && revision is not null && !capabilities.IsEmpty && !reader.Read();
        return isWhole
            ? new UpstreamCatalog(
                new UpstreamPeer(revision!, capabilities, serverInfo, instructions),
                Array.ConvertAll(lists, list => list.Build()),
                stored.FetchedAt)
            : null;
    }

    private static byte[] ReadObject(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        var range = RpcReader.ReadValue(ref reader);
        return reader.TokenType == JsonTokenType.EndObject ? range.Of(json).ToArray() : throw new JsonException();
    }

    private static void ReadList(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, CatalogListBuilder[] lists)
    {
        CatalogListBuilder? list = null;
        foreach (var candidate in lists)
        {
            list = reader.ValueTextEquals(candidate.Kind.ListMember()) ? candidate : list;
        }

        reader.Read();
        if (list is null)
        {
            reader.Skip();
            return;
        }

        CatalogJson.ReadEntries(ref reader, json, list);
    }
}
