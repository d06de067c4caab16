using System.Buffers;
using System.Text;
using System.Text.Json;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Catalog;

internal enum HeaderParameterType : byte
{
    String,
    Integer,
    Boolean,
}

/// <summary>An argument of a tool that a modern HTTP client repeats in a header (2026-07-28, basic/transports/streamable-http, "Custom Headers").</summary>
/// <param name="Header">The whole header name, <c>Mcp-Param-…</c>.</param>
/// <param name="Path">Member names, as UTF-8 text, from <c>arguments</c> down to the value.</param>
internal sealed record HeaderParameter(string Header, IReadOnlyList<byte[]> Path, HeaderParameterType Type)
{
    /// <summary>The argument's text in the header, not yet encoded, or null when it is absent, null or of a type that has none.</summary>
    /// <param name="arguments">Where <c>params.arguments</c> stands in the message.</param>
    public string? ValueIn(ReadOnlySpan<byte> message, ByteRange arguments)
    {
        var value = arguments;
        foreach (var name in Path)
        {
            value = JsonMembers.Find(message, value, name);
        }

        if (!value.IsPresent)
        {
            return null;
        }

        var raw = value.Of(message);
        return (raw[0], Type) switch
        {
            ((byte)'"', HeaderParameterType.String) => JsonText.GetString(raw),
            ((byte)'t', HeaderParameterType.Boolean) => "true",
            ((byte)'f', HeaderParameterType.Boolean) => "false",
            (not ((byte)'"' or (byte)'t' or (byte)'f' or (byte)'n' or (byte)'{' or (byte)'['), HeaderParameterType.Integer) =>
                Encoding.ASCII.GetString(raw),
            _ => null,
        };
    }
}

/// <summary>
/// Finds the <c>x-mcp-header</c> declarations of an input schema. A declaration that breaks a rule makes the tool unusable for every
/// conforming client, so the whole tool is left out of the catalog.
/// </summary>
internal sealed class HeaderParameters
{
    private static readonly SearchValues<byte> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"u8);

    private readonly List<HeaderParameter> _found = [];
    private readonly List<byte[]> _path = [];

    private HeaderParameters()
    {
    }

    /// <summary>Why the first bad declaration is bad; null when all are good.</summary>
    private string? Fault { get; set; }

    /// <summary>Reads with the reader on the schema's first token and leaves it on the last.</summary>
    /// <returns>Null for a schema with a bad declaration.</returns>
    public static IReadOnlyList<HeaderParameter>? Read(ref Utf8JsonReader reader, out string? fault)
    {
        var parameters = new HeaderParameters();
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            parameters.ReadSchema(ref reader, isReachable: true);
        }
        else
        {
            reader.Skip();
        }

        fault = parameters.Fault;
        return fault is null ? parameters._found : null;
    }

    private void ReadSchema(ref Utf8JsonReader reader, bool isReachable)
    {
        string? header = null;
        HeaderParameterType? type = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("x-mcp-header"u8))
            {
                reader.Read();
                header = ReadHeader(ref reader, isReachable && _path.Count > 0);
            }
            else if (reader.ValueTextEquals("type"u8))
            {
                reader.Read();
                type = ReadType(ref reader);
            }
            else if (reader.ValueTextEquals("properties"u8))
            {
                reader.Read();
                ReadMap(ref reader, isReachable);
            }
            else if (IsMapOfSchemas(ref reader))
            {
                reader.Read();
                ReadMap(ref reader, isReachable: false);
            }
            else if (IsData(ref reader))
            {
                reader.Read();
                reader.Skip();
            }
            else
            {
                reader.Read();
                ReadUnreachable(ref reader);
            }
        }

        if (header is not null)
        {
            Add(header, type);
        }
    }

    /// <summary>An object whose members are names of the author's choice, each with a schema.</summary>
    private void ReadMap(ref Utf8JsonReader reader, bool isReachable)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            _path.Add(isReachable ? CopyName(ref reader) : []);
            reader.Read();
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                ReadSchema(ref reader, isReachable);
            }
            else
            {
                reader.Skip();
            }

            _path.RemoveAt(_path.Count - 1);
        }
    }

    /// <summary>Any other keyword: a schema, an array of schemas, or something without meaning here.</summary>
    private void ReadUnreachable(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            ReadSchema(ref reader, isReachable: false);
        }
        else if (reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                ReadUnreachable(ref reader);
            }
        }
    }

    private string? ReadHeader(ref Utf8JsonReader reader, bool isReachable)
    {
        if (!isReachable)
        {
            reader.Skip();
            Fault ??= "x-mcp-header where properties alone do not lead";
            return null;
        }

        if (reader.TokenType != JsonTokenType.String || reader.ValueSpan.IsEmpty || reader.ValueSpan.ContainsAnyExcept(TokenCharacters))
        {
            reader.Skip();
            Fault ??= "x-mcp-header is not a header name";
            return null;
        }

        return $"Mcp-Param-{reader.GetString()}";
    }

    /// <summary>The one primitive type that a value may have; <c>["string","null"]</c> counts, because a null value has no header.</summary>
    private static HeaderParameterType? ReadType(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            var type = TypeOf(ref reader);
            reader.Skip();
            return type;
        }

        var (only, count) = (default(HeaderParameterType?), 0);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (!(reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("null"u8)))
            {
                only = TypeOf(ref reader);
                count++;
            }

            reader.Skip();
        }

        return count == 1 ? only : null;
    }

    private static HeaderParameterType? TypeOf(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            return null;
        }

        return reader.ValueTextEquals("string"u8) ? HeaderParameterType.String
            : reader.ValueTextEquals("integer"u8) ? HeaderParameterType.Integer
            : reader.ValueTextEquals("boolean"u8) ? HeaderParameterType.Boolean
            : null;
    }

    private void Add(string header, HeaderParameterType? type)
    {
        if (type is not { } primitive)
        {
            Fault ??= "x-mcp-header on something else than a string, integer or boolean";
        }
        else if (_found.Exists(other => other.Header.Equals(header, StringComparison.OrdinalIgnoreCase)))
        {
            Fault ??= "one x-mcp-header name twice";
        }
        else
        {
            _found.Add(new HeaderParameter(header, [.. _path], primitive));
        }
    }

    private static bool IsMapOfSchemas(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("$defs"u8) || reader.ValueTextEquals("definitions"u8)
        || reader.ValueTextEquals("patternProperties"u8) || reader.ValueTextEquals("dependentSchemas"u8);

    /// <summary>Keywords whose value is data, in which <c>x-mcp-header</c> declares nothing.</summary>
    private static bool IsData(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("default"u8) || reader.ValueTextEquals("const"u8)
        || reader.ValueTextEquals("enum"u8) || reader.ValueTextEquals("examples"u8);

    private static byte[] CopyName(ref Utf8JsonReader reader)
    {
        var name = new byte[reader.ValueSpan.Length];
        return name[..reader.CopyString(name)];
    }
}
