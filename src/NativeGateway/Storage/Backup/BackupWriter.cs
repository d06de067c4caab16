using System.Buffers;
using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace NativeGateway.Storage.Backup;

/// <summary>
/// Writes a backup: lines of JSON. First a head, then for each table its name and columns and its rows, last the number of rows and the SHA-256
/// of all bytes before. Nothing in it tells which database it came from. Sealed values stay sealed.
/// </summary>
internal sealed class BackupWriter : IDisposable
{
    public const string Format = "native-gateway-backup";
    public const int FormatVersion = 1;

    private static readonly JsonWriterOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Stream _output;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly ArrayBufferWriter<byte> _line = new();
    private long _rows;

    private BackupWriter(Stream output) => _output = output;

    public void Dispose() => _hash.Dispose();

    /// <summary>Writes all tables, as the transaction sees them.</summary>
    /// <param name="output">Is written from its beginning, because a transaction may be begun again.</param>
    /// <exception cref="StoreConfigurationException">The schema has another version.</exception>
    public static async Task<BackupSummary> WriteAsync(StoreTransaction transaction, Stream output, DateTimeOffset now, CancellationToken cancellationToken)
    {
        output.SetLength(0);
        using var writer = new BackupWriter(output);
        var present = Convert.ToInt32(
            await transaction.ScalarAsync("SELECT MAX(version) FROM schema_migrations", cancellationToken), CultureInfo.InvariantCulture);
        if (present != Migrator.Newest)
        {
            throw new StoreConfigurationException(
                $"The database's schema has version {present} and this program's {Migrator.Newest}. Take the backup with the version that runs on it, or run migrate first.");
        }

        writer.WriteHead(now);
        foreach (var table in StoredTables.All)
        {
            writer.WriteTable(table);
            await transaction.VisitAsync(table.Select, [], row => writer.WriteRow(table, row), cancellationToken);
        }
        writer.WriteEnd();
        return new BackupSummary(Migrator.Newest, now, writer._rows);
    }

    private void WriteHead(DateTimeOffset now) => WriteLine(json =>
    {
        json.WriteStartObject();
        json.WriteString("format", Format);
        json.WriteNumber("version", FormatVersion);
        json.WriteNumber("schema", Migrator.Newest);
        json.WriteString("createdAt", now.UtcDateTime);
        json.WriteEndObject();
    });

    private void WriteTable(StoredTable table) => WriteLine(json =>
    {
        json.WriteStartObject();
        json.WriteString("table", table.Name);
        json.WriteStartArray("columns");
        foreach (var column in table.Columns)
        {
            json.WriteStringValue(column.Name);
        }
        json.WriteEndArray();
        json.WriteEndObject();
    });

    private void WriteRow(StoredTable table, DbDataReader row)
    {
        _rows++;
        WriteLine(json =>
        {
            json.WriteStartArray();
            for (var column = 0; column < table.Columns.Count; column++)
            {
                StoredValue.Write(json, row, column, table.Columns[column].Kind);
            }
            json.WriteEndArray();
        });
    }

    private void WriteEnd()
    {
        var checksum = Convert.ToHexStringLower(_hash.GetCurrentHash());
        WriteLine(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("rows", _rows);
            json.WriteString("sha256", checksum);
            json.WriteEndObject();
        });
    }

    private void WriteLine(Action<Utf8JsonWriter> write)
    {
        _line.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(_line, s_json))
        {
            write(json);
        }
        _line.Write("\n"u8);
        _hash.AppendData(_line.WrittenSpan);
        try
        {
            _output.Write(_line.WrittenSpan);
        }
        catch (IOException e)
        {
            // Or it would pass for a fault of the database.
            throw new StoreConfigurationException($"The backup cannot be written: {e.Message}", e);
        }
    }
}

/// <summary>What a backup holds.</summary>
/// <param name="Schema">The version of the schema that its tables have.</param>
internal sealed record BackupSummary(int Schema, DateTimeOffset CreatedAt, long Rows);
