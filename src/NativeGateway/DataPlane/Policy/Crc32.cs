namespace NativeGateway.DataPlane.Policy;

/// <summary>CRC-32 as in zip and Ethernet (ISO-HDLC, reflected polynomial EDB88320), eight bytes at a time.</summary>
internal static class Crc32
{
    private static readonly uint[][] Tables = BuildTables();

    public static uint Compute(ReadOnlySpan<byte> bytes)
    {
        var tables = Tables;
        var crc = uint.MaxValue;
        while (bytes.Length >= 8)
        {
            crc ^= System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            crc = tables[7][(byte)crc] ^ tables[6][(byte)(crc >> 8)] ^ tables[5][(byte)(crc >> 16)] ^ tables[4][crc >> 24]
                ^ tables[3][bytes[4]] ^ tables[2][bytes[5]] ^ tables[1][bytes[6]] ^ tables[0][bytes[7]];
            bytes = bytes[8..];
        }

        foreach (var value in bytes)
        {
            crc = tables[0][(byte)(crc ^ value)] ^ (crc >> 8);
        }

        return ~crc;
    }

    private static uint[][] BuildTables()
    {
        var tables = new uint[8][];
        for (var slice = 0; slice < tables.Length; slice++)
        {
            tables[slice] = new uint[256];
            for (var i = 0u; i < 256; i++)
            {
                tables[slice][i] = slice == 0 ? Shift(i) : tables[0][(byte)tables[slice - 1][i]] ^ (tables[slice - 1][i] >> 8);
            }
        }

        return tables;
    }

    private static uint Shift(uint value)
    {
        for (var bit = 0; bit < 8; bit++)
        {
            value = (value & 1) != 0 ? 0xEDB88320 ^ (value >> 1) : value >> 1;
        }

        return value;
    }
}
