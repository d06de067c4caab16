using System.Buffers;

namespace NativeGateway.DataPlane.Transport;

/// <summary>
/// What was received from a socket and is not used up yet, in one piece. Holds memory only while there is something to hold, so that a connection
/// which waits costs none. On the loop's thread.
/// </summary>
/// <param name="maxBytes">It never holds more.</param>
internal sealed class LoopInput(LoopSocket socket, int maxBytes)
{
    private byte[] _buffer = [];
    private int _start;
    private int _end;

    public int Length => _end - _start;

    public bool IsFull => Length >= maxBytes;

    public ReadOnlySpan<byte> Span => _buffer.AsSpan(_start, Length);

    /// <summary>Valid until more than that is consumed or received.</summary>
    public ReadOnlyMemory<byte> Memory => _buffer.AsMemory(_start, Length);

    public void Consume(int count)
    {
        _start += count;
        if (_start == _end)
        {
            Release();
        }
    }

    /// <summary>Receives what is there: how many bytes, 0 at the end of the stream, or -1 when there is nothing at present. Must not be full.</summary>
    public int TryFill()
    {
        if (!socket.HasInput)
        {
            return -1;
        }

        if (_end == _buffer.Length)
        {
            MakeRoom();
        }

        var count = socket.TryReceive(_buffer.AsSpan(_end));
        _end += Math.Max(count, 0);
        if (_start == _end)
        {
            Release();
        }

        return count;
    }

    public void Release()
    {
        if (_buffer.Length == EventLoop.BufferSize)
        {
            socket.Loop.ReturnBuffer(_buffer);
        }
        else if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }

        (_buffer, _start, _end) = ([], 0, 0);
    }

    /// <summary>Moves what is held to the front, and into a larger buffer where that gains too little.</summary>
    private void MakeRoom()
    {
        var length = Length;
        var next = _buffer.Length == 0 ? socket.Loop.RentBuffer()
            : length > _buffer.Length / 2 ? ArrayPool<byte>.Shared.Rent(Math.Min(2 * _buffer.Length, maxBytes + 1))
            : _buffer;
        Span.CopyTo(next);
        if (next != _buffer)
        {
            Release();
            _buffer = next;
        }

        (_start, _end) = (0, length);
    }
}
