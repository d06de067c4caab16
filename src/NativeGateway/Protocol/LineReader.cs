using System.Buffers;

namespace NativeGateway.Protocol;

/// <summary>What <see cref="LineReader.Next"/> found.</summary>
internal enum LineKind : byte
{
    /// <summary>No whole line yet: fill in more bytes.</summary>
    None,
    Whole,

    /// <summary>The beginning of a line that is longer than allowed; the rest of it is skipped.</summary>
    Cut,
}

/// <summary>
/// Cuts a stream of bytes into lines (the stdio transport: one message per line, UTF-8). Does no reading itself: the owner fills
/// <see cref="GetMemory"/>, calls <see cref="Advance"/>, then takes lines until there are no more. A line stands in one piece, without its
/// end, trailing blanks and a byte order mark, and is valid until the next <see cref="GetMemory"/>. Blank lines are skipped. Not thread-safe.
/// </summary>
internal sealed class LineReader(int maxLine, int bufferSize = 16 * 1024) : IDisposable
{
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(bufferSize);
    private int _start;
    private int _scanned;
    private int _end;
    private bool _skipping;

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>Where the next bytes go; never empty.</summary>
    public Memory<byte> GetMemory()
    {
        if (_start == _end)
        {
            _start = _scanned = _end = 0;
            if (_buffer.Length > 4 * bufferSize)
            {
                Replace(bufferSize);
            }
        }
        else if (_end == _buffer.Length)
        {
            MakeRoom();
        }

        return _buffer.AsMemory(_end);
    }

    public void Advance(int count) => _end += count;

    public LineKind Next(out ReadOnlyMemory<byte> line)
    {
        while (true)
        {
            line = default;
            var newLine = _buffer.AsSpan(_scanned, _end - _scanned).IndexOf((byte)'\n');
            if (newLine < 0)
            {
                _scanned = _end;
                return CutIfTooLong(ref line);
            }

            var end = _scanned + newLine;
            var found = Trim(_buffer.AsMemory(_start, end - _start));
            var wasSkipping = _skipping;
            _skipping = false;
            _start = _scanned = end + 1;
            if (wasSkipping || found.IsEmpty)
            {
                continue;
            }

            line = found.Length > maxLine ? found[..maxLine] : found;
            return found.Length > maxLine ? LineKind.Cut : LineKind.Whole;
        }
    }

    /// <summary>What stands after the last line end, at the end of the stream; empty when there is nothing.</summary>
    public ReadOnlyMemory<byte> Rest() => _skipping ? default : Trim(_buffer.AsMemory(_start, _end - _start));

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _start = _scanned = _end = 0;
    }

    private LineKind CutIfTooLong(ref ReadOnlyMemory<byte> line)
    {
        if (!_skipping && _end - _start <= maxLine)
        {
            return LineKind.None;
        }

        var first = !_skipping;
        if (first)
        {
            line = _buffer.AsMemory(_start, maxLine);
        }

        _skipping = true;
        _start = _scanned = _end;
        return first ? LineKind.Cut : LineKind.None;
    }

    private void MakeRoom()
    {
        var length = _end - _start;
        if (length > _buffer.Length / 2)
        {
            Replace((int)Math.Min(2L * _buffer.Length, Array.MaxLength));
            return;
        }

        _buffer.AsSpan(_start, length).CopyTo(_buffer);
        Moved(length);
    }

    private void Replace(int size)
    {
        var length = _end - _start;
        var larger = ArrayPool<byte>.Shared.Rent(size);
        _buffer.AsSpan(_start, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
        Moved(length);
    }

    private void Moved(int length)
    {
        _scanned -= _start;
        _start = 0;
        _end = length;
    }

    private static Memory<byte> Trim(Memory<byte> line)
    {
        if (line.Span.StartsWith(ByteOrderMark))
        {
            line = line[ByteOrderMark.Length..];
        }

        return line[..line.Span.TrimEnd(" \t\r"u8).Length];
    }
}
