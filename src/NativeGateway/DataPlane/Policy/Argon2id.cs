using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace NativeGateway.DataPlane.Policy;

/// <summary>What a check of a secret against a stored hash found.</summary>
internal enum Argon2Result
{
    Match,
    Mismatch,

    /// <summary>The stored text is no Argon2id hash, or one that asks for more than this gateway will spend.</summary>
    BadHash,

    /// <summary>Nothing is known about the secret: the memory for the check could not be had.</summary>
    OutOfMemory,
}

/// <summary>
/// Argon2id (RFC 9106) by the reference implementation, with hashes in PHC string form. Every call costs tens of milliseconds and the memory
/// that the hash names, so it belongs on the threads of <see cref="SecretVerifier"/> or into a command.
/// </summary>
internal static partial class Argon2id
{
    /// <summary>OWASP's recommendation for services; the hash carries its parameters, so a later choice does not break stored keys.</summary>
    private const uint MemoryKiB = 19 * 1024;
    private const uint Passes = 2;
    private const uint Lanes = 1;

    private const int SaltLength = 16;
    private const int HashLength = 32;

    private const uint MaxMemoryKiB = 256 * 1024;
    private const uint MaxPasses = 16;
    private const uint MaxLanes = 16;
    private const int MaxEncodedLength = 512;

    /// <summary><c>M_MMAP_THRESHOLD</c> of glibc's <c>mallopt</c>: blocks of at least so many bytes go back to the system when they are freed.</summary>
    private const int MapThreshold = -3;
    private const int MapFromBytes = 1024 * 1024;

    /// <summary>
    /// Left alone, glibc raises the threshold to what was freed last, and from then on every thread that ever hashed keeps its 19 MiB.
    /// </summary>
    static Argon2id() => _ = SetAllocation(MapThreshold, MapFromBytes);

    private const int MemoryAllocationError = -22;
    private const int VerifyMismatch = -35;

    /// <summary>Costs as much to check as a hash that <see cref="Hash"/> makes, and no secret is known to match it.</summary>
    public static readonly string Decoy = string.Create(
        CultureInfo.InvariantCulture,
        $"$argon2id$v=19$m={MemoryKiB},t={Passes},p={Lanes}${new string('A', (SaltLength * 8 + 5) / 6)}${new string('A', (HashLength * 8 + 5) / 6)}");

    /// <summary>A PHC string with a fresh salt.</summary>
    public static unsafe string Hash(ReadOnlySpan<byte> secret)
    {
        Span<byte> salt = stackalloc byte[SaltLength];
        RandomNumberGenerator.Fill(salt);
        Span<byte> encoded = stackalloc byte[MaxEncodedLength];
        fixed (byte* secretStart = secret, saltStart = salt, encodedStart = encoded)
        {
            var code = HashEncoded(
                Passes, MemoryKiB, Lanes, secretStart, (nuint)secret.Length, saltStart, SaltLength, HashLength, encodedStart, MaxEncodedLength);
            if (code != 0)
            {
                throw new InvalidOperationException($"Argon2id failed with code {code.ToString(CultureInfo.InvariantCulture)}.");
            }
        }

        return Encoding.ASCII.GetString(encoded[..encoded.IndexOf((byte)0)]);
    }

    public static unsafe Argon2Result Verify(string hash, ReadOnlySpan<byte> secret)
    {
        if (!IsAcceptable(hash))
        {
            return Argon2Result.BadHash;
        }

        Span<byte> encoded = stackalloc byte[MaxEncodedLength];
        encoded[Encoding.ASCII.GetBytes(hash, encoded)] = 0;
        fixed (byte* encodedStart = encoded, secretStart = secret)
        {
            return Verify(encodedStart, secretStart, (nuint)secret.Length) switch
            {
                0 => Argon2Result.Match,
                VerifyMismatch => Argon2Result.Mismatch,
                MemoryAllocationError => Argon2Result.OutOfMemory,
                _ => Argon2Result.BadHash,
            };
        }
    }

    /// <summary>Whether a text has the form <c>$argon2id$v=19$m=…,t=…,p=…$salt$hash</c> with parameters that may be spent on a request.</summary>
    public static bool IsAcceptable(string hash)
    {
        var parts = hash.Split('$');
        if (hash.Length >= MaxEncodedLength || !Ascii.IsValid(hash) || parts.Length != 6 || parts[0].Length != 0 || parts[1] != "argon2id" || parts[2] != "v=19")
        {
            return false;
        }

        var parameters = parts[3].Split(',');
        return parameters.Length == 3
            && TryRead(parameters[0], "m=", out var memory) && memory <= MaxMemoryKiB
            && TryRead(parameters[1], "t=", out var passes) && passes is > 0 and <= MaxPasses
            && TryRead(parameters[2], "p=", out var lanes) && lanes is > 0 and <= MaxLanes
            && memory >= 8 * lanes;
    }

    private static bool TryRead(string parameter, string name, out uint value)
    {
        value = 0;
        return parameter.StartsWith(name, StringComparison.Ordinal)
            && uint.TryParse(parameter.AsSpan(name.Length), NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetAllocation(int option, int value);

    [LibraryImport("argon2", EntryPoint = "argon2id_hash_encoded")]
    private static unsafe partial int HashEncoded(
        uint passes, uint memoryKiB, uint lanes, byte* secret, nuint secretLength, byte* salt, nuint saltLength, nuint hashLength, byte* encoded, nuint encodedLength);

    [LibraryImport("argon2", EntryPoint = "argon2id_verify")]
    private static unsafe partial int Verify(byte* encoded, byte* secret, nuint secretLength);
}
