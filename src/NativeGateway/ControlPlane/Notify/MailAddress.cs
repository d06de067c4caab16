using System.Buffers;

namespace NativeGateway.ControlPlane.Notify;

/// <summary>
/// Addresses that alerts can be sent to and from: what RFC 5321 calls a mailbox, without its quoted form, comments and international names. So
/// nothing in one can end a line, a command or a header.
/// </summary>
internal static class MailAddress
{
    public const string Rule = "must be one e-mail address such as oncall@example.com";

    private const int Longest = 254, LongestLocalPart = 64;

    private static readonly SearchValues<char> LocalCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.!#$%&'*+/=?^_`{|}~-");

    public static bool IsOne(string text)
    {
        var at = text.LastIndexOf('@');
        if (at is < 1 or > LongestLocalPart || text.Length > Longest)
        {
            return false;
        }

        var domain = text[(at + 1)..];
        return !text.AsSpan(0, at).ContainsAnyExcept(LocalCharacters)
            && domain.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-')
            && Uri.CheckHostName(domain) is UriHostNameType.Dns or UriHostNameType.IPv4;
    }

    /// <summary>The address of a <c>mailto:</c> destination.</summary>
    public static string Of(Uri destination) => destination.OriginalString[(Uri.UriSchemeMailto.Length + 1)..];
}
