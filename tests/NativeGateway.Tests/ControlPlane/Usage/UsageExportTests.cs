using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using NativeGateway.ControlPlane.Usage;
using NativeGateway.Storage;

namespace NativeGateway.Tests.ControlPlane.Usage;

public sealed class UsageExportTests
{
    private const string Head =
        "at,workspaceId,keyId,serverId,server,name,method,calls,errors,toolErrors,refused,cancelled,durationMs,upstreamMs,bytesIn,bytesOut,cost\r\n";

    [Fact]
    public async Task A_row_is_a_line_of_csv()
    {
        var text = await WriteAsync(UsageExport.WriteCsvAsync, Row("read"));

        Assert.Equal(
            Head + "2026-01-01T00:00:00Z,00000000-0000-0000-0000-00000000000b,abcdefghijkl,,,read,tools/call,1,0,0,0,0,10,9,100,1000,0.0025\r\n", text);
    }

    [Theory]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("say \"hi\"", "\"say \"\"hi\"\"\"")]
    [InlineData("=HYPERLINK(1)", "'=HYPERLINK(1)")]
    [InlineData("+1", "'+1")]
    [InlineData("@sum", "'@sum")]
    public async Task A_name_cannot_break_out_of_its_field(string name, string field)
    {
        var text = await WriteAsync(UsageExport.WriteCsvAsync, Row(name));

        Assert.Contains($",,{field},tools/call,", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_row_is_a_line_of_json()
    {
        var lines = (await WriteAsync(UsageExport.WriteJsonLinesAsync, Row("read"), Row("say \"hi\"\n"))).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(2, lines.Length);
        var (first, second) = (JsonDocument.Parse(lines[0]).RootElement, JsonDocument.Parse(lines[1]).RootElement);
        Assert.Equal(Head.Trim().Split(','), first.EnumerateObject().Select(member => member.Name));
        Assert.Equal(0.0025m, first.GetProperty("cost").GetDecimal());
        Assert.Equal("say \"hi\"\n", second.GetProperty("name").GetString());
    }

    [Fact]
    public async Task Rows_leave_as_they_come()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 32 * 1024, resumeWriterThreshold: 16 * 1024));
        var asked = 0;
        var writing = UsageExport.WriteCsvAsync(Many(), pipe.Writer, CancellationToken.None);

        // Nobody reads: the export waits instead of taking all rows into memory.
        Assert.False(writing.IsCompleted);
        Assert.InRange(asked, 1, 2_000);
        await pipe.Reader.CompleteAsync();
        await writing.WaitAsync(NativeGateway.Shared.TestTime.Limit);

        async IAsyncEnumerable<UsageRow> Many()
        {
            for (; asked < 10_000; asked++)
            {
                yield return Row("read");
            }

            await Task.CompletedTask;
        }
    }

    private static UsageRow Row(string name)
    {
        var call = UsageSamples.Call(name);
        var counts = new UsageCounts();
        counts.Add(call);
        var key = new UsageKey(call.At.ToUnixTimeSeconds(), call.OrganizationId, call.WorkspaceId, call.KeyId, Guid.Empty, name, call.Method);
        return new UsageRow(key, "", counts);
    }

    private static async Task<string> WriteAsync(Func<IAsyncEnumerable<UsageRow>, PipeWriter, CancellationToken, Task> write, params UsageRow[] rows)
    {
        using var stream = new MemoryStream();
        var output = PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true));
        await write(All(rows), output, CancellationToken.None);
        await output.CompleteAsync();
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static async IAsyncEnumerable<UsageRow> All(UsageRow[] rows)
    {
        foreach (var row in rows)
        {
            yield return row;
        }

        await Task.CompletedTask;
    }
}
