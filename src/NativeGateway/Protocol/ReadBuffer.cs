using System.Buffers;

namespace NativeGateway.Protocol;

/// <summary>
/// A pooled buffer that is filled at its end and consumed from its front. Positions within <see cref="Span"/> stay valid while it is filled,
/// references to its memory only until the next <see cref="GetMemory"/>. It may be filled again after it was disposed. One owner, not thread-safe.
/// </summary>
internal sealed class ReadBuffer(int size) : IDisposable
{
    private byte[] _buffer = [];
    private int _start;
    private int _end;

    public int Length => _end - _start;

    /// <summary>What was filled in and not consumed yet.</summary>
    public Span<byte> Span => _buffer.AsSpan(_start, Length);

    public Memory<byte> Memory => _buffer.AsMemory(_start, Length);

    /// <summary>Where the next bytes go; never empty.</summary>
    public Memory<byte> GetMemory()
    {
        if (_buffer.Length == 0)
        {
            Replace(Math.Max(size, 16));
        }
        else if (_start == _end)
        {
            _start = _end = 0;
            if (_buffer.Length > 4 * Math.Max(size, 16 * 1024))
            {
                // One long message must not hold its memory for the rest of a stream's life.
                Replace(size);
            }
        }
        else if (_end == _buffer.Length)
        {
            MakeRoom();
        }

        return _buffer.AsMemory(_end);
    }

    public void Advance(int count) => _end += count;

    public void Consume(int count) => _start += count;

    public void Dispose()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }

        _buffer = [];
        _start = _end = 0;
    }

    private void MakeRoom()
    {
        if (Length > _buffer.Length / 2)
        {
            Replace((int)Math.Min(2L * _buffer.Length, Array.MaxLength));
            return;
        }

        Span.CopyTo(_buffer);
        (_start, _end) = (0, Length);
    }

    private void Replace(int newSize)
    {
        var next = ArrayPool<byte>.Shared.Rent(newSize);
        Span.CopyTo(next);
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }

        (_buffer, _start, _end) = (next, 0, Length);
    }
}
