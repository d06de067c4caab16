using System.Buffers;

namespace NativeGateway.Protocol;

/// <summary>What <see cref="JsonFrameReader.Next"/> found.</summary>
internal enum JsonFrameKind : byte
{
    /// <summary>No whole object yet: fill in more bytes.</summary>
    None,
    Object,

    /// <summary>Something other than objects and white space.</summary>
    Garbage,

    TooLarge,
}

/// <summary>
/// Cuts a body into the JSON objects that stand in it one after another, with or without line breaks between or within them. Finds ends only;
/// what is cut out still has to be read. Does no reading itself, like <see cref="SseReader"/>. Not thread-safe.
/// </summary>
/// <param name="allowArray">The objects may stand in an array: a batch of revision 2025-03-26.</param>
internal sealed class JsonFrameReader(int maxObject, bool allowArray, int bufferSize) : IDisposable
{
    private static readonly SearchValues<byte> Structure = SearchValues.Create("\"{}"u8);
    private static readonly SearchValues<byte> StringEnds = SearchValues.Create("\"\\"u8);

    private readonly ReadBuffer _buffer = new(bufferSize);
    private int _searched;
    private int _depth;
    private bool _inString;

    /// <summary>True when an object has begun and not ended.</summary>
    public bool IsInside => _depth > 0;

    /// <summary>Where the next bytes go; never empty.</summary>
    public Memory<byte> GetMemory() => _buffer.GetMemory();

    public void Advance(int count) => _buffer.Advance(count);

    public JsonFrameKind Next(out ReadOnlyMemory<byte> frame)
    {
        frame = default;
        if (_depth == 0 && !SkipBetween())
        {
            return _buffer.Length == 0 ? JsonFrameKind.None : JsonFrameKind.Garbage;
        }

        if (!FindEnd())
        {
            return _buffer.Length > maxObject ? JsonFrameKind.TooLarge : JsonFrameKind.None;
        }

        if (_searched > maxObject)
        {
            return JsonFrameKind.TooLarge;
        }

        frame = _buffer.Memory[.._searched];
        _buffer.Consume(_searched);
        _searched = 0;
        return JsonFrameKind.Object;
    }

    public void Dispose() => _buffer.Dispose();

    /// <summary>Moves to the beginning of the next object. False when there is none.</summary>
    private bool SkipBetween()
    {
        var rest = _buffer.Span.TrimStart(allowArray ? " \t\r\n[,]"u8 : " \t\r\n"u8);
        _buffer.Consume(_buffer.Length - rest.Length);
        return rest is [(byte)'{', ..];
    }

    private bool FindEnd()
    {
        var bytes = _buffer.Span;
        while (_searched < bytes.Length)
        {
            var found = bytes[_searched..].IndexOfAny(_inString ? StringEnds : Structure);
            if (found < 0 || (bytes[_searched + found] == '\\' && _searched + found + 1 == bytes.Length))
            {
                // An escape that the bytes end with is looked at again together with what it escapes.
                _searched = found < 0 ? bytes.Length : _searched + found;
                return false;
            }

            _searched += found + 1;
            switch (bytes[_searched - 1])
            {
                case (byte)'\\':
                    _searched++;
                    break;
                case (byte)'"':
                    _inString = !_inString;
                    break;
                case (byte)'{':
                    _depth++;
                    break;
                default:
                    if (--_depth == 0)
                    {
                        return true;
                    }

                    break;
            }
        }

        return false;
    }
}
