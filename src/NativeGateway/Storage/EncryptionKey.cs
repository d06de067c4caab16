using System.Security.Cryptography;

namespace NativeGateway.Storage;

/// <summary>
/// The 256-bit key that secrets are encrypted with at rest, and that keys for other purposes are derived from: from the environment or from a file
/// in the data directory that is created at first start. All processes that share a database need the same one.
/// </summary>
internal sealed class EncryptionKey
{
    public const string EnvironmentVariable = "NATIVE_GATEWAY_ENCRYPTION_KEY";
    public const string FileName = "encryption.key";
    private const int Length = 32;
    private const int IdLength = 8;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode NotOwner = (UnixFileMode)0b000_111_111;

    private readonly byte[] _bytes;
    private readonly byte[] _id;

    private EncryptionKey(byte[] bytes, string origin)
    {
        _bytes = bytes;
        _id = SHA256.HashData(bytes)[..IdLength];
        Origin = origin;
    }

    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Tells keys apart without giving anything of them away.</summary>
    public ReadOnlySpan<byte> Id => _id;

    /// <summary>Where the key was found, for messages.</summary>
    public string Origin { get; }

    /// <summary>
    /// A key for one other purpose (HKDF-SHA-256, RFC 5869), 32 bytes. The same in every process that has this key; says nothing about it, nor
    /// about the keys for other purposes.
    /// </summary>
    public byte[] Derive(string purpose) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, _bytes, Length, salt: null, info: System.Text.Encoding.UTF8.GetBytes(purpose));

    /// <param name="environmentValue">The value of <see cref="EnvironmentVariable"/>, which beats the file.</param>
    public static EncryptionKey LoadOrCreate(string dataDirectory, string? environmentValue)
    {
        if (!string.IsNullOrWhiteSpace(environmentValue))
        {
            return Parse(environmentValue, EnvironmentVariable);
        }
        var path = Path.GetFullPath(Path.Combine(dataDirectory, FileName));
        try
        {
            if (!File.Exists(path))
            {
                CreateFile(path);
            }
            return ReadFile(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreConfigurationException(
                $"The encryption key file {path} cannot be read or created. Make its directory writable for this user, "
                + $"or set {EnvironmentVariable}. ({e.Message})", e);
        }
    }

    /// <summary>32 bytes, in base64 or in hexadecimal digits.</summary>
    public static EncryptionKey Parse(string text, string origin)
    {
        text = text.Trim();
        if (text.Length == Length * 2 && text.All(char.IsAsciiHexDigit))
        {
            return new EncryptionKey(Convert.FromHexString(text), origin);
        }
        var bytes = new byte[Length + 3];
        if (Convert.TryFromBase64String(text, bytes, out var written) && written == Length)
        {
            return new EncryptionKey(bytes[..Length], origin);
        }
        throw new StoreConfigurationException(
            $"The encryption key in {origin} is not 32 bytes in base64 or hexadecimal. Make one with: openssl rand -base64 32");
    }

    private static EncryptionKey ReadFile(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        // Asked of the open file, so that it cannot be exchanged between the check and the reading.
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file.SafeFileHandle) & NotOwner) != UnixFileMode.None)
        {
            throw new StoreConfigurationException(
                $"The encryption key file {path} is open to other users. Run: chmod 600 {path} — and if others may have read it, treat the stored secrets as known.");
        }
        using var reader = new StreamReader(file);
        return Parse(reader.ReadToEnd(), path);
    }

    /// <summary>Of two processes that start at once, one wins and both read the winner's.</summary>
    private static void CreateFile(string path)
    {
        CreateDirectory(Path.GetDirectoryName(path)!);
        using var draft = new DraftFile(path);
        draft.Content.Write(System.Text.Encoding.ASCII.GetBytes(Convert.ToBase64String(RandomNumberGenerator.GetBytes(Length)) + "\n"));
        draft.TryPublish(replaces: false);
    }

    private static void CreateDirectory(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory);
        }
        else
        {
            Directory.CreateDirectory(directory, OwnerOnly | UnixFileMode.UserExecute);
        }
    }
}
