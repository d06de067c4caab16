using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace NativeGateway.DataPlane.Sessions;

/// <summary>
/// Seals what has to travel through a client and back: unreadable, unalterable, and of no use with another binding (AES-256-GCM; the binding
/// is its associated data). Whoever holds another key, or another byte, learns nothing but "no". Thread-safe.
/// </summary>
/// <remarks>
/// Format: version (1), salt (16), nonce (12), ciphertext, tag (16), as base64url. Each seal has a key of its own, made of the key and the salt: the
/// key lives for years, and random nonces alone are good for 2^32 seals.
/// </remarks>
/// <param name="key">32 random bytes. Processes that shall understand each other's seals share it.</param>
internal sealed class StateSeal(ReadOnlyMemory<byte> key)
{
    private static readonly SearchValues<byte> Alphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"u8);

    private const byte Version = 2;
    private const int SaltAt = 1;
    private const int NonceAt = 17;
    private const int CipherAt = 29;
    private const int TagLength = 16;
    private const int Overhead = CipherAt + TagLength;

    /// <summary>Letters of the seal of so many bytes.</summary>
    public static int LengthOf(int plain) => Base64Url.GetEncodedLength(Overhead + plain);

    /// <summary>The sealed text as URL-safe base64 without padding, so that it needs no escaping in JSON.</summary>
    public byte[] Seal(ReadOnlySpan<byte> plain, ReadOnlySpan<byte> binding)
    {
        var whole = new byte[Overhead + plain.Length];
        whole[0] = Version;
        RandomNumberGenerator.Fill(whole.AsSpan(SaltAt, CipherAt - SaltAt));
        using var cipher = CipherOf(whole);
        cipher.Encrypt(whole.AsSpan(NonceAt, CipherAt - NonceAt), plain, whole.AsSpan(CipherAt, plain.Length), whole.AsSpan(^TagLength..), binding);
        var text = new byte[Base64Url.GetEncodedLength(whole.Length)];
        Base64Url.EncodeToUtf8(whole, text);
        return text;
    }

    /// <summary>What was sealed, or null for anything that is not, to the last byte, a seal of this key with this binding.</summary>
    public byte[]? Open(ReadOnlySpan<byte> text, ReadOnlySpan<byte> binding)
    {
        if (Decode(text) is not { } whole || whole.Length < Overhead || whole[0] != Version)
        {
            return null;
        }

        var plain = new byte[whole.Length - Overhead];
        using var cipher = CipherOf(whole);
        try
        {
            cipher.Decrypt(whole.AsSpan(NonceAt, CipherAt - NonceAt), whole.AsSpan(CipherAt, plain.Length), whole.AsSpan(^TagLength..), plain, binding);
            return plain;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private AesGcm CipherOf(ReadOnlySpan<byte> whole)
    {
        Span<byte> own = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key.Span, whole[SaltAt..NonceAt], own);
        return new AesGcm(own, TagLength);
    }

    /// <summary>Decoders forgive padding, spaces and unused bits at the end. A text that does not encode back to itself is not one of ours.</summary>
    private static byte[]? Decode(ReadOnlySpan<byte> text)
    {
        if (text.ContainsAnyExcept(Alphabet) || text.Length % 4 == 1)
        {
            return null;
        }

        var whole = new byte[Base64Url.GetMaxDecodedLength(text.Length)];
        if (Base64Url.DecodeFromUtf8(text, whole, out _, out var length) != OperationStatus.Done)
        {
            return null;
        }

        var again = new byte[Base64Url.GetEncodedLength(length)];
        Base64Url.EncodeToUtf8(whole.AsSpan(0, length), again);
        return text.SequenceEqual(again) ? whole[..length] : null;
    }
}
