using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Admin;

/// <summary><c>/audit</c>: who did what. Administrators see what concerns their organization, those of the instance everything.</summary>
internal sealed class AuditApi(IAuditStore store)
{
    private const int ExportSlice = 500;

    public async Task<AdminAnswer> ListAsync(AdminRequest request)
    {
        var faults = new List<ConfigFault>();
        var (limit, after) = Page.Read(request, faults);
        long behind = 0;
        if (after is not null && !long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out behind))
        {
            faults.Add(new ConfigFault("cursor", "is none that this list gave; begin without one"));
        }

        var query = AuditQueryReader.Read(request, faults) with { Behind = after is null ? null : behind };
        if (faults.Count > 0)
        {
            return AdminAnswer.Of(Problem.Malformed("A parameter of the query is wrong.", faults));
        }

        var found = await store.ListAsync(query, limit + 1, request.ClientGone);
        return Page.Answer(found, limit, record => record.Sequence.ToString(CultureInfo.InvariantCulture), AuditJson.Write);
    }

    public async Task<AdminAnswer> VerifyAsync(AdminRequest request)
    {
        var verdict = await store.VerifyAsync(request.ClientGone);
        return AdminAnswer.Of(json => AuditJson.Write(json, verdict));
    }

    public Task<AdminAnswer> ExportAsync(AdminRequest request)
    {
        var faults = new List<ConfigFault>();
        var query = AuditQueryReader.Read(request, faults) with { OldestFirst = true };
        var isTable = request.Parameter("format") is "csv";
        if (!isTable && request.Parameter("format") is not (null or "jsonl"))
        {
            faults.Add(new ConfigFault("format", "must be jsonl or csv"));
        }

        return Task.FromResult(faults.Count > 0
            ? AdminAnswer.Of(Problem.Malformed("A parameter of the query is wrong.", faults))
            : AdminAnswer.OfStream(
                output => WriteAsync(query, isTable, output, request.ClientGone),
                isTable ? "text/csv; charset=utf-8" : "application/jsonl",
                isTable ? "audit.csv" : "audit.jsonl"));
    }

    private async Task WriteAsync(AuditQuery query, bool isTable, PipeWriter output, CancellationToken cancellationToken)
    {
        if (isTable)
        {
            Encoding.UTF8.GetBytes(AuditTable.Head, output);
        }

        IReadOnlyList<AuditRecord> slice;
        do
        {
            slice = await store.ListAsync(query, ExportSlice, cancellationToken);
            foreach (var record in slice)
            {
                var json = AdminAnswer.Write(writer => AuditJson.Write(writer, record));
                if (isTable)
                {
                    Encoding.UTF8.GetBytes(AuditTable.Row(Parse(json.Span)), output);
                }
                else
                {
                    output.Write(json.Span);
                    output.Write("\n"u8);
                }

                query = query with { Behind = record.Sequence };
            }

            await output.FlushAsync(cancellationToken);
        }
        while (slice.Count == ExportSlice);
    }

    private static JsonElement Parse(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        return JsonElement.ParseValue(ref reader);
    }
}
