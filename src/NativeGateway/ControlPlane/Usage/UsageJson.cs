using System.Text.Json;
using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Usage;

/// <summary>How usage looks in JSON, wherever it is shown. Durations are in milliseconds, costs in the unit of <c>costPerCall</c>.</summary>
internal static class UsageJson
{
    private static readonly (string Name, double Share)[] Percentiles = [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)];

    private static readonly (string Name, UsageMeasure Measure)[] Errors =
    [
        ("server", UsageMeasure.ServerErrors), ("unavailable", UsageMeasure.Unavailable), ("timeout", UsageMeasure.Timeouts),
        ("unanswered", UsageMeasure.Unanswered), ("internal", UsageMeasure.InternalErrors),
    ];

    private static readonly (string Name, UsageMeasure Measure)[] Refusals =
    [
        ("forbidden", UsageMeasure.Forbidden), ("limited", UsageMeasure.Limited), ("invalid", UsageMeasure.Invalid), ("saturated", UsageMeasure.Saturated),
    ];

    /// <summary>Members of the object that is open.</summary>
    public static void Write(Utf8JsonWriter json, UsageCounts counts)
    {
        json.WriteNumber("calls", counts[UsageMeasure.Calls]);
        json.WriteNumber("errors", counts.Errors);
        json.WriteNumber("toolErrors", counts[UsageMeasure.ToolErrors]);
        json.WriteNumber("refused", counts.Refused);
        json.WriteNumber("cancelled", counts[UsageMeasure.Cancelled]);
        WriteReasons(json, "errorsByReason", counts, Errors);
        WriteReasons(json, "refusedByReason", counts, Refusals);
        WriteLatency(json, counts);
        json.WriteNumber("bytesIn", counts[UsageMeasure.BytesIn]);
        json.WriteNumber("bytesOut", counts[UsageMeasure.BytesOut]);
        json.WriteNumber("cost", counts[UsageMeasure.CostMicros] / 1_000_000m);
    }

    /// <summary>What a group is of: only the members that were grouped by.</summary>
    public static void WriteGroup(Utf8JsonWriter json, UsageRow row, UsageGrouping groupBy)
    {
        if (groupBy.HasFlag(UsageGrouping.Workspace))
        {
            json.WriteString("workspaceId", row.Key.WorkspaceId);
        }

        if (groupBy.HasFlag(UsageGrouping.Key))
        {
            json.WriteString("keyId", row.Key.KeyId);
        }

        if (groupBy.HasFlag(UsageGrouping.Upstream))
        {
            WriteServer(json, row.Key.UpstreamId, row.UpstreamKey);
        }

        if (groupBy.HasFlag(UsageGrouping.Name))
        {
            json.WriteString("name", row.Key.Name);
        }

        if (groupBy.HasFlag(UsageGrouping.Method))
        {
            json.WriteString("method", row.Key.Method.Label());
        }
    }

    public static void Write(Utf8JsonWriter json, UsageFailure failure)
    {
        json.WriteString("at", failure.At.UtcDateTime);
        json.WriteString("requestId", failure.RequestId);
        json.WriteString("outcome", failure.Outcome.Label());
        json.WriteNumber("status", failure.Status);
        json.WriteNumber("code", failure.Code);
        json.WriteString("workspaceId", failure.WorkspaceId);
        json.WriteString("keyId", failure.KeyId);
        WriteServer(json, failure.UpstreamId, failure.UpstreamKey);
        json.WriteString("name", failure.Name);
        json.WriteString("method", failure.Method.Label());
        json.WriteNumber("durationMs", failure.Duration.TotalMilliseconds);
    }

    /// <summary>Every bucket with its bounds and how many calls are in it.</summary>
    public static void WriteDistribution(Utf8JsonWriter json, UsageCounts counts)
    {
        WriteLatency(json, counts);
        json.WriteStartArray("buckets");
        for (var bucket = 0; bucket < LatencyScale.Count; bucket++)
        {
            json.WriteStartObject();
            json.WritePropertyName("upToMs");
            if (double.IsFinite(LatencyScale.UpperBound(bucket)))
            {
                json.WriteNumberValue(LatencyScale.UpperBound(bucket));
            }
            else
            {
                json.WriteNullValue();
            }

            json.WriteNumber("calls", counts.Latency[bucket]);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>Of answered calls; without any there is no mean and no percentile.</summary>
    private static void WriteLatency(Utf8JsonWriter json, UsageCounts counts)
    {
        var answered = counts.Answered;
        json.WriteStartObject("latencyMs");
        WriteNumber(json, "mean", answered == 0 ? null : Math.Round(counts[UsageMeasure.DurationMicros] / 1_000d / answered, 3));
        WriteNumber(json, "upstreamMean", answered == 0 ? null : Math.Round(counts[UsageMeasure.UpstreamMicros] / 1_000d / answered, 3));
        foreach (var (name, share) in Percentiles)
        {
            WriteNumber(json, name, LatencyScale.Percentile(counts.Latency, share));
        }

        json.WriteEndObject();
    }

    private static void WriteReasons(Utf8JsonWriter json, string name, UsageCounts counts, (string Name, UsageMeasure Measure)[] reasons)
    {
        json.WriteStartObject(name);
        foreach (var (reason, measure) in reasons)
        {
            json.WriteNumber(reason, counts[measure]);
        }

        json.WriteEndObject();
    }

    /// <summary>Null where no server was involved.</summary>
    private static void WriteServer(Utf8JsonWriter json, Guid id, string key)
    {
        json.WriteString("serverId", id == Guid.Empty ? null : id.ToString());
        json.WriteString("server", id == Guid.Empty ? null : key);
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, double? number)
    {
        if (number is { } value)
        {
            json.WriteNumber(name, value);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
