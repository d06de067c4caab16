using System.Buffers;
using System.Collections.Frozen;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Registry;

/// <summary>
/// What a registered upstream may consist of, whoever writes it (file, CLI, administration). Each rule answers what is wrong and what to do,
/// or null. Answers never repeat the value: URLs, headers and environments hold secrets.
/// </summary>
internal static class UpstreamRules
{
    public const int MaxEndpoints = 32;

    private const int MaxHeaderBytes = 8 * 1024;

    /// <summary>RFC 9110 section 5.6.2, "tchar".</summary>
    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

    /// <summary>Headers that every MCP client sets, so examples to paste often have them; harmless, but the gateway's own value counts.</summary>
    private static readonly FrozenSet<string> ClientHeaders = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase, "Accept", "Accept-Encoding", "Content-Type", "MCP-Protocol-Version");

    /// <summary>Headers that frame the message, belong to the connection or the caller, say something else than the request line, or carry the protocol.</summary>
    private static readonly FrozenSet<string> ForbiddenHeaders = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "Host", "Content-Length", "Content-Encoding", "Transfer-Encoding", "Connection", "Keep-Alive", "Upgrade", "TE", "Trailer", "Expect",
        "HTTP2-Settings", "Origin", "Referer", "Cookie", "Set-Cookie", "Forwarded", "Via", "X-Real-IP", "X-Client-IP",
        "True-Client-IP", "CF-Connecting-IP", "X-HTTP-Method-Override", "X-Original-URL", "X-Rewrite-URL", "Mcp-Session-Id", "Mcp-Method", "Mcp-Name",
        "Last-Event-ID", "traceparent", "tracestate");

    private static readonly string[] ForbiddenHeaderPrefixes = ["X-Forwarded-", "Mcp-Param-", "Proxy-", "Sec-"];

    public static string? Key(string key)
    {
        return ConfigRules.IsName(key)
            ? null
            : "a server's name is 1 to 32 letters, digits, hyphens and single underscores; it begins with a letter or digit and does not end with an underscore";
    }

    public static string? Prefix(string prefix)
    {
        return prefix.Length == 0 || ConfigRules.IsName(prefix)
            ? null
            : "a prefix obeys the rules of a server's name (1 to 32 letters, digits, hyphens, single underscores), or is empty to expose names as they are";
    }

    public static string? Url(string text, out Uri? url)
    {
        if (!IsPlain(text) || !Uri.TryCreate(text, UriKind.Absolute, out url) || url.Host.Length == 0)
        {
            url = null;
            return "must be an absolute URL that begins with http:// or https://, without spaces, backslashes or control characters";
        }

        var authority = text.AsSpan(SchemeLength(text));
        authority = authority.IndexOfAny('/', '?', '#') is var end and >= 0 ? authority[..end] : authority;
        if (authority.ContainsAnyExceptInRange('!', '~'))
        {
            // Some readers take "１２７.０.０.１" for an address, some for a name that nobody has.
            return "must name its host in ASCII; an international name is written as xn--…";
        }

        if (authority.Contains('@'))
        {
            return "must not hold a user name or password; use \"auth\": { \"type\": \"basic\", \"username\": …, \"password\": … } instead";
        }

        return url.Fragment.Length > 0 ? "must not end in a fragment (#…); remove it" : null;
    }

    public static string? HeaderName(string name)
    {
        if (name.Length is 0 or > 128 || name.AsSpan().ContainsAnyExcept(TokenCharacters))
        {
            return "is no header name: letters, digits and hyphens only (RFC 9110)";
        }

        return ForbiddenHeaders.Contains(name) || ForbiddenHeaderPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            ? "is a header of the connection or of the protocol, which the gateway sets itself; remove it"
            : null;
    }

    /// <summary>A header that is left out silently at best: the gateway sets it itself on every request.</summary>
    public static bool IsSetByGateway(string headerName) => ClientHeaders.Contains(headerName);

    public static string? HeaderValue(string value)
    {
        if (value.Length > MaxHeaderBytes)
        {
            return "is longer than 8 KB; no server accepts such a header";
        }

        return value.AsSpan().ContainsAnyExceptInRange(' ', '~') || value != value.Trim()
            ? "must be printable ASCII without spaces at its ends (no line breaks)"
            : null;
    }

    public static string? EnvironmentName(string name)
    {
        var isName = name is [(>= 'A' and <= 'Z') or (>= 'a' and <= 'z') or '_', ..] && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');
        return isName ? null : "is no name of an environment variable: letters, digits and underscores only, not beginning with a digit";
    }

    /// <summary>For a command, an argument, a directory or the value of an environment variable.</summary>
    public static string? ProcessText(string text) => text.Contains('\0') ? "must not contain a NUL character" : null;

    public static string? Command(string fileName)
    {
        return string.IsNullOrWhiteSpace(fileName) ? "must name a program, such as \"npx\" or a path" : ProcessText(fileName);
    }

    /// <summary>False where parsers disagree (http:/x, http:///x, backslashes, line breaks): one of them sees another host.</summary>
    private static bool IsPlain(string text)
    {
        var start = SchemeLength(text);
        return start > 0 && start < text.Length && text[start] != '/'
            && !text.AsSpan().ContainsAnyInRange('\0', ' ') && !text.AsSpan().ContainsAny('\\', '\u007f');
    }

    private static int SchemeLength(string text) =>
        text.StartsWith("https://", StringComparison.OrdinalIgnoreCase) ? "https://".Length
        : text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) ? "http://".Length
        : 0;
}
