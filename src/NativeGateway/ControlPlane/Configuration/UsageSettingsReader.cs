using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Configuration;

/// <summary>Reads <c>usage</c>: how often it is written and how long it is kept. What is left out keeps its default.</summary>
internal static class UsageSettingsReader
{
    private static readonly TimeSpan ShortestFlush = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestFlush = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ShortestRetention = TimeSpan.FromDays(1);
    private static readonly TimeSpan LongestRetention = TimeSpan.FromDays(3650);

    public static UsageSettings? Read(ConfigNode node)
    {
        if (node.Members("flushInterval", "retention") is not { } members)
        {
            return null;
        }

        var settings = UsageSettings.Default;
        if (members.TryGetValue("flushInterval", out var flush) && flush.Duration(ShortestFlush, LongestFlush) is { } interval)
        {
            settings = settings with { FlushInterval = interval };
        }

        return members.TryGetValue("retention", out var retention) ? settings with { Retention = ReadRetention(retention) } : settings;
    }

    private static UsageRetention ReadRetention(ConfigNode node)
    {
        var kept = UsageSettings.Default.Retention;
        if (node.Members("minutes", "hours", "days", "failures") is not { } members)
        {
            return kept;
        }

        var retention = new UsageRetention(
            Of("minutes", kept.Minutes), Of("hours", kept.Hours), Of("days", kept.Days), Of("failures", kept.Failures));
        if (retention.Minutes > retention.Hours || retention.Hours > retention.Days)
        {
            node.Fault("must keep hours at least as long as minutes, and days at least as long as hours");
        }

        return retention;

        TimeSpan Of(string name, TimeSpan otherwise) =>
            members.TryGetValue(name, out var member) ? member.Duration(ShortestRetention, LongestRetention) ?? otherwise : otherwise;
    }
}
