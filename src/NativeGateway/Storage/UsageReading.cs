using System.Data.Common;
using NativeGateway.Model;

namespace NativeGateway.Storage;

/// <summary>Reading usage, in statements that both databases understand alike. Every one of them begins with the organization.</summary>
internal static class UsageReading
{
    private const string PageOrder = "at, workspace_id, key_id, upstream_id, name, method";

    /// <summary>In the order of the bits of <see cref="UsageGrouping"/>.</summary>
    private static readonly string[] GroupColumns = ["at", "workspace_id", "key_id", "upstream_id", "name", "method"];

    private static readonly string Sums = string.Join(", ", UsageCounts.Columns.Select(column => $"CAST(coalesce(sum({column}), 0) AS bigint)"));

    public static async Task<IReadOnlyList<UsageRow>> SumAsync(
        StoreTransaction transaction, Guid organizationId, UsageQuery query, CancellationToken cancellationToken)
    {
        var groups = GroupColumns.Where((_, bit) => ((int)query.GroupBy & (1 << bit)) != 0).ToArray();
        string[] columns = [.. groups, groups.Length > 0 ? "coalesce(max(upstream_key), '')" : "''", Sums];
        var (condition, values) = Condition(organizationId, query);
        var sql = $"SELECT {string.Join(", ", columns)} FROM {UsageSql.TableOf(query.Interval)} WHERE {condition}";
        if (groups.Length > 0)
        {
            var groupBy = string.Join(", ", groups);
            sql += $" GROUP BY {groupBy} ORDER BY {OrderOf(query)}{groupBy} LIMIT {query.Limit}";
        }

        return await transaction.QueryAsync(sql, values, row => Read(row, organizationId, query.GroupBy), cancellationToken);
    }

    public static async Task<IReadOnlyList<UsageRow>> PageAsync(
        StoreTransaction transaction, Guid organizationId, UsageQuery query, UsageKey? after, int most, CancellationToken cancellationToken)
    {
        var (condition, values) = Condition(organizationId, query);
        if (after is { } key)
        {
            condition += $" AND ({PageOrder}) > (@after_at, @after_workspace, @after_key, @after_upstream, @after_name, @after_method)";
            values.AddRange(
            [
                new("after_at", key.At), new("after_workspace", key.WorkspaceId), new("after_key", key.KeyId),
                new("after_upstream", key.UpstreamId), new("after_name", key.Name), new("after_method", key.Method.Label()),
            ]);
        }

        var sql = $"""
            SELECT {PageOrder}, upstream_key, {string.Join(", ", UsageCounts.Columns)} FROM {UsageSql.TableOf(query.Interval)}
            WHERE {condition} ORDER BY {PageOrder} LIMIT {most}
            """;
        const UsageGrouping All = UsageGrouping.Time | UsageGrouping.Workspace | UsageGrouping.Key | UsageGrouping.Upstream | UsageGrouping.Name | UsageGrouping.Method;
        return await transaction.QueryAsync(sql, values, row => Read(row, organizationId, All), cancellationToken);
    }

    public static async Task<IReadOnlyList<UsageFailure>> ListFailuresAsync(
        StoreTransaction transaction, Guid organizationId, UsageFailureQuery query, CancellationToken cancellationToken)
    {
        // Rounded up, so that what fails in this second is seen at once.
        var to = query.To.AddTicks(-1).ToUnixTimeSeconds() + 1;
        var values = new List<Column>
        {
            new("organization_id", organizationId), new("before", query.Before), new("from", query.From.ToUnixTimeSeconds()), new("to", to),
        };
        var condition = "organization_id = @organization_id AND id < @before AND at >= @from AND at < @to" + UsageSql.AndFailed + Filter(query.Filter, values);
        if (query.Outcome is { } outcome)
        {
            condition += " AND outcome = @outcome";
            values.Add(new("outcome", outcome.Label()));
        }

        return await transaction.QueryAsync(
            $"SELECT {UsageRows.FailureColumns} FROM usage_failures WHERE {condition} ORDER BY id DESC LIMIT {query.Limit}",
            values, UsageRows.Failure, cancellationToken);
    }

    public static async Task<IReadOnlyList<UsageFailure>> FindRequestAsync(
        StoreTransaction transaction, Guid? organizationId, string requestId, CancellationToken cancellationToken)
    {
        var values = new List<Column> { new("request_id", requestId) };
        var condition = "request_id = @request_id";
        if (organizationId is { } organization)
        {
            condition += " AND organization_id = @organization_id";
            values.Add(new("organization_id", organization));
        }

        // As many as a batch may have messages, and no more however many requests share an id by chance.
        return await transaction.QueryAsync(
            $"SELECT {UsageRows.FailureColumns} FROM usage_failures WHERE {condition} ORDER BY id LIMIT 50", values, UsageRows.Failure, cancellationToken);
    }

    private static (string Condition, List<Column> Values) Condition(Guid organizationId, UsageQuery query)
    {
        var values = new List<Column> { new("organization_id", organizationId), new("from", query.From), new("to", query.To) };
        return ("organization_id = @organization_id AND at >= @from AND at < @to" + Filter(query.Filter, values), values);
    }

    private static string Filter(UsageFilter filter, List<Column> values)
    {
        var condition = "";
        Add("workspace_id", filter.WorkspaceId);
        Add("key_id", filter.KeyId);
        Add("upstream_id", filter.UpstreamId);
        Add("name", filter.Name);
        Add("method", filter.Method?.Label());
        return condition;

        void Add(string column, object? value)
        {
            if (value is not null)
            {
                condition += $" AND {column} = @{column}";
                values.Add(new Column(column, value));
            }
        }
    }

    private static string OrderOf(UsageQuery query) => query.GroupBy.HasFlag(UsageGrouping.Time)
        ? ""
        : query.OrderBy switch
        {
            UsageOrder.Errors => "sum(server_errors + unavailable + timeouts + unanswered + internal_errors) DESC, ",
            UsageOrder.Cost => "sum(cost_micros) DESC, ",
            UsageOrder.Duration => "sum(duration_us) DESC, ",
            _ => "sum(calls) DESC, ",
        };

    private static UsageRow Read(DbDataReader row, Guid organizationId, UsageGrouping grouping)
    {
        var column = 0;
        int? Place(UsageGrouping by) => grouping.HasFlag(by) ? column++ : null;
        var key = new UsageKey(
            Place(UsageGrouping.Time) is { } at ? row.GetInt64(at) : 0,
            organizationId,
            Place(UsageGrouping.Workspace) is { } workspace ? row.GetGuid(workspace) : Guid.Empty,
            Place(UsageGrouping.Key) is { } id ? row.GetString(id) : "",
            Place(UsageGrouping.Upstream) is { } upstream ? row.GetGuid(upstream) : Guid.Empty,
            Place(UsageGrouping.Name) is { } name ? row.GetString(name) : "",
            Place(UsageGrouping.Method) is { } method ? UsageMethods.Find(row.GetString(method)) ?? UsageMethod.Other : UsageMethod.Other);
        var upstreamKey = row.GetString(column++);
        var counts = new UsageCounts();
        for (var i = 0; i < UsageCounts.Columns.Count; i++)
        {
            counts.Values[i] = row.GetInt64(column + i);
        }

        return new UsageRow(key, grouping.HasFlag(UsageGrouping.Upstream) ? upstreamKey : "", counts);
    }
}
