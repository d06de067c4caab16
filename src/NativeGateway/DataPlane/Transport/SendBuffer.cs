using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace NativeGateway.DataPlane.Transport;

/// <summary>Bytes that gather to be sent in one piece, in pooled memory that grows. Holds none between <see cref="Release"/> and the next write.</summary>
internal sealed class SendBuffer : IBufferWriter<byte>
{
    private const int FirstSize = 4 * 1024;

    private byte[] _array = [];

    /// <summary>Bytes written; may be set back, or forward over what <see cref="Reserve"/> made room for.</summary>
    public int Length { get; set; }

    public ReadOnlyMemory<byte> Written => _array.AsMemory(0, Length);

    /// <summary>What was written, and what room was made for.</summary>
    public Span<byte> Span => _array;

    public void Advance(int count) => Length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(1, sizeHint));
        return _array.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(Math.Max(1, sizeHint));
        return _array.AsSpan(Length);
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_array.AsSpan(Length));
        Length += bytes.Length;
    }

    public void WriteAscii(string text)
    {
        Reserve(text.Length);
        Length += Encoding.ASCII.GetBytes(text, _array.AsSpan(Length));
    }

    /// <summary>In decimal digits.</summary>
    public void Write(int number)
    {
        Reserve(11);
        Utf8Formatter.TryFormat(number, _array.AsSpan(Length), out var digits);
        Length += digits;
    }

    /// <summary>Makes room for so many bytes more.</summary>
    public void Reserve(int count)
    {
        if (_array.Length - Length >= count)
        {
            return;
        }

        var next = ArrayPool<byte>.Shared.Rent(Math.Max(Length + count, Math.Max(FirstSize, 2 * _array.Length)));
        Written.Span.CopyTo(next);
        Return();
        _array = next;
    }

    public void Release()
    {
        Return();
        (_array, Length) = ([], 0);
    }

    private void Return()
    {
        if (_array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_array);
        }
    }
}
