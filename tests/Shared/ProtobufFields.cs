using System.Buffers.Binary;
using System.Text;

namespace NativeGateway.Shared;

/// <summary>
/// One message in the wire format of protocol buffers, read without a schema: what stands under which number. Written from the encoding's own
/// description (protobuf.dev, "Encoding"), so that it shares no mistake with the product's writer.
/// </summary>
internal sealed class ProtobufFields
{
    private readonly List<(int Number, ulong Value, byte[]? Bytes)> _fields = [];

    public ProtobufFields(ReadOnlySpan<byte> message)
    {
        while (!message.IsEmpty)
        {
            var tag = ReadVarint(ref message);
            var number = (int)(tag >> 3);
            switch (tag & 7)
            {
                case 0:
                    _fields.Add((number, ReadVarint(ref message), null));
                    break;
                case 1:
                    _fields.Add((number, BinaryPrimitives.ReadUInt64LittleEndian(message), null));
                    message = message[8..];
                    break;
                case 2:
                    var length = (int)ReadVarint(ref message);
                    _fields.Add((number, 0, message[..length].ToArray()));
                    message = message[length..];
                    break;
                case 5:
                    _fields.Add((number, BinaryPrimitives.ReadUInt32LittleEndian(message), null));
                    message = message[4..];
                    break;
                default:
                    throw new FormatException($"Wire type {tag & 7} of field {number}.");
            }
        }
    }

    /// <summary>The last number under it, as decoders have it; 0 for none.</summary>
    public ulong Number(int field) => _fields.LastOrDefault(one => one.Number == field).Value;

    public double Double(int field) => BitConverter.UInt64BitsToDouble(Number(field));

    public byte[] Bytes(int field) => _fields.LastOrDefault(one => one.Number == field).Bytes ?? [];

    public string Text(int field) => Encoding.UTF8.GetString(Bytes(field));

    public string Hex(int field) => Convert.ToHexStringLower(Bytes(field));

    public ProtobufFields Message(int field) => new(Bytes(field));

    public IReadOnlyList<ProtobufFields> Messages(int field) => [.. _fields.Where(one => one.Number == field).Select(one => new ProtobufFields(one.Bytes))];

    /// <summary>A packed list of 8-byte numbers.</summary>
    public IReadOnlyList<ulong> Packed(int field) => [.. Bytes(field).Chunk(8).Select(chunk => BinaryPrimitives.ReadUInt64LittleEndian(chunk))];

    private static ulong ReadVarint(ref ReadOnlySpan<byte> message)
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = message[0];
            message = message[1..];
            value |= (ulong)(next & 0x7F) << shift;
            if ((next & 0x80) == 0)
            {
                return value;
            }
        }
    }
}
