using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Usage;

/// <summary>Writes rows of usage as CSV (RFC 4180) or as JSON lines, row by row as the reader takes them. Both have the same members in the same order.</summary>
internal static class UsageExport
{
    private const int FlushBytes = 16 * 1024;

    private static readonly string[] Heads = ["at", "workspaceId", "keyId", "serverId", "server", "name", "method"];

    private static readonly (string Name, Func<UsageCounts, decimal> Value)[] Numbers =
    [
        ("calls", counts => counts[UsageMeasure.Calls]),
        ("errors", counts => counts.Errors),
        ("toolErrors", counts => counts[UsageMeasure.ToolErrors]),
        ("refused", counts => counts.Refused),
        ("cancelled", counts => counts[UsageMeasure.Cancelled]),
        ("durationMs", counts => counts[UsageMeasure.DurationMicros] / 1_000m),
        ("upstreamMs", counts => counts[UsageMeasure.UpstreamMicros] / 1_000m),
        ("bytesIn", counts => counts[UsageMeasure.BytesIn]),
        ("bytesOut", counts => counts[UsageMeasure.BytesOut]),
        ("cost", counts => counts[UsageMeasure.CostMicros] / 1_000_000m),
    ];

    public static async Task WriteCsvAsync(IAsyncEnumerable<UsageRow> rows, PipeWriter output, CancellationToken cancellationToken)
    {
        // The heads wait for the first row: until then a fault of the database can still be told as one.
        var isEmpty = true;
        await foreach (var row in rows.WithCancellation(cancellationToken))
        {
            if (isEmpty)
            {
                isEmpty = false;
                WriteHeads(output);
            }

            var numbers = Array.ConvertAll(Numbers, number => number.Value(row.Counts).ToString(CultureInfo.InvariantCulture));
            Line(output, [.. Array.ConvertAll(TextsOf(row), Field), .. numbers]);
            await FlushAsync(output, cancellationToken);
        }

        if (isEmpty)
        {
            WriteHeads(output);
        }

        await output.FlushAsync(cancellationToken);
    }

    public static async Task WriteJsonLinesAsync(IAsyncEnumerable<UsageRow> rows, PipeWriter output, CancellationToken cancellationToken)
    {
        await foreach (var row in rows.WithCancellation(cancellationToken))
        {
            WriteJson(output, row);
            output.Write("\n"u8);
            await FlushAsync(output, cancellationToken);
        }

        await output.FlushAsync(cancellationToken);
    }

    private static void WriteHeads(PipeWriter output) => Line(output, [.. Heads, .. Array.ConvertAll(Numbers, number => number.Name)]);

    private static void WriteJson(PipeWriter output, UsageRow row)
    {
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        var texts = TextsOf(row);
        for (var i = 0; i < Heads.Length; i++)
        {
            json.WriteString(Heads[i], texts[i]);
        }

        foreach (var (name, value) in Numbers)
        {
            json.WriteNumber(name, value(row.Counts));
        }

        json.WriteEndObject();
    }

    private static string[] TextsOf(UsageRow row) =>
    [
        DateTimeOffset.FromUnixTimeSeconds(row.Key.At).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        row.Key.WorkspaceId.ToString(),
        row.Key.KeyId,
        row.Key.UpstreamId == Guid.Empty ? "" : row.Key.UpstreamId.ToString(),
        row.UpstreamKey,
        row.Key.Name,
        row.Key.Method.Label(),
    ];

    /// <summary>A name that a spreadsheet would take for a formula is given an apostrophe; it comes from a server, not from the operator.</summary>
    private static string Field(string text)
    {
        var safe = text is ['=' or '+' or '-' or '@', ..] ? "'" + text : text;
        return safe.AsSpan().ContainsAny(',', '"', '\n') || safe.Contains('\r', StringComparison.Ordinal)
            ? $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
            : safe;
    }

    private static void Line(PipeWriter output, string[] fields) => Encoding.UTF8.GetBytes(string.Join(',', fields) + "\r\n", output);

    private static async ValueTask FlushAsync(PipeWriter output, CancellationToken cancellationToken)
    {
        if (output.UnflushedBytes >= FlushBytes)
        {
            await output.FlushAsync(cancellationToken);
        }
    }
}
