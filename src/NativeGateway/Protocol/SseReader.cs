using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace NativeGateway.Protocol;

/// <summary>What <see cref="SseReader.Next"/> found.</summary>
internal enum SseKind : byte
{
    /// <summary>No whole event yet: fill in more bytes.</summary>
    None,
    Event,

    /// <summary>An event is longer than allowed; the stream cannot be read any further.</summary>
    TooLarge,
}

/// <summary>
/// Cuts a stream of bytes into server-sent events (HTML Living Standard, "Parsing an event stream"). Does no reading itself: the owner fills
/// <see cref="GetMemory"/>, calls <see cref="Advance"/>, then takes events until there are no more. The data of an event stands in one piece
/// and is valid until the next <see cref="GetMemory"/>. Events without data are not reported, but their ids count. Not thread-safe.
/// </summary>
internal sealed class SseReader(int maxEvent, int bufferSize = 4 * 1024) : IDisposable
{
    private const int MaxId = 1024;

    /// <summary>For field names and line ends around the data.</summary>
    private const long FieldSlack = 64;

    private static readonly SearchValues<byte> LineEnds = SearchValues.Create("\r\n"u8);

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    private readonly ReadBuffer _buffer = new(bufferSize);
    private readonly byte[] _name = new byte[16];
    private int _nameLength;
    private byte[] _idBuffer = [];
    private byte[] _lastId = [];
    private int _idLength = -1;
    private int _lastIdLength;
    private bool _started;
    private bool _skipLineFeed;

    // Positions in the buffer: where the current line begins, how far it was searched for its end, and the data lines joined so far.
    private int _line;
    private int _searched;
    private int _data;
    private int _dataLength = -1;

    /// <summary>The current event's type; empty or "message" for messages. Cut after 16 bytes, which no known type has.</summary>
    public ReadOnlySpan<byte> EventName => _name.AsSpan(0, _nameLength);

    public bool IsMessage => _nameLength == 0 || EventName.SequenceEqual("message"u8);

    /// <summary>The id of the last whole event that bore one, or null.</summary>
    public string? LastEventId => _lastIdLength == 0 ? null : Encoding.UTF8.GetString(_lastId, 0, _lastIdLength);

    /// <summary>How long to wait before reconnecting, when the stream said so.</summary>
    public TimeSpan? Retry { get; private set; }

    /// <summary>Where the next bytes go; never empty.</summary>
    public Memory<byte> GetMemory()
    {
        if (_dataLength < 0)
        {
            _buffer.Consume(_line);
            _searched -= _line;
            _line = 0;
        }

        return _buffer.GetMemory();
    }

    public void Advance(int count) => _buffer.Advance(count);

    public SseKind Next(out ReadOnlyMemory<byte> data)
    {
        data = default;
        if (!SkipMark())
        {
            return SseKind.None;
        }

        if (_dataLength < 0)
        {
            _nameLength = 0;
        }

        while (true)
        {
            var bytes = _buffer.Span;
            if (_skipLineFeed && _line < bytes.Length)
            {
                _line += bytes[_line] == '\n' ? 1 : 0;
                _searched = _line;
                _skipLineFeed = false;
            }

            var found = bytes[_searched..].IndexOfAny(LineEnds);
            if (found < 0)
            {
                _searched = bytes.Length;
                return bytes.Length - (_dataLength < 0 ? _line : _data) > maxEvent + FieldSlack ? SseKind.TooLarge : SseKind.None;
            }

            var end = _searched + found;
            var start = _line;
            _skipLineFeed = bytes[end] == '\r';
            _line = _searched = end + 1;
            if (end > start)
            {
                ReadLine(bytes, start, end);
                if (_dataLength > maxEvent)
                {
                    return SseKind.TooLarge;
                }
            }
            else if (Dispatch(out data))
            {
                return SseKind.Event;
            }
        }
    }

    public void Dispose() => _buffer.Dispose();

    /// <summary>Begins with another stream, after <see cref="Dispose"/>.</summary>
    public void Restart()
    {
        (_nameLength, _idLength, _lastIdLength, _started, _skipLineFeed) = (0, -1, 0, false, false);
        (_line, _searched, _data, _dataLength, Retry) = (0, 0, 0, -1, null);
    }

    private void ReadLine(Span<byte> bytes, int start, int end)
    {
        var line = bytes[start..end];
        var colon = line.IndexOf((byte)':');
        if (colon == 0)
        {
            return;
        }

        var field = colon < 0 ? line : line[..colon];
        var value = colon < 0 ? default : line[(colon + 1)..];
        value = value is [(byte)' ', ..] ? value[1..] : value;
        if (field.SequenceEqual("data"u8))
        {
            AddData(bytes, end - value.Length, value.Length);
        }
        else if (field.SequenceEqual("event"u8))
        {
            _nameLength = Math.Min(value.Length, _name.Length);
            value[.._nameLength].CopyTo(_name);
        }
        else if (field.SequenceEqual("id"u8))
        {
            KeepId(value);
        }
        else if (field.SequenceEqual("retry"u8) && value.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0
            && Utf8Parser.TryParse(value, out int milliseconds, out _))
        {
            Retry = TimeSpan.FromMilliseconds(milliseconds);
        }
    }

    /// <summary>Further lines move up to the first one, so that the data is in one piece; they are always behind where they move to.</summary>
    private void AddData(Span<byte> bytes, int start, int length)
    {
        if (_dataLength < 0)
        {
            (_data, _dataLength) = (start, length);
            return;
        }

        var end = _data + _dataLength;
        bytes[end] = (byte)'\n';
        bytes.Slice(start, length).CopyTo(bytes[(end + 1)..]);
        _dataLength += length + 1;
    }

    private void KeepId(ReadOnlySpan<byte> value)
    {
        if (value.Length > MaxId || value.Contains((byte)0))
        {
            return;
        }

        if (_idBuffer.Length < value.Length)
        {
            _idBuffer = new byte[Math.Max(64, value.Length)];
        }

        value.CopyTo(_idBuffer);
        _idLength = value.Length;
    }

    /// <summary>At an empty line: an id counts from here on, because the event that bore it is whole.</summary>
    private bool Dispatch(out ReadOnlyMemory<byte> data)
    {
        if (_idLength >= 0)
        {
            (_lastId, _idBuffer) = (_idBuffer, _lastId);
            (_lastIdLength, _idLength) = (_idLength, -1);
        }

        var length = _dataLength;
        _dataLength = -1;
        data = length > 0 ? _buffer.Memory.Slice(_data, length) : default;
        if (length <= 0)
        {
            _nameLength = 0;
        }

        return length > 0;
    }

    /// <summary>A byte order mark may stand first. False while that cannot be told yet.</summary>
    private bool SkipMark()
    {
        if (!_started)
        {
            var bytes = _buffer.Span;
            var length = Math.Min(bytes.Length, ByteOrderMark.Length);
            var mayBeMark = bytes[..length].SequenceEqual(ByteOrderMark[..length]);
            _started = !mayBeMark || length == ByteOrderMark.Length;
            _line = _searched = mayBeMark && _started ? length : 0;
        }

        return _started;
    }
}
