using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace NativeGateway.ControlPlane.Users;

/// <summary>
/// A secret of 256 random bits that the gateway gives out and keeps only as SHA-256: an invitation's <c>ngi_…</c> or a session's <c>ngs_…</c>. What
/// nobody can guess needs no slow hash.
/// </summary>
/// <param name="Text">To be shown once.</param>
internal sealed record SecretToken(string Text, byte[] Hash)
{
    public const string Invitation = "ngi_";
    public const string Session = "ngs_";

    private const int SecretBytes = 32;

    /// <param name="prefix">What it is for.</param>
    public static SecretToken Create(string prefix)
    {
        var text = prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));
        return new SecretToken(text, SHA256.HashData(Encoding.ASCII.GetBytes(text)));
    }

    /// <summary>Null for what has not the form of such a token.</summary>
    public static byte[]? HashOf(string prefix, string text) =>
        text.Length == prefix.Length + Base64Url.GetEncodedLength(SecretBytes)
        && text.StartsWith(prefix, StringComparison.Ordinal) && Base64Url.IsValid(text.AsSpan(prefix.Length))
            ? SHA256.HashData(Encoding.ASCII.GetBytes(text))
            : null;

    /// <summary>Not what a record prints by itself: a secret must not reach a log by accident.</summary>
    public override string ToString() => "token";
}
