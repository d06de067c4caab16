using System.Buffers.Binary;
using System.Text;

namespace NativeGateway.Telemetry.Otlp;

/// <summary>
/// Writes the wire format of protocol buffers, as much of it as OTLP takes. The length of a nested message stands before it and is known after it, so
/// four bytes are kept free for it: a varint may be longer than it has to be. Reused for one message after the other; not thread-safe.
/// </summary>
internal sealed class ProtobufWriter
{
    private const int Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32Bits = 5;

    private const int LengthBytes = 4;

    private byte[] _buffer = new byte[4 * 1024];

    /// <summary>What was written since <see cref="Clear"/>.</summary>
    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Written => _buffer.AsMemory(0, Length);

    public void Clear() => Length = 0;

    /// <summary>Begins a nested message; <see cref="End"/> takes what this returns.</summary>
    public int Begin(int field)
    {
        Tag(field, Bytes);
        Reserve(LengthBytes);
        Length += LengthBytes;
        return Length;
    }

    /// <param name="start">From <see cref="Begin"/>.</param>
    public void End(int start)
    {
        var length = (uint)(Length - start);
        for (var i = 0; i < LengthBytes; i++, length >>= 7)
        {
            _buffer[start - LengthBytes + i] = (byte)((length & 0x7F) | (i < LengthBytes - 1 ? 0x80u : 0));
        }
    }

    public void Text(int field, ReadOnlySpan<char> text)
    {
        Tag(field, Bytes);
        var length = Encoding.UTF8.GetByteCount(text);
        Raw((ulong)length);
        Reserve(length);
        Length += Encoding.UTF8.GetBytes(text, _buffer.AsSpan(Length));
    }

    public void Utf8(int field, ReadOnlySpan<byte> bytes)
    {
        Tag(field, Bytes);
        Raw((ulong)bytes.Length);
        Reserve(bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(Length));
        Length += bytes.Length;
    }

    /// <summary>8 bytes, or 16 of two numbers, most significant first: ids of spans and traces.</summary>
    public void Id(int field, ulong high, ulong? low = null)
    {
        Span<byte> id = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(id, high);
        BinaryPrimitives.WriteUInt64BigEndian(id[8..], low ?? 0);
        Utf8(field, low is null ? id[..8] : id);
    }

    /// <summary>Also for booleans, enumerations and signed numbers without zigzag.</summary>
    public void Number(int field, long value)
    {
        Tag(field, Varint);
        Raw((ulong)value);
    }

    public void Fixed(int field, ulong value)
    {
        Tag(field, Fixed64);
        Put(value);
    }

    public void Fixed32(int field, uint value)
    {
        Tag(field, Fixed32Bits);
        Reserve(sizeof(uint));
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer.AsSpan(Length), value);
        Length += sizeof(uint);
    }

    public void Double(int field, double value) => Fixed(field, BitConverter.DoubleToUInt64Bits(value));

    /// <summary>A packed <c>repeated double</c>.</summary>
    public void Doubles(int field, ReadOnlySpan<double> values)
    {
        Tag(field, Bytes);
        Raw((ulong)values.Length * sizeof(double));
        foreach (var value in values)
        {
            Put(BitConverter.DoubleToUInt64Bits(value));
        }
    }

    /// <summary>A packed <c>repeated fixed64</c>.</summary>
    public void Counts(int field, ReadOnlySpan<long> values)
    {
        Tag(field, Bytes);
        Raw((ulong)values.Length * sizeof(long));
        foreach (var value in values)
        {
            Put((ulong)value);
        }
    }

    private void Tag(int field, int wireType) => Raw((ulong)(uint)(field << 3 | wireType));

    private void Raw(ulong value)
    {
        Reserve(10);
        while (value > 0x7F)
        {
            _buffer[Length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        _buffer[Length++] = (byte)value;
    }

    private void Put(ulong value)
    {
        Reserve(sizeof(ulong));
        BinaryPrimitives.WriteUInt64LittleEndian(_buffer.AsSpan(Length), value);
        Length += sizeof(ulong);
    }

    private void Reserve(int bytes)
    {
        if (_buffer.Length - Length < bytes)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, Length + bytes));
        }
    }
}
