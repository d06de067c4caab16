namespace NativeGateway.ControlPlane.Users;

/// <summary>
/// E-mail addresses as accounts are named by them: in lower case, ASCII, without quotes and comments (RFC 5321, 4.1.2 knows more, people do not use
/// it). Lookalikes in other scripts would be other accounts.
/// </summary>
internal static class EmailAddress
{
    public const string Rule = "must be an e-mail address such as ann@example.com";

    private const int Longest = 254;
    private const int LongestLocalPart = 64;
    private const string Marks = ".!#$%&'*+/=?^_`{|}~-";

    /// <summary>Null for what is none.</summary>
    public static string? Parse(string text)
    {
        var address = text.Trim().ToLowerInvariant();
        var at = address.IndexOf('@', StringComparison.Ordinal);
        return address.Length <= Longest && at is > 0 and <= LongestLocalPart && IsLocalPart(address[..at]) && IsDomain(address[(at + 1)..]) ? address : null;
    }

    private static bool IsLocalPart(string text) =>
        text.All(c => char.IsAsciiLetterOrDigit(c) || Marks.Contains(c, StringComparison.Ordinal))
        && text[0] != '.' && text[^1] != '.' && !text.Contains("..", StringComparison.Ordinal);

    private static bool IsDomain(string text) => Array.TrueForAll(
        text.Split('.'), label => label.Length is > 0 and < 64 && label.All(c => char.IsAsciiLetterOrDigit(c) || c == '-') && label[0] != '-' && label[^1] != '-');
}
