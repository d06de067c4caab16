using System.Buffers;
using System.Text;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>Bytes on their way to an upstream, in one piece of pooled memory that grows.</summary>
internal sealed class WireBuffer : IBufferWriter<byte>, IDisposable
{
    private const int FirstSize = 4 * 1024;

    private byte[] _array = [];
    private int _written;

    public ReadOnlyMemory<byte> Written => _array.AsMemory(0, _written);

    public void Advance(int count) => _written += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(1, sizeHint));
        return _array.AsMemory(_written);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(Math.Max(1, sizeHint));
        return _array.AsSpan(_written);
    }

    public void WriteAscii(string text)
    {
        Reserve(text.Length);
        _written += Encoding.ASCII.GetBytes(text, _array.AsSpan(_written));
    }

    public void Dispose()
    {
        if (_array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_array);
        }

        (_array, _written) = ([], 0);
    }

    private void Reserve(int count)
    {
        if (_array.Length - _written >= count)
        {
            return;
        }

        var next = ArrayPool<byte>.Shared.Rent(Math.Max(_written + count, Math.Max(FirstSize, 2 * _array.Length)));
        Written.Span.CopyTo(next);
        if (_array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_array);
        }

        _array = next;
    }
}
