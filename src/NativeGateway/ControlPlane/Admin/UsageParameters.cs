using System.Globalization;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.ControlPlane.Usage;
using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>What a question about usage names in its query, read and checked.</summary>
/// <param name="From">As asked for, without regard to intervals.</param>
internal sealed record UsageParameters(Guid OrganizationId, DateTimeOffset From, DateTimeOffset To, UsageRange Range, UsageFilter Filter, int Limit)
{
    private const int LongestText = 200;

    private static readonly TimeSpan DefaultSpan = TimeSpan.FromHours(24);

    private static readonly string[] Intervals = ["minute", "hour", "day"];

    /// <summary>The parameters, or why there are none.</summary>
    public static (UsageParameters? Parameters, AdminAnswer? Refusal) Read(AdminRequest request, UsageRetention retention, DateTimeOffset now)
    {
        var faults = new List<ConfigFault>();
        var to = ReadTime(request, "to", faults) ?? now;
        var from = ReadTime(request, "from", faults) ?? Before(to);
        var filter = new UsageFilter
        {
            WorkspaceId = ReadId(request, "workspaceId", faults),
            KeyId = ReadText(request, "keyId", faults),
            UpstreamId = ReadId(request, "serverId", faults),
            Name = ReadText(request, "name", faults),
            Method = OneOf(request, "method", UsageMethods.Labels, faults) is { } method ? UsageMethods.Find(method) : null,
        };
        var organization = ReadId(request, "organizationId", faults) ?? request.Caller.OrganizationId;
        var limit = Page.ReadLimit(request.Parameter("limit"), faults);
        var range = UsageRange.TryCreate(from, to, ReadInterval(request, faults), retention, now, out var fault);
        if (fault is not null)
        {
            faults.Add(new ConfigFault("from", fault));
        }

        if (faults.Count > 0)
        {
            return (null, AdminAnswer.Of(Problem.Malformed("A parameter of the query is wrong.", faults)));
        }

        return request.Sees(organization)
            ? (new UsageParameters(organization, from, to, range!, filter, limit), null)
            : (null, AdminAnswer.Of(TenantRules.Unknown));
    }

    /// <summary>One of the words that a parameter knows; null when it is not given.</summary>
    public static string? OneOf(AdminRequest request, string name, IReadOnlyList<string> known, List<ConfigFault> faults)
    {
        if (request.Parameter(name) is not { } text)
        {
            return null;
        }

        if (known.Contains(text))
        {
            return text;
        }

        faults.Add(new ConfigFault(name, $"must be one of {string.Join(", ", known)}"));
        return null;
    }

    private static UsageInterval? ReadInterval(AdminRequest request, List<ConfigFault> faults) => OneOf(request, "interval", Intervals, faults) switch
    {
        "minute" => UsageInterval.Minute,
        "hour" => UsageInterval.Hour,
        "day" => UsageInterval.Day,
        _ => null,
    };

    private static string? ReadText(AdminRequest request, string name, List<ConfigFault> faults)
    {
        var text = request.Parameter(name);
        if (text is not null && (text.Length > LongestText || text.Any(char.IsControl)))
        {
            faults.Add(new ConfigFault(name, $"must have at most {LongestText} characters and no control characters"));
        }

        return text;
    }

    private static DateTimeOffset Before(DateTimeOffset to) => to - DateTimeOffset.MinValue > DefaultSpan ? to - DefaultSpan : DateTimeOffset.MinValue;

    private static DateTimeOffset? ReadTime(AdminRequest request, string name, List<ConfigFault> faults)
    {
        if (request.Parameter(name) is not { } text)
        {
            return null;
        }

        const DateTimeStyles Styles = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        string[] forms = ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd"];
        if (DateTimeOffset.TryParseExact(text, forms, CultureInfo.InvariantCulture, Styles, out var time))
        {
            return time;
        }

        faults.Add(new ConfigFault(name, "must be a time as in RFC 3339, such as 2026-07-28T12:00:00Z, or a day"));
        return null;
    }

    public static Guid? ReadId(AdminRequest request, string name, List<ConfigFault> faults)
    {
        if (request.Parameter(name) is not { } text)
        {
            return null;
        }

        if (Guid.TryParseExact(text, "D", out var id))
        {
            return id;
        }

        faults.Add(new ConfigFault(name, "must be an id as the API gives it: a UUID"));
        return null;
    }
}
