using System.Globalization;
using NativeGateway.Model;

namespace NativeGateway.Storage;

/// <summary>The audit log's statements, which both databases understand alike; each runs inside a transaction that its store has begun.</summary>
internal sealed class AuditSql(SecretBox secrets)
{
    private const int Slice = 1000;
    private const string Purpose = "audit";
    private const string Place = "ends";

    /// <summary>Changes nothing, but holds the row until the transaction ends: who appends is alone.</summary>
    private const string Lock = "UPDATE audit_ends SET id = 1";

    private static readonly string Insert =
        $"INSERT INTO audit_entries ({AuditRows.Columns}) VALUES (@{AuditRows.Columns.Replace(", ", ", @", StringComparison.Ordinal)})";

    /// <summary>In the transaction of what the entries tell of.</summary>
    public async Task AppendAsync(StoreTransaction transaction, IReadOnlyList<AuditEntry> entries, CancellationToken cancellationToken)
    {
        if (entries.Count == 0)
        {
            return;
        }

        await transaction.ExecuteAsync(Lock, [], cancellationToken);
        var ends = await ReadEndsAsync(transaction, cancellationToken);
        var (sequence, hash) = (ends.Last, Convert.FromHexString(ends.LastHash));
        foreach (var entry in entries)
        {
            sequence++;
            hash = AuditChain.Hash(hash, sequence, entry);
            await transaction.ExecuteAsync(Insert, AuditRows.Row(new AuditRecord(sequence, entry, hash)), cancellationToken);
        }

        await WriteEndsAsync(transaction, ends with { Last = sequence, LastHash = Convert.ToHexStringLower(hash) }, cancellationToken);
    }

    public static async Task<IReadOnlyList<AuditRecord>> ListAsync(StoreTransaction transaction, AuditQuery query, int most, CancellationToken cancellationToken)
    {
        var (conditions, values) = ConditionsOf(query);
        var where = conditions.Count == 0 ? "" : $" WHERE {string.Join(" AND ", conditions)}";
        var order = query.OldestFirst ? "ASC" : "DESC";
        return await transaction.QueryAsync(
            $"SELECT {AuditRows.Columns} FROM audit_entries{where} ORDER BY sequence {order} LIMIT {most.ToString(CultureInfo.InvariantCulture)}",
            values, AuditRows.Record, cancellationToken);
    }

    public async Task<AuditVerdict> VerifyAsync(StoreTransaction transaction, CancellationToken cancellationToken)
    {
        AuditEnds ends;
        try
        {
            ends = await ReadEndsAsync(transaction, cancellationToken);
        }
        catch (StoreUnavailableException broken)
        {
            return new AuditVerdict(0, 0, [], [new AuditFault(0, broken.Message)]);
        }

        var check = new AuditCheck(ends);
        await FollowAsync(transaction, check, long.MinValue, long.MaxValue, cancellationToken);
        check.Finish();
        return new AuditVerdict(ends.Anchor + 1, ends.Last, Convert.FromHexString(ends.LastHash), check.Faults);
    }

    public async Task<AuditTrim> ForgetAsync(StoreTransaction transaction, DateTimeOffset before, CancellationToken cancellationToken)
    {
        await transaction.ExecuteAsync(Lock, [], cancellationToken);
        var ends = await ReadEndsAsync(transaction, cancellationToken);
        var youngest = await transaction.QueryAsync(
            "SELECT sequence FROM audit_entries WHERE at >= @before ORDER BY sequence LIMIT 1",
            [new("before", AuditChain.Micros(before))], row => row.GetInt64(0), cancellationToken);
        var last = Math.Min(youngest is [var kept] ? kept - 1 : ends.Last, ends.Anchor + (4 * Slice));
        if (last <= ends.Anchor)
        {
            return default;
        }

        var check = new AuditCheck(ends);
        var hash = await FollowAsync(transaction, check, long.MinValue, last, cancellationToken);
        if (check.Faults.Count > 0 || check.At != last || hash is null)
        {
            return new AuditTrim(0, check.Faults.Count > 0 ? check.Faults[0] : new AuditFault(check.At + 1, "is missing"));
        }

        var removed = await transaction.ExecuteAsync("DELETE FROM audit_entries WHERE sequence <= @last", [new("last", last)], cancellationToken);
        await WriteEndsAsync(transaction, ends with { Anchor = last, AnchorHash = Convert.ToHexStringLower(hash) }, cancellationToken);
        return new AuditTrim(removed, null);
    }

    /// <summary>Slice by slice; the answer is the hash of the last entry, null for none.</summary>
    private static async Task<byte[]?> FollowAsync(StoreTransaction transaction, AuditCheck check, long from, long to, CancellationToken cancellationToken)
    {
        byte[]? hash = null;
        // From the next one that is there: gaps may be wide.
        while (await transaction.QueryAsync(
            "SELECT sequence FROM audit_entries WHERE sequence >= @from AND sequence <= @to ORDER BY sequence LIMIT 1",
            [new("from", from), new("to", to)], row => row.GetInt64(0), cancellationToken) is [var first])
        {
            var end = first > to - Slice ? to : first + Slice - 1;
            var slice = await transaction.QueryAsync(
                $"SELECT {AuditRows.Columns} FROM audit_entries WHERE sequence >= @from AND sequence <= @to ORDER BY sequence",
                [new("from", first), new("to", end)], AuditRows.Record, cancellationToken);
            slice.ForEach(check.Follow);
            hash = slice[^1].Hash;
            if (end == to)
            {
                break;
            }

            from = end + 1;
        }

        return hash;
    }

    private static (List<string> Conditions, List<Column> Values) ConditionsOf(AuditQuery query)
    {
        var conditions = new List<string>();
        var values = new List<Column>();
        Add("organization_id = @organization_id", "organization_id", query.OrganizationId?.ToString());
        Add("at >= @from_at", "from_at", query.From is { } from ? AuditChain.Micros(from) : null);
        Add("at < @to_at", "to_at", query.To is { } to ? AuditChain.Micros(to) : null);
        Add("actor_id = @actor_id", "actor_id", query.ActorId);
        if (query.Action is { } action)
        {
            var isPrefix = action.EndsWith('*');
            Add(isPrefix ? $"substr(action, 1, {(action.Length - 1).ToString(CultureInfo.InvariantCulture)}) = @action" : "action = @action", "action", action.TrimEnd('*'));
        }

        AddResource();
        Add("outcome = @outcome", "outcome", query.Outcome);
        Add("request_id = @request_id", "request_id", query.RequestId);
        Add(query.OldestFirst ? "sequence > @behind" : "sequence < @behind", "behind", query.Behind);
        return (conditions, values);

        void AddResource()
        {
            if (query.ResourceId is not { } id)
            {
                Add("resource_type = @resource_type", "resource_type", query.ResourceType);
                return;
            }

            var within = $"substr(resource_id, 1, {(id.Length + 1).ToString(CultureInfo.InvariantCulture)}) = @within";
            conditions.Add($"((resource_type = @resource_type AND resource_id = @resource_id) OR {within})");
            values.AddRange([new Column("resource_type", query.ResourceType), new Column("resource_id", id), new Column("within", id + "/")]);
        }

        void Add(string condition, string name, object? value)
        {
            if (value is not null)
            {
                conditions.Add(condition);
                values.Add(new Column(name, value));
            }
        }
    }

    private async Task<AuditEnds> ReadEndsAsync(StoreTransaction transaction, CancellationToken cancellationToken)
    {
        var rows = await transaction.QueryAsync(
            "SELECT sealed FROM audit_ends", row => row.IsDBNull(0) ? null : Rows.Bytes(row, 0), cancellationToken);
        if (rows is [null])
        {
            return AuditEnds.Empty;
        }

        try
        {
            return rows is [{ } box]
                ? AuditEnds.Parse(secrets.Open(Purpose, Place, box))
                : throw new FormatException("There is not exactly one row.");
        }
        catch (Exception broken) when (broken is StoreConfigurationException or FormatException)
        {
            throw new StoreUnavailableException("The record of where the audit log begins and ends (audit_ends) was altered; nothing can be appended. Restore a backup.", broken);
        }
    }

    private Task<int> WriteEndsAsync(StoreTransaction transaction, AuditEnds ends, CancellationToken cancellationToken) => transaction.ExecuteAsync(
        "UPDATE audit_ends SET sealed = @sealed", [new("sealed", secrets.Seal(Purpose, Place, ends.ToString()))], cancellationToken);
}
