using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace NativeGateway.Storage;

/// <summary>
/// Encrypts values before they reach SQL: AES-256-GCM, bound to the place they belong to, so that whoever can write to the database still
/// cannot read a secret by moving its ciphertext to a row of his own. Any thread.
/// </summary>
/// <remarks>Format: version (1), key id (8), nonce (12), tag (16), ciphertext. Version, key id and place are authenticated.</remarks>
internal sealed class SecretBox(EncryptionKey key)
{
    private const byte Version = 1;
    private const int KeyIdAt = 1;
    private const int NonceAt = 9;
    private const int TagAt = 21;
    private const int CipherAt = 37;

    /// <param name="purpose">What kind of value this is: a constant of the caller.</param>
    /// <param name="place">The row (and column) that the value belongs to.</param>
    public byte[] Seal(string purpose, string place, string value)
    {
        var plain = Encoding.UTF8.GetBytes(value);
        var box = new byte[CipherAt + plain.Length];
        box[0] = Version;
        key.Id.CopyTo(box.AsSpan(KeyIdAt));
        // Random nonces are safe for 2^32 values under one key, far beyond a registry.
        RandomNumberGenerator.Fill(box.AsSpan(NonceAt, TagAt - NonceAt));
        // One instance per call: AesGcm is not made for concurrent use, and this is no hot path.
        using var aes = new AesGcm(key.Bytes, CipherAt - TagAt);
        aes.Encrypt(box.AsSpan(NonceAt, TagAt - NonceAt), plain, box.AsSpan(CipherAt), box.AsSpan(TagAt, CipherAt - TagAt), Bind(box, purpose, place));
        return box;
    }

    /// <exception cref="StoreConfigurationException">Another key, another place, or altered bytes.</exception>
    public string Open(string purpose, string place, ReadOnlySpan<byte> box)
    {
        if (box.Length < CipherAt || box[0] != Version)
        {
            throw new StoreConfigurationException(
                $"The stored secret {purpose} {place} has a format that this version does not know. Use the version that wrote it, or restore a backup.");
        }
        var keyId = box[KeyIdAt..NonceAt];
        if (!keyId.SequenceEqual(key.Id))
        {
            throw new StoreConfigurationException(
                $"The database was encrypted with key {Convert.ToHexStringLower(keyId)}, but {key.Origin} holds key {Convert.ToHexStringLower(key.Id)}. "
                + $"Put the former {EncryptionKey.FileName} back into the data directory, or its content into {EncryptionKey.EnvironmentVariable}; "
                + "every process that shares a database needs the same key.");
        }
        var plain = new byte[box.Length - CipherAt];
        try
        {
            using var aes = new AesGcm(key.Bytes, CipherAt - TagAt);
            aes.Decrypt(box[NonceAt..TagAt], box[CipherAt..], box[TagAt..CipherAt], plain, Bind(box, purpose, place));
        }
        catch (AuthenticationTagMismatchException e)
        {
            throw new StoreConfigurationException(
                $"The stored secret {purpose} {place} was altered or belongs to another row. Enter it again, or restore a backup.", e);
        }
        return Encoding.UTF8.GetString(plain);
    }

    private static byte[] Bind(ReadOnlySpan<byte> box, string purpose, string place)
    {
        var head = box[..NonceAt];
        var bound = new byte[head.Length + sizeof(int) + Encoding.UTF8.GetByteCount(purpose) + Encoding.UTF8.GetByteCount(place)];
        head.CopyTo(bound);
        // The length keeps "ab" + "c" apart from "a" + "bc".
        BinaryPrimitives.WriteInt32LittleEndian(bound.AsSpan(head.Length), purpose.Length);
        var at = head.Length + sizeof(int);
        at += Encoding.UTF8.GetBytes(purpose, bound.AsSpan(at));
        Encoding.UTF8.GetBytes(place, bound.AsSpan(at));
        return bound;
    }
}
