using System.Globalization;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>Reads which audit entries are asked for: <c>?from=&amp;to=&amp;actor=&amp;action=&amp;resource=&amp;outcome=&amp;requestId=&amp;organizationId=&amp;order=</c>.</summary>
internal static class AuditQueryReader
{
    private const int LongestText = 200;

    public static AuditQuery Read(AdminRequest request, List<ConfigFault> faults)
    {
        var resource = Text(request, "resource", faults)?.Split('/', 2);
        var order = request.Parameter("order");
        if (order is not (null or "asc" or "desc"))
        {
            faults.Add(new ConfigFault("order", "must be asc (the oldest first) or desc"));
        }

        return new AuditQuery
        {
            OrganizationId = ReadOrganization(request, faults),
            From = Time(request, "from", faults),
            To = Time(request, "to", faults),
            ActorId = Text(request, "actor", faults),
            Action = Text(request, "action", faults),
            ResourceType = resource?[0],
            ResourceId = resource is [_, var id] ? id : null,
            Outcome = Text(request, "outcome", faults),
            RequestId = Text(request, "requestId", faults),
            OldestFirst = order is "asc",
        };
    }

    /// <summary>Null, for all, only for who may see them all. Another's organization holds nothing that the caller could see.</summary>
    private static Guid? ReadOrganization(AdminRequest request, List<ConfigFault> faults)
    {
        if (request.Parameter("organizationId") is not { } text)
        {
            return request.IsInstanceAdministrator ? null : request.Caller.OrganizationId;
        }

        if (!Guid.TryParseExact(text, "D", out var wanted))
        {
            faults.Add(new ConfigFault("organizationId", "must be an id as the API gives it: a UUID"));
        }

        return request.Sees(wanted) ? wanted : Guid.Empty;
    }

    private static DateTimeOffset? Time(AdminRequest request, string name, List<ConfigFault> faults)
    {
        if (request.Parameter(name) is not { } text)
        {
            return null;
        }

        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) && text.Contains('T', StringComparison.Ordinal))
        {
            return time;
        }

        faults.Add(new ConfigFault(name, "must be a time such as 2026-01-31T12:00:00Z"));
        return null;
    }

    private static string? Text(AdminRequest request, string name, List<ConfigFault> faults)
    {
        var text = request.Parameter(name);
        if (text is null || (text.Length is > 0 and <= LongestText && !text.Any(c => char.IsControl(c) || char.IsSurrogate(c))))
        {
            return text;
        }

        faults.Add(new ConfigFault(name, $"must have 1 to {LongestText} characters and no control characters"));
        return null;
    }
}
