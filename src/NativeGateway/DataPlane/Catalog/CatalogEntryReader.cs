using System.Text.Json;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Catalog;

/// <summary>
/// Finds in one entry of a list what the gateway acts on. Such a member may stand only once, for the reason that <see cref="RpcReader"/> gives:
/// two readers might take different ones.
/// </summary>
internal ref struct CatalogEntryReader
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = RpcReader.MaxDepth };

    private readonly CatalogKind _kind;
    private readonly List<Splice> _splices;
    private Utf8JsonReader _reader;
    private byte[]? _name;
    private ByteRange _nameRange;
    private IReadOnlyList<HeaderParameter>? _headers;
    private bool _hasExecution;
    private bool _requiresTask;
    private bool _hasOutput;
    private bool _wrapsOutput;
    private bool _isMalformed;
    private string? _headerFault;

    private CatalogEntryReader(CatalogKind kind, ReadOnlySpan<byte> json)
    {
        _kind = kind;
        _splices = new List<Splice>(4);
        _reader = new Utf8JsonReader(json, Options);
    }

    /// <summary>
    /// Null for something that is no entry of this kind. A tool with a bad <c>x-mcp-header</c> is read too, with the reason in
    /// <paramref name="headerFault"/>: it is to be left out, but by its name.
    /// </summary>
    public static CatalogEntry? Read(CatalogKind kind, ReadOnlySpan<byte> json, out string? headerFault)
    {
        headerFault = null;
        try
        {
            var reader = new CatalogEntryReader(kind, json);
            reader.ReadMembers(json);
            headerFault = reader._headerFault;
            return reader.ToEntry(json);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: an escaped half of a surrogate pair in a name.
            return null;
        }
    }

    private readonly CatalogEntry? ToEntry(ReadOnlySpan<byte> json)
    {
        if (_isMalformed || _name is null or [])
        {
            return null;
        }

        _splices.Sort(static (a, b) => a.Start.CompareTo(b.Start));
        return new CatalogEntry
        {
            Json = json.ToArray(),
            Name = _name,
            NameRange = _nameRange,
            Splices = [.. _splices],
            HeaderParameters = _headers ?? [],
            RequiresTask = _requiresTask,
            WrapsOutput = _wrapsOutput,
        };
    }

    private void ReadMembers(ReadOnlySpan<byte> json)
    {
        if (!_reader.Read() || _reader.TokenType != JsonTokenType.StartObject)
        {
            _isMalformed = true;
            return;
        }

        var previousEnd = 0;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var start = (int)_reader.TokenStartIndex;
            if (_reader.ValueTextEquals(_kind.NameMember()))
            {
                ReadName();
            }
            else if (_kind == CatalogKind.Tools && _reader.ValueTextEquals("_meta"u8))
            {
                ReadMeta();
            }
            else if (_kind == CatalogKind.Tools && _reader.ValueTextEquals("inputSchema"u8))
            {
                ReadInputSchema(json);
            }
            else if (_kind == CatalogKind.Tools && _reader.ValueTextEquals("outputSchema"u8))
            {
                ReadOutputSchema(json, start, previousEnd);
            }
            else if (_kind == CatalogKind.Tools && _reader.ValueTextEquals("execution"u8))
            {
                ReadExecution(json, start, previousEnd);
            }
            else
            {
                RpcReader.ReadValue(ref _reader);
            }

            previousEnd = (int)_reader.BytesConsumed;
        }
    }

    private void ReadName()
    {
        _reader.Read();
        if (_reader.TokenType != JsonTokenType.String || _name is not null)
        {
            _isMalformed = true;
            _reader.Skip();
            return;
        }

        var text = new byte[_reader.ValueSpan.Length];
        _name = text[.._reader.CopyString(text)];
        _nameRange = CurrentToken();
        if (_kind.IsNamedByUri())
        {
            AddUri();
        }
        else
        {
            _splices.Add(new Splice(_nameRange.Start, _nameRange.Length, SpliceKind.Name));
        }
    }

    private void ReadInputSchema(ReadOnlySpan<byte> json)
    {
        _reader.Read();
        var start = (int)_reader.TokenStartIndex;
        _isMalformed |= _headers is not null || _headerFault is not null;
        _headers = HeaderParameters.Read(ref _reader, out _headerFault);
        var schema = new ByteRange(start, (int)_reader.BytesConsumed - start);
        var members = new JsonMembers(json, schema);
        if (members.IsObject && !JsonMembers.Find(json, schema, "type"u8).IsPresent)
        {
            _splices.Add(new Splice(start + 1, 0, members.MoveNext() ? SpliceKind.InputType : SpliceKind.OnlyInputType));
        }
    }

    private void ReadOutputSchema(ReadOnlySpan<byte> json, int start, int previousEnd)
    {
        _isMalformed |= _hasOutput;
        _hasOutput = true;
        var schema = RpcReader.ReadValue(ref _reader);
        if (JsonMembers.Find(json, schema, "type"u8).Of(json).SequenceEqual("\"object\""u8))
        {
            return;
        }

        _wrapsOutput = true;
        var refersToItself = schema.Of(json).IndexOf("\"$ref\""u8) >= 0 || schema.Of(json).IndexOf("\"$dynamicRef\""u8) >= 0;
        if (refersToItself)
        {
            AddRemoval(json, start, previousEnd, SpliceKind.Output);
        }
        else
        {
            _splices.Add(new Splice(schema.Start, 0, SpliceKind.OutputStart));
            _splices.Add(new Splice(schema.End, 0, SpliceKind.OutputEnd));
        }
    }

    /// <summary><c>_meta.ui.resourceUri</c> and the older <c>_meta["ui/resourceUri"]</c> (MCP Apps, 2026-01-26).</summary>
    private void ReadMeta()
    {
        if (!ReadObjectStart())
        {
            return;
        }

        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            if (_reader.ValueTextEquals("ui/resourceUri"u8))
            {
                ReadUri();
            }
            else if (_reader.ValueTextEquals("ui"u8))
            {
                ReadUi();
            }
            else
            {
                RpcReader.ReadValue(ref _reader);
            }
        }
    }

    private void ReadUi()
    {
        if (!ReadObjectStart())
        {
            return;
        }

        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            if (_reader.ValueTextEquals("resourceUri"u8))
            {
                ReadUri();
            }
            else
            {
                RpcReader.ReadValue(ref _reader);
            }
        }
    }

    private void ReadExecution(ReadOnlySpan<byte> json, int start, int previousEnd)
    {
        _isMalformed |= _hasExecution;
        _hasExecution = true;
        if (ReadObjectStart())
        {
            while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
            {
                var isSupport = _reader.ValueTextEquals("taskSupport"u8);
                _reader.Read();
                _requiresTask |= isSupport && _reader.TokenType == JsonTokenType.String && _reader.ValueTextEquals("required"u8);
                _reader.Skip();
            }
        }

        AddRemoval(json, start, previousEnd, SpliceKind.Execution);
    }

    /// <summary>Of the member that was just read.</summary>
    private readonly void AddRemoval(ReadOnlySpan<byte> json, int start, int previousEnd, SpliceKind kind)
    {
        // A first member goes with the comma behind it, any other with the comma before it.
        var end = (int)_reader.BytesConsumed;
        if (previousEnd > 0)
        {
            start = previousEnd;
        }
        else if (json[end..].TrimStart(" \t\r\n"u8) is [(byte)',', ..] rest)
        {
            end = json.Length - rest.Length + 1;
        }

        _splices.Add(new Splice(start, end - start, kind));
    }

    private void ReadUri()
    {
        _reader.Read();
        if (_reader.TokenType == JsonTokenType.String)
        {
            AddUri();
        }

        _reader.Skip();
    }

    private readonly void AddUri()
    {
        var insertion = ResourceUris.LocateEscaped(_reader.ValueSpan);
        var place = (int)_reader.TokenStartIndex + 1 + insertion.Offset;
        _splices.Add(new Splice(place, 0, insertion.IsRelative ? SpliceKind.RelativeUri : SpliceKind.Uri));
    }

    private readonly ByteRange CurrentToken() => new((int)_reader.TokenStartIndex, (int)(_reader.BytesConsumed - _reader.TokenStartIndex));

    private bool ReadObjectStart()
    {
        _reader.Read();
        if (_reader.TokenType == JsonTokenType.StartObject)
        {
            return true;
        }

        _reader.Skip();
        return false;
    }
}
