using System.Buffers;

namespace NativeGateway.Model;

/// <summary>
/// What configuration must obey to be compiled. Each rule adds sentences that name the place and say what to do, and never a secret.
/// Rules about where an upstream may be (private addresses, commands) are not here: they depend on who wrote it.
/// </summary>
internal static class ConfigRules
{
    private const int MaxNameLength = 32;

    /// <summary>Upper bound of both numbers of a limit: more than one process can serve, and far from the edges of the arithmetic of buckets.</summary>
    public const int MaxLimit = 10_000_000;

    private const int MaxConcurrent = 1_000_000;

    /// <summary>So that the sum of all calls of a year fits into 64 bits of millionths.</summary>
    private const decimal MaxCost = 1000;

    /// <summary>So that sums of millionths stay far from the edge of 64 bits.</summary>
    public const decimal MaxSpend = 1_000_000_000;

    private static readonly TimeSpan MaxTimeout = TimeSpan.FromHours(1);

    private static readonly SearchValues<char> NameLetters =
        SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_");

    private static readonly SearchValues<char> TokenLetters =
        SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&'*+-.^_`|~");

    /// <summary>
    /// Whether a text can be an upstream's key or prefix: ASCII letters, digits, hyphens and single underscores, beginning with a letter or digit
    /// and not ending with an underscore, so that the first <c>__</c> of an exposed name is always the one that ends the prefix.
    /// </summary>
    public static bool IsName(string text) =>
        text.Length is > 0 and <= MaxNameLength
        && !text.AsSpan().ContainsAnyExcept(NameLetters)
        && char.IsAsciiLetterOrDigit(text[0])
        && text[^1] != '_'
        && !text.Contains("__", StringComparison.Ordinal);

    public static void CheckUpstream(UpstreamConfig upstream, string place, List<string> faults)
    {
        if (!IsName(upstream.Key))
        {
            faults.Add($"{place}: the name must have 1 to {MaxNameLength} letters, digits, '-' or single '_', begin with a letter or digit and not end with '_'; rename the server.");
        }

        if (upstream.Prefix is { Length: > 0 } prefix && !IsName(prefix))
        {
            faults.Add($"{place}: the prefix must be empty or obey the rules of a server name; change it.");
        }

        if (upstream.Timeout <= TimeSpan.Zero || upstream.Timeout > MaxTimeout)
        {
            faults.Add($"{place}: the timeout must be more than 0 and at most 1 hour; change it.");
        }

        if (upstream.CostPerCall is < 0 or > MaxCost)
        {
            faults.Add($"{place}: the cost per call must be at least 0 and at most {MaxCost}; change it.");
        }

        if (upstream.MaxConcurrent is < 1 or > MaxConcurrent || upstream.HealthInterval <= TimeSpan.Zero)
        {
            faults.Add($"{place}: the calls at once must be between 1 and {MaxConcurrent}, and the interval of health checks more than 0; change them.");
        }

        CheckTransport(upstream, place, faults);
        CheckHeaders(upstream.Headers, place, faults);
        CheckGlobs(upstream.Tools, $"{place}: tools", faults);
        CheckLimit(upstream.Limits, $"{place}: limits", faults);
    }

    public static void CheckPermissions(PermissionConfig permissions, string place, List<string> faults)
    {
        CheckGlobs(permissions.Servers, $"{place}: servers", faults);
        CheckGlobs(permissions.Tools, $"{place}: tools", faults);
        CheckGlobs(permissions.Prompts, $"{place}: prompts", faults);
        CheckGlobs(permissions.Resources, $"{place}: resources", faults);
    }

    public static void CheckToolLimits(IReadOnlyDictionary<string, LimitConfig> limits, string place, List<string> faults)
    {
        CheckGlobs(new GlobRule([.. limits.Keys], []), $"{place}: tool limits", faults);
        foreach (var (_, limit) in limits)
        {
            CheckLimit(limit, $"{place}: tool limits", faults);
        }
    }

    public static void CheckLimit(LimitConfig? limit, string place, List<string> faults)
    {
        if (limit is not null && (limit.RequestsPerMinute is < 1 or > MaxLimit || limit.Burst is < 1 or > MaxLimit))
        {
            faults.Add($"{place}: requests per minute and burst must be between 1 and {MaxLimit}; leave the limit out for none.");
        }
    }

    public static void CheckQuotas(QuotaConfig quotas, string place, List<string> faults)
    {
        if (quotas.DailyCalls < 0 || quotas.MonthlyCalls < 0 || quotas.MonthlySpend is < 0 or > MaxSpend)
        {
            faults.Add($"{place}: calls must be at least 0 and spending between 0 and {MaxSpend}; leave out what shall not be limited.");
        }
    }

    public static void CheckNetworks(IReadOnlyList<string> networks, string place, List<string> faults)
    {
        if (AddressSet.TryParse(networks, out var bad) is null)
        {
            faults.Add($"{place}: '{bad}' is no address and no CIDR block whose host bits are zero; write it like 192.0.2.0/24 or 2001:db8::/32.");
        }
    }

    private static void CheckTransport(UpstreamConfig upstream, string place, List<string> faults)
    {
        if (upstream.Transport == UpstreamTransport.Stdio)
        {
            CheckCommand(upstream.Command, place, faults);
            return;
        }

        if (upstream.Endpoints.Count == 0)
        {
            faults.Add($"{place}: there is no endpoint; give it a URL, or a command for a local server.");
        }

        foreach (var endpoint in upstream.Endpoints)
        {
            CheckEndpoint(endpoint, place, faults);
        }
    }

    private static void CheckCommand(CommandConfig? command, string place, List<string> faults)
    {
        if (command is null || string.IsNullOrWhiteSpace(command.FileName))
        {
            faults.Add($"{place}: there is no command to run; name one, or give a URL for a remote server.");
            return;
        }

        if (command.FileName.Contains('\0', StringComparison.Ordinal) || command.Arguments.Any(argument => argument.Contains('\0', StringComparison.Ordinal)))
        {
            faults.Add($"{place}: the command or an argument contains a NUL character; remove it.");
        }

        foreach (var (name, value) in command.Environment)
        {
            if (name.Length == 0 || name.AsSpan().ContainsAny('=', '\0') || value.Contains('\0', StringComparison.Ordinal))
            {
                faults.Add($"{place}: an environment variable has an empty name, a name with '=' or a NUL character; correct it.");
            }
        }
    }

    /// <summary>The URL itself is not shown: it may hold the credentials that it must not have.</summary>
    private static void CheckEndpoint(EndpointConfig endpoint, string place, List<string> faults)
    {
        var url = endpoint.Url;
        if (!url.IsAbsoluteUri || (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps) || url.Host.Length == 0)
        {
            faults.Add($"{place}: an endpoint's URL must be absolute and begin with http:// or https://; correct it.");
            return;
        }

        if (url.UserInfo.Length > 0)
        {
            faults.Add($"{place}: an endpoint's URL contains credentials; move them into a header.");
        }

        if (url.Fragment.Length > 0)
        {
            faults.Add($"{place}: an endpoint's URL has a fragment, which is never sent; remove everything from '#' on.");
        }

        if (endpoint.Weight < 1 || endpoint.Priority < 0)
        {
            faults.Add($"{place}: an endpoint's weight must be at least 1 and its priority at least 0; change them.");
        }
    }

    /// <summary>RFC 9110, 5.1 and 5.5: a name is a token; a value has no control characters, so that it cannot end its line.</summary>
    private static void CheckHeaders(IReadOnlyDictionary<string, string> headers, string place, List<string> faults)
    {
        foreach (var (name, value) in headers)
        {
            if (name.Length == 0 || name.AsSpan().ContainsAnyExcept(TokenLetters))
            {
                faults.Add($"{place}: a header's name has characters that no header name may have; correct it.");
            }
            else if (value.Any(c => char.IsControl(c) && c != '\t'))
            {
                faults.Add($"{place}: the value of the header '{name}' has control characters; remove them.");
            }
        }
    }

    private static void CheckGlobs(GlobRule rule, string place, List<string> faults)
    {
        foreach (var glob in rule.Allow.Concat(rule.Deny))
        {
            if (glob.Length == 0)
            {
                faults.Add($"{place}: an empty glob matches nothing; remove it, or write * for everything.");
            }
            else if (glob.Any(char.IsControl))
            {
                faults.Add($"{place}: a glob has control characters, which no name has; remove them.");
            }
        }
    }
}
