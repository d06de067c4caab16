using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace NativeGateway.Storage.Backup;

/// <summary>One row of a backup.</summary>
internal sealed record BackupRow(StoredTable Table, Column[] Values);

/// <summary>Reads what <see cref="BackupWriter"/> wrote, as often as one likes; whatever is wrong with it is told as a <see cref="StoreConfigurationException"/>.</summary>
/// <param name="file">Stays open between two readings, so that both read the same.</param>
internal sealed class BackupReader(Stream file)
{
    /// <summary>Reads all of it and keeps nothing: afterwards it is known to be whole and to fit this program.</summary>
    public BackupSummary Check()
    {
        BackupSummary? summary = null;
        foreach (var _ in Read(read => summary = read))
        {
        }
        return summary!;
    }

    /// <summary>The rows in the order of their tables. What is missing at the end is told after the last row.</summary>
    public IEnumerable<BackupRow> Read() => Read(_ => { });

    private IEnumerable<BackupRow> Read(Action<BackupSummary> finish)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        file.Position = 0;
        using var lines = new StreamReader(file, new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: false, leaveOpen: true);
        var (text, line) = NextLine(lines);
        var summary = ReadHead(line);
        (StoredTable Table, StoredColumn[] Columns)? table = null;
        while (true)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(text + "\n"));
            (text, line) = NextLine(lines);
            if (line.ValueKind == JsonValueKind.Array)
            {
                yield return ReadRow(line, table ?? throw Broken("a row stands before the name of its table"));
                summary = summary with { Rows = summary.Rows + 1 };
            }
            else if (line.TryGetProperty("table", out _))
            {
                table = ReadTable(line);
            }
            else
            {
                CheckEnd(line, summary.Rows, hash.GetCurrentHash());
                finish(lines.Read() < 0 ? summary : throw Broken("something stands behind its end"));
                yield break;
            }
        }
    }

    private static (string Text, JsonElement Line) NextLine(StreamReader lines) => Guard(() =>
    {
        var text = lines.ReadLine() ?? throw Broken("its end is missing");
        using var document = JsonDocument.Parse(text);
        return document.RootElement.ValueKind is JsonValueKind.Array or JsonValueKind.Object
            ? (text, document.RootElement.Clone())
            : throw Broken("a line is neither a list nor an object");
    });

    private static BackupSummary ReadHead(JsonElement head) => Guard(() =>
    {
        if (head.ValueKind != JsonValueKind.Object || !head.TryGetProperty("format", out var format) || format.GetString() != BackupWriter.Format)
        {
            throw Broken("it does not begin like one");
        }
        var version = head.GetProperty("version").GetInt32();
        var schema = head.GetProperty("schema").GetInt32();
        return version > BackupWriter.FormatVersion ? throw Newer($"its format has version {version}, this program knows {BackupWriter.FormatVersion}")
            : schema > Migrator.Newest ? throw Newer($"its schema has version {schema}, this program knows {Migrator.Newest}")
            : new BackupSummary(schema, head.GetProperty("createdAt").GetDateTimeOffset(), 0);
    });

    private static (StoredTable Table, StoredColumn[] Columns) ReadTable(JsonElement line) => Guard(() =>
    {
        var table = StoredTables.Find(line.GetProperty("table").GetString()!) ?? throw Newer("it has a table that this program does not know");
        var columns = new List<StoredColumn>();
        foreach (var name in line.GetProperty("columns").EnumerateArray())
        {
            columns.Add(table.Columns.FirstOrDefault(column => column.Name == name.GetString()) ?? throw Newer("it has a column that this program does not know"));
        }
        return (table, columns.ToArray());
    });

    private static BackupRow ReadRow(JsonElement line, (StoredTable Table, StoredColumn[] Columns) table) => Guard(() =>
    {
        if (line.GetArrayLength() != table.Columns.Length)
        {
            throw Broken("a row has not as many values as its table has columns");
        }
        var values = new Column[table.Columns.Length];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = new Column(table.Columns[i].Name, StoredValue.Read(line[i], table.Columns[i].Kind));
        }
        return new BackupRow(table.Table, values);
    });

    private static void CheckEnd(JsonElement end, long rows, byte[] checksum)
    {
        if (!Guard(() => end.GetProperty("rows").GetInt64() == rows && end.GetProperty("sha256").ValueEquals(Convert.ToHexStringLower(checksum))))
        {
            throw Broken("its checksum is another one");
        }
    }

    private static T Guard<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or KeyNotFoundException or DecoderFallbackException or IOException)
        {
            throw Broken("a line cannot be read", e);
        }
    }

    private static StoreConfigurationException Broken(string what, Exception? inner = null) =>
        new($"The file is no whole backup: {what}. Nothing was changed; take another one.", inner);

    private static StoreConfigurationException Newer(string what) =>
        new($"The backup was made by a newer program: {what}. Nothing was changed; restore it with the version that made it.");
}
