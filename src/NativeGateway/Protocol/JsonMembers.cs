using System.Text.Json;

namespace NativeGateway.Protocol;

/// <summary>Walks the members of one JSON object inside a larger, already validated message and tells where each stands.</summary>
internal ref struct JsonMembers
{
    private readonly int _offset;
    private Utf8JsonReader _reader;

    /// <param name="source">The whole message.</param>
    /// <param name="range">Where the object stands in it; an absent range or another kind of value has no members.</param>
    public JsonMembers(ReadOnlySpan<byte> source, ByteRange range)
    {
        _offset = range.Start;
        _reader = new Utf8JsonReader(range.Of(source), new JsonReaderOptions { MaxDepth = RpcReader.MaxDepth });
        IsObject = range.IsPresent && _reader.Read() && _reader.TokenType == JsonTokenType.StartObject;
    }

    public bool IsObject { get; }

    /// <summary>The raw name token of the current member, with quotes.</summary>
    public ByteRange Name { get; private set; }

    /// <summary>The raw value of the current member.</summary>
    public ByteRange Value { get; private set; }

    public bool MoveNext()
    {
        if (!IsObject || !_reader.Read() || _reader.TokenType != JsonTokenType.PropertyName)
        {
            return false;
        }

        var nameStart = (int)_reader.TokenStartIndex;
        Name = new ByteRange(_offset + nameStart, _reader.ValueSpan.Length + 2);
        var value = RpcReader.ReadValue(ref _reader);
        Value = value with { Start = value.Start + _offset };
        return true;
    }

    /// <summary>Whether the current member bears that name. Names written with escapes match nothing that the gateway looks for.</summary>
    public readonly bool NameIs(ReadOnlySpan<byte> source, ReadOnlySpan<byte> name) =>
        source.Slice(Name.Start + 1, Name.Length - 2).SequenceEqual(name);

    /// <summary>The value of the member of that name, or an absent range.</summary>
    public static ByteRange Find(ReadOnlySpan<byte> source, ByteRange range, ReadOnlySpan<byte> name)
    {
        var members = new JsonMembers(source, range);
        while (members.MoveNext())
        {
            if (members.NameIs(source, name))
            {
                return members.Value;
            }
        }

        return default;
    }
}
