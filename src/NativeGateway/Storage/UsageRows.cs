using System.Data.Common;
using NativeGateway.Model;

namespace NativeGateway.Storage;

/// <summary>Usage ↔ rows, the same for both databases: each <c>…Columns</c> list stands beside the method that reads it.</summary>
internal static class UsageRows
{
    public const string FailureColumns =
        "id, at, organization_id, workspace_id, key_id, upstream_id, upstream_key, name, method, outcome, status, code, duration_us, request_id, "
        + "rpc_method, stage, reason, limit_scope, nothing_sent, endpoint, endpoint_reason, tries, queued_us, opening_us, waiting_us, relaying_us";

    public const string InsertFailure =
        """
        INSERT INTO usage_failures
        (at, organization_id, workspace_id, key_id, upstream_id, upstream_key, name, method, outcome, status, code, duration_us, request_id,
        rpc_method, stage, reason, limit_scope, nothing_sent, endpoint, endpoint_reason, tries, queued_us, opening_us, waiting_us, relaying_us)
        VALUES
        (@at, @organization_id, @workspace_id, @key_id, @upstream_id, @upstream_key, @name, @method, @outcome, @status, @code, @duration_us, @request_id,
        @rpc_method, @stage, @reason, @limit_scope, @nothing_sent, @endpoint, @endpoint_reason, @tries, @queued_us, @opening_us, @waiting_us, @relaying_us)
        """;

    public static Column[] Row(UsageFailure failure) =>
    [
        new("at", failure.At.ToUnixTimeSeconds()),
        new("organization_id", failure.OrganizationId),
        new("workspace_id", failure.WorkspaceId),
        new("key_id", failure.KeyId),
        new("upstream_id", failure.UpstreamId),
        new("upstream_key", failure.UpstreamKey),
        new("name", failure.Name),
        new("method", failure.Method.Label()),
        new("outcome", failure.Outcome.Label()),
        new("status", failure.Status),
        new("code", failure.Code),
        new("duration_us", (long)failure.Duration.TotalMicroseconds),
        new("request_id", failure.RequestId),
        new("rpc_method", failure.Path.Method),
        new("stage", failure.Path.Stage.Label()),
        new("reason", failure.Path.Reason?.Label() ?? ""),
        new("limit_scope", failure.Path.LimitScope ?? ""),
        new("nothing_sent", failure.Path.NothingSent),
        new("endpoint", failure.Path.Endpoint),
        new("endpoint_reason", failure.Path.Why.Label()),
        new("tries", failure.Path.Tries),
        new("queued_us", (long)failure.Path.Queued.TotalMicroseconds),
        new("opening_us", (long)failure.Path.Opening.TotalMicroseconds),
        new("waiting_us", (long)failure.Path.Waiting.TotalMicroseconds),
        new("relaying_us", (long)failure.Path.Relaying.TotalMicroseconds),
    ];

    public static UsageFailure Failure(DbDataReader row) => new(
        row.GetInt64(0),
        DateTimeOffset.FromUnixTimeSeconds(row.GetInt64(1)),
        row.GetGuid(2),
        row.GetGuid(3),
        row.GetString(4),
        row.GetGuid(5),
        row.GetString(6),
        row.GetString(7),
        UsageMethods.Find(row.GetString(8)) ?? UsageMethod.Other,
        CallOutcomes.Find(row.GetString(9)) ?? CallOutcome.Internal,
        row.GetInt32(10),
        row.GetInt32(11),
        TimeSpan.FromMicroseconds(row.GetInt64(12)),
        row.GetString(13),
        Path(row));

    private static CallPath Path(DbDataReader row) => new()
    {
        Method = row.GetString(14),
        Stage = CallPathTexts.FindStage(row.GetString(15)),
        Reason = CallPathTexts.FindReason(row.GetString(16)),
        LimitScope = row.GetString(17) is { Length: > 0 } scope ? scope : null,
        NothingSent = row.GetBoolean(18),
        Endpoint = row.GetInt32(19),
        Why = CallPathTexts.FindWhy(row.GetString(20)),
        Tries = row.GetInt32(21),
        Queued = TimeSpan.FromMicroseconds(row.GetInt64(22)),
        Opening = TimeSpan.FromMicroseconds(row.GetInt64(23)),
        Waiting = TimeSpan.FromMicroseconds(row.GetInt64(24)),
        Relaying = TimeSpan.FromMicroseconds(row.GetInt64(25)),
    };

    /// <summary>A row of the staging table, in the order of <see cref="UsageSql.StagingColumns"/>.</summary>
    public static Column[] StagingRow(Guid writer, UsageRow row)
    {
        Column[] head =
        [
            new("writer", writer),
            new("organization_id", row.Key.OrganizationId),
            new("at", row.Key.At),
            new("workspace_id", row.Key.WorkspaceId),
            new("key_id", row.Key.KeyId),
            new("upstream_id", row.Key.UpstreamId),
            new("name", row.Key.Name),
            new("method", row.Key.Method.Label()),
            new("upstream_key", row.UpstreamKey),
        ];
        var columns = new Column[head.Length + UsageCounts.Columns.Count];
        head.CopyTo(columns, 0);
        for (var i = 0; i < UsageCounts.Columns.Count; i++)
        {
            columns[head.Length + i] = new Column(UsageCounts.Columns[i], row.Counts.Values[i]);
        }

        return columns;
    }
}
