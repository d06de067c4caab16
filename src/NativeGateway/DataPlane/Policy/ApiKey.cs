using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace NativeGateway.DataPlane.Policy;

/// <summary>
/// The text of a key, and the only place that knows its form: <c>ngw_</c>, 12 characters of id, <c>_</c>, 43 characters of secret (256 bits),
/// 6 characters of checksum (CRC-32 of everything before), all base62. The checksum refuses slips of the pen without any look-up; it is no secret.
/// </summary>
internal readonly ref struct ApiKey
{
    public const int IdLength = 12;

    private const int SecretLength = 43;
    private const int ChecksumLength = 6;
    private const int SecretStart = 4 + IdLength + 1;
    private const int ChecksumStart = SecretStart + SecretLength;
    public const int Length = ChecksumStart + ChecksumLength;

    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    private static readonly SearchValues<byte> Allowed = SearchValues.Create(Encoding.ASCII.GetBytes(Alphabet));

    private ApiKey(ReadOnlySpan<byte> text)
    {
        Id = text.Slice(4, IdLength);
        Secret = text.Slice(SecretStart, SecretLength);
    }

    /// <summary>Public: may be shown and logged.</summary>
    public ReadOnlySpan<byte> Id { get; }

    /// <summary>What Argon2id is computed of.</summary>
    public ReadOnlySpan<byte> Secret { get; }

    /// <summary>A new key from the system's random source.</summary>
    /// <param name="id">Null for a new one; an existing key's id gives that key a new secret.</param>
    public static NewApiKey Create(string? id = null)
    {
        Span<byte> secret = stackalloc byte[32];
        RandomNumberGenerator.Fill(secret);

        Span<byte> text = stackalloc byte[Length];
        "ngw_"u8.CopyTo(text);
        Encoding.ASCII.GetBytes(id ?? RandomNumberGenerator.GetString(Alphabet, IdLength), text[4..]);
        text[SecretStart - 1] = (byte)'_';
        WriteBase62(secret, text.Slice(SecretStart, SecretLength));
        WriteChecksum(text[..ChecksumStart], text[ChecksumStart..]);

        var key = new ApiKey(text);
        return new NewApiKey(Encoding.ASCII.GetString(text), Encoding.ASCII.GetString(key.Id), key.Secret.ToArray());
    }

    /// <summary>False for anything but the exact form with the right checksum.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ApiKey key)
    {
        key = default;
        if (text.Length != Length || !text.StartsWith("ngw_"u8) || text[SecretStart - 1] != '_'
            || text.Slice(4, IdLength).ContainsAnyExcept(Allowed) || text[SecretStart..].ContainsAnyExcept(Allowed))
        {
            return false;
        }

        Span<byte> checksum = stackalloc byte[ChecksumLength];
        WriteChecksum(text[..ChecksumStart], checksum);
        if (!text[ChecksumStart..].SequenceEqual(checksum))
        {
            return false;
        }

        key = new ApiKey(text);
        return true;
    }

    /// <summary>SHA-256 of a whole key's text: what stands for keys that the configuration file holds in clear anyway.</summary>
    public static byte[] Digest(ReadOnlySpan<byte> text) => SHA256.HashData(text);

    private static void WriteChecksum(ReadOnlySpan<byte> text, Span<byte> destination)
    {
        var rest = Crc32.Compute(text);
        for (var i = destination.Length - 1; i >= 0; i--)
        {
            (rest, var digit) = Math.DivRem(rest, 62u);
            destination[i] = (byte)Alphabet[(int)digit];
        }
    }

    /// <summary>The number that the bytes are (big endian) in base 62, with leading zeros. Destroys the bytes.</summary>
    private static void WriteBase62(Span<byte> number, Span<byte> destination)
    {
        for (var i = destination.Length - 1; i >= 0; i--)
        {
            var remainder = 0;
            foreach (ref var digit in number)
            {
                (var quotient, remainder) = Math.DivRem((remainder << 8) | digit, 62);
                digit = (byte)quotient;
            }

            destination[i] = (byte)Alphabet[remainder];
        }
    }
}

/// <summary>A key that was just made.</summary>
/// <param name="Text">The whole key, to be shown once.</param>
/// <param name="Secret">The part that is hashed for storage, by <see cref="Argon2id.Hash"/>.</param>
internal sealed record NewApiKey(string Text, string Id, byte[] Secret)
{
    /// <summary>Not what a record prints by itself: a secret must not reach a log by accident.</summary>
    public override string ToString() => $"key {Id}";
}
