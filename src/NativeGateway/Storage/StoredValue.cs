using System.Data.Common;
using System.Globalization;
using System.Text.Json;

namespace NativeGateway.Storage;

/// <summary>
/// A column's value between a database and JSON, the same for both databases: numbers and flags as such, decimals as text (they keep their
/// digits, but for zeros at the end), times in UTC and microseconds, bytes in base64.
/// </summary>
internal static class StoredValue
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    /// <summary>For people and programs that know nothing of backups: members with names, and stored JSON as JSON.</summary>
    public static void WriteRow(Utf8JsonWriter json, DbDataReader row, StoredTable table)
    {
        json.WriteStartObject();
        for (var column = 0; column < table.Columns.Count; column++)
        {
            json.WritePropertyName(table.Columns[column].Name);
            if (table.Columns[column].Kind == ColumnKind.Json)
            {
                json.WriteRawValue(Rows.Bytes(row, column));
            }
            else
            {
                Write(json, row, column, table.Columns[column].Kind);
            }
        }
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, DbDataReader row, int column, ColumnKind kind)
    {
        if (row.IsDBNull(column))
        {
            json.WriteNullValue();
            return;
        }
        switch (kind)
        {
            case ColumnKind.Uuid:
                json.WriteStringValue(row.GetGuid(column));
                break;
            case ColumnKind.Integer:
                // Postgres gives each width as its own type.
                json.WriteNumberValue(Convert.ToInt64(row.GetValue(column), CultureInfo.InvariantCulture));
                break;
            case ColumnKind.Flag:
                json.WriteBooleanValue(row.GetBoolean(column));
                break;
            case ColumnKind.Decimal:
                json.WriteStringValue(row.GetDecimal(column).ToString("0.############################", CultureInfo.InvariantCulture));
                break;
            case ColumnKind.Time:
                json.WriteStringValue(row.GetFieldValue<DateTimeOffset>(column).UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture));
                break;
            case ColumnKind.Bytes or ColumnKind.Json:
                json.WriteBase64StringValue(Rows.Bytes(row, column));
                break;
            default:
                json.WriteStringValue(row.GetString(column));
                break;
        }
    }

    /// <exception cref="FormatException">It is none of that kind.</exception>
    /// <exception cref="InvalidOperationException">It is none of that kind.</exception>
    public static object? Read(JsonElement value, ColumnKind kind) => value.ValueKind == JsonValueKind.Null ? null : kind switch
    {
        ColumnKind.Uuid => value.GetGuid(),
        ColumnKind.Integer => value.GetInt64(),
        ColumnKind.Flag => value.GetBoolean(),
        ColumnKind.Decimal => decimal.Parse(value.GetString()!, NumberStyles.Number, CultureInfo.InvariantCulture),
        ColumnKind.Time => DateTimeOffset.ParseExact(value.GetString()!, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal),
        ColumnKind.Bytes or ColumnKind.Json => value.GetBytesFromBase64(),
        _ => value.GetString(),
    };
}
