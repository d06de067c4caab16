using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.IntegrationTests.Storage;

/// <summary>Sums and failures as the recorder makes them.</summary>
internal static class UsageSamples
{
    /// <summary>A Monday, 12:00 UTC.</summary>
    public static readonly DateTimeOffset Noon = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);

    public static readonly Guid Acme = new("a0000000-0000-0000-0000-00000000000a");
    public static readonly Guid Other = new("b0000000-0000-0000-0000-00000000000b");
    public static readonly Guid Workspace = new("c0000000-0000-0000-0000-00000000000c");
    public static readonly Guid Files = new("d0000000-0000-0000-0000-00000000000d");
    public static readonly Guid GitHub = new("e0000000-0000-0000-0000-00000000000e");

    public static readonly UsageKey Key = new(Noon.ToUnixTimeSeconds(), Acme, Workspace, "abcdefABCDEF", Files, "read", UsageMethod.ToolCall);

    public static UsageRow Row(UsageKey key, int calls = 1, CallOutcome outcome = CallOutcome.Ok, double milliseconds = 10)
    {
        var counts = new UsageCounts();
        for (var i = 0; i < calls; i++)
        {
            counts.Add(new UsageEvent
            {
                At = DateTimeOffset.FromUnixTimeSeconds(key.At),
                Number = default,
                OrganizationId = key.OrganizationId,
                WorkspaceId = key.WorkspaceId,
                KeyId = key.KeyId,
                Upstream = null,
                Name = null,
                Method = key.Method,
                Outcome = outcome,
                Status = 200,
                Code = 0,
                Duration = TimeSpan.FromMilliseconds(milliseconds),
                UpstreamDuration = TimeSpan.FromMilliseconds(milliseconds / 2),
                BytesIn = 10,
                BytesOut = 20,
                CostMicros = 500,
            });
        }

        return new UsageRow(key, key.UpstreamId == Files ? "files" : key.UpstreamId == GitHub ? "github" : "", counts);
    }

    public static UsageBatch Batch(Guid writer, long number, params UsageRow[] rows) => new(writer, number, Noon, rows, []);

    public static UsageFailure Failure(CallOutcome outcome = CallOutcome.Timeout, Guid? organization = null, DateTimeOffset? at = null) => new(
        0, at ?? Noon, organization ?? Acme, Workspace, "abcdefABCDEF", Files, "files", "read", UsageMethod.ToolCall, outcome, 504, -32014,
        TimeSpan.FromMilliseconds(1.5), "0123456789abcdef",
        new CallPath
        {
            Method = "tools/call", Stage = CallStage.Answer, Reason = ErrorKind.UpstreamTimeout, Endpoint = 1, Why = EndpointReason.Failover, Tries = 2,
            Queued = TimeSpan.FromMicroseconds(1), Opening = TimeSpan.FromMicroseconds(2), Waiting = TimeSpan.FromMicroseconds(3), Relaying = TimeSpan.FromMicroseconds(4),
        });

    public static UsageQuery Day(UsageInterval interval, UsageGrouping groupBy = UsageGrouping.None) =>
        new(interval, Noon.AddHours(-12).ToUnixTimeSeconds(), Noon.AddHours(12).ToUnixTimeSeconds()) { GroupBy = groupBy };

    public static long Calls(this IEnumerable<UsageRow> rows) => rows.Sum(row => row.Counts[UsageMeasure.Calls]);
}
