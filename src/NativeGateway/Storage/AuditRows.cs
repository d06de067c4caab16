using System.Data.Common;
using NativeGateway.Model;

namespace NativeGateway.Storage;

/// <summary>Entry ↔ row, the same for both databases. Reads whatever stands there: an altered row is for <see cref="AuditCheck"/> to judge.</summary>
internal static class AuditRows
{
    public const string Columns =
        "sequence, at, until_at, occurrences, organization_id, actor_kind, actor_id, address, action, resource_type, resource_id, fields, outcome, request_id, hash";

    public static Column[] Row(AuditRecord record) =>
    [
        new("sequence", record.Sequence),
        new("at", AuditChain.Micros(record.Entry.At)),
        new("until_at", record.Entry.Until is { } until ? AuditChain.Micros(until) : 0L),
        new("occurrences", record.Entry.Count),
        new("organization_id", record.Entry.OrganizationId?.ToString()),
        new("actor_kind", record.Entry.Actor.Kind),
        new("actor_id", record.Entry.Actor.Id),
        new("address", record.Entry.Actor.Address),
        new("action", record.Entry.Action),
        new("resource_type", record.Entry.ResourceType),
        new("resource_id", record.Entry.ResourceId),
        new("fields", string.Join(',', record.Entry.Fields)),
        new("outcome", record.Entry.Outcome),
        new("request_id", record.Entry.RequestId),
        new("hash", record.Hash),
    ];

    public static AuditRecord Record(DbDataReader row) => new(
        row.GetInt64(0),
        new AuditEntry
        {
            At = Time(row.GetInt64(1)),
            Until = row.GetInt64(2) is var until and not 0 ? Time(until) : null,
            Count = row.GetInt64(3),
            OrganizationId = Guid.TryParseExact(Rows.Text(row, 4), "D", out var organization) ? organization : null,
            Actor = new AuditActor(row.GetString(5), Rows.Text(row, 6), Rows.Text(row, 7)),
            Action = row.GetString(8),
            ResourceType = Rows.Text(row, 9),
            ResourceId = Rows.Text(row, 10),
            Fields = row.GetString(11) is { Length: > 0 } fields ? fields.Split(',') : [],
            Outcome = row.GetString(12),
            RequestId = Rows.Text(row, 13),
        },
        Rows.Bytes(row, 14));

    private static DateTimeOffset Time(long micros)
    {
        var most = AuditChain.Micros(DateTimeOffset.MaxValue);
        return DateTimeOffset.UnixEpoch.AddTicks(Math.Clamp(micros, 0, most) * TimeSpan.TicksPerMicrosecond);
    }
}
