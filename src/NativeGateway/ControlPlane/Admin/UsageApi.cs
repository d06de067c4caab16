using System.Globalization;
using System.IO.Pipelines;
using System.Text.Json;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.ControlPlane.Usage;
using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Admin;

/// <summary><c>/usage/…</c> of the caller's organization, or of any for an administrator of the instance.</summary>
/// <param name="retention">What is in effect at the moment.</param>
internal sealed class UsageApi(IUsageStore store, Func<UsageRetention> retention, TimeProvider time)
{
    private static readonly string[] Orders = ["calls", "errors", "cost", "duration"];
    private static readonly string[] Groupings = ["key", "server", "tool"];
    private static readonly string[] Formats = ["csv", "jsonl"];

    private const UsageGrouping OfKey = UsageGrouping.Key;
    private const UsageGrouping OfServer = UsageGrouping.Upstream;
    private const UsageGrouping OfTool = UsageGrouping.Upstream | UsageGrouping.Name | UsageGrouping.Method;

    public Task<AdminAnswer> SummaryAsync(AdminRequest request) => AnswerAsync(request, async (queries, asked) =>
    {
        var counts = await queries.SumAsync(asked.Range, asked.Filter, request.ClientGone);
        return AdminAnswer.Of(json =>
        {
            WriteRange(json, asked.Range);
            UsageJson.Write(json, counts);
        });
    });

    public Task<AdminAnswer> TimeSeriesAsync(AdminRequest request) => AnswerAsync(request, async (queries, asked) =>
    {
        var series = await queries.SeriesAsync(asked.Range, asked.Filter, request.ClientGone);
        return List(asked.Range, series, (json, point) =>
        {
            json.WriteTime("at", point.At);
            UsageJson.Write(json, point.Counts);
        });
    });

    public Task<AdminAnswer> ByKeyAsync(AdminRequest request) => TopAsync(request, OfKey);

    public Task<AdminAnswer> ByServerAsync(AdminRequest request) => TopAsync(request, OfServer);

    public Task<AdminAnswer> ByToolAsync(AdminRequest request) => TopAsync(request, OfTool);

    public Task<AdminAnswer> TrendingAsync(AdminRequest request) => AnswerAsync(request, async (queries, asked) =>
    {
        var faults = new List<ConfigFault>();
        var groupBy = UsageParameters.OneOf(request, "by", Groupings, faults) switch
        {
            "key" => OfKey,
            "server" => OfServer,
            _ => OfTool,
        };
        if (faults.Count > 0)
        {
            return Wrong(faults);
        }

        var trends = await queries.TrendingAsync(asked.Range, asked.Filter, groupBy, asked.Limit, request.ClientGone);
        return List(asked.Range, trends, (json, trend) =>
        {
            UsageJson.WriteGroup(json, trend.Now, groupBy);
            json.WriteNumber("calls", trend.Now.Counts[UsageMeasure.Calls]);
            json.WriteNumber("callsBefore", trend.Before);
        });
    });

    public Task<AdminAnswer> ErrorsAsync(AdminRequest request) => AnswerAsync(request, async (queries, asked) =>
    {
        var faults = new List<ConfigFault>();
        var outcome = UsageParameters.OneOf(request, "outcome", CallOutcomes.Labels, faults) is { } label ? CallOutcomes.Find(label) : null;
        var before = Page.ReadNumber(request.Parameter("cursor"), faults);
        if (faults.Count > 0)
        {
            return Wrong(faults);
        }

        var query = new UsageFailureQuery(asked.From, asked.To, asked.Limit + 1) { Filter = asked.Filter, Outcome = outcome, Before = before };
        var failures = await queries.FailuresAsync(query, request.ClientGone);
        return AdminAnswer.Of(json =>
        {
            json.WriteItems(failures.Take(asked.Limit), UsageJson.Write);
            if (failures.Count > asked.Limit)
            {
                json.WriteString("nextCursor", failures[asked.Limit - 1].Id.ToString(CultureInfo.InvariantCulture));
            }
        });
    });

    public Task<AdminAnswer> LatencyAsync(AdminRequest request) => AnswerAsync(request, async (queries, asked) =>
    {
        var counts = await queries.SumAsync(asked.Range, asked.Filter, request.ClientGone);
        return AdminAnswer.Of(json =>
        {
            WriteRange(json, asked.Range);
            json.WriteNumber("calls", counts.Answered);
            UsageJson.WriteDistribution(json, counts);
        });
    });

    public Task<AdminAnswer> ExportAsync(AdminRequest request) => AnswerAsync(request, (queries, asked) =>
    {
        var faults = new List<ConfigFault>();
        var isTable = UsageParameters.OneOf(request, "format", Formats, faults) != "jsonl";
        if (faults.Count > 0)
        {
            return Task.FromResult(Wrong(faults));
        }

        var rows = queries.RowsAsync(asked.Range, asked.Filter, request.ClientGone);
        Func<PipeWriter, Task> write = isTable
            ? output => UsageExport.WriteCsvAsync(rows, output, request.ClientGone)
            : output => UsageExport.WriteJsonLinesAsync(rows, output, request.ClientGone);
        return Task.FromResult(AdminAnswer.OfStream(write, isTable ? "text/csv" : "application/jsonl", isTable ? "usage.csv" : "usage.jsonl"));
    });

    private Task<AdminAnswer> TopAsync(AdminRequest request, UsageGrouping groupBy) => AnswerAsync(request, async (queries, asked) =>
    {
        var faults = new List<ConfigFault>();
        var order = UsageParameters.OneOf(request, "order", Orders, faults) switch
        {
            "errors" => UsageOrder.Errors,
            "cost" => UsageOrder.Cost,
            "duration" => UsageOrder.Duration,
            _ => UsageOrder.Calls,
        };
        if (faults.Count > 0)
        {
            return Wrong(faults);
        }

        var rows = await queries.TopAsync(asked.Range, asked.Filter, groupBy, order, asked.Limit, request.ClientGone);
        return List(asked.Range, rows, (json, row) =>
        {
            UsageJson.WriteGroup(json, row, groupBy);
            UsageJson.Write(json, row.Counts);
        });
    });

    /// <summary>Reads what is asked and of which organization; only then are there queries to ask it of.</summary>
    private async Task<AdminAnswer> AnswerAsync(AdminRequest request, Func<UsageQueries, UsageParameters, Task<AdminAnswer>> answer)
    {
        var (asked, refusal) = UsageParameters.Read(request, retention(), time.GetUtcNow());
        return asked is null ? refusal! : await answer(new UsageQueries(store, asked.OrganizationId), asked);
    }

    private static AdminAnswer Wrong(List<ConfigFault> faults) => AdminAnswer.Of(Problem.Malformed("A parameter of the query is wrong.", faults));

    private static AdminAnswer List<T>(UsageRange range, IEnumerable<T> items, Action<Utf8JsonWriter, T> write) => AdminAnswer.Of(json =>
    {
        WriteRange(json, range);
        json.WriteItems(items, write);
    });

    /// <summary>What was summed up: at the boundaries of intervals, so it may begin earlier and end later than was asked for.</summary>
    private static void WriteRange(Utf8JsonWriter json, UsageRange range)
    {
        json.WriteString("interval", UsageRange.NameOf(range.Interval));
        json.WriteTime("from", DateTimeOffset.FromUnixTimeSeconds(range.From));
        json.WriteTime("to", DateTimeOffset.FromUnixTimeSeconds(range.To));
    }
}
