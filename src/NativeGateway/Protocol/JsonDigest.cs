using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace NativeGateway.Protocol;

/// <summary>
/// A digest of what a JSON value says, whatever its spacing, the order of its members and the escapes in its texts: clients write the same
/// arguments differently when they send them a second time. Numbers count as they are written.
/// </summary>
internal static class JsonDigest
{
    public const int Length = SHA256.HashSizeInBytes;

    /// <param name="json">One complete, valid value.</param>
    public static byte[] Of(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = RpcReader.MaxDepth });
        reader.Read();
        return OfCurrent(ref reader);
    }

    /// <summary>The value that the reader stands on; moves it to the value's last token.</summary>
    private static byte[] OfCurrent(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return OfObject(ref reader);
            case JsonTokenType.StartArray:
                return OfArray(ref reader);
            case JsonTokenType.String:
                return Hash('s', TextOf(ref reader));
            default:
                return Hash('v', reader.ValueSpan);
        }
    }

    private static byte[] OfObject(ref Utf8JsonReader reader)
    {
        var members = new List<byte[]>();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = Hash('n', TextOf(ref reader));
            reader.Read();
            members.Add(Hash('m', [.. name, .. OfCurrent(ref reader)]));
        }

        members.Sort(static (one, other) => one.AsSpan().SequenceCompareTo(other));
        return HashAll('o', members);
    }

    private static byte[] OfArray(ref Utf8JsonReader reader)
    {
        var elements = new List<byte[]>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            elements.Add(OfCurrent(ref reader));
        }

        return HashAll('a', elements);
    }

    private static byte[] Hash(char kind, ReadOnlySpan<byte> content)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData([(byte)kind]);
        hash.AppendData(content);
        return hash.GetHashAndReset();
    }

    private static byte[] HashAll(char kind, List<byte[]> parts)
    {
        Span<byte> count = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(count, parts.Count);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData([(byte)kind]);
        hash.AppendData(count);
        foreach (var part in parts)
        {
            hash.AppendData(part);
        }

        return hash.GetHashAndReset();
    }

    /// <summary>Unescaped; a text with half of an escaped surrogate pair has no characters, so it counts as it is written.</summary>
    private static ReadOnlySpan<byte> TextOf(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
        {
            return reader.ValueSpan;
        }

        try
        {
            return Encoding.UTF8.GetBytes(reader.GetString()!);
        }
        catch (InvalidOperationException)
        {
            return reader.ValueSpan;
        }
    }
}
