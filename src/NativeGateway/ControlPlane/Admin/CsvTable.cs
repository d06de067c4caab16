using System.Text;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>Comma-separated values (RFC 4180): rows under a line of column names.</summary>
internal static class CsvTable
{
    /// <summary>The rows, each by column name; null with what is wrong. A quote that is never closed is the one thing that cannot be read.</summary>
    public static List<Dictionary<string, string>>? Read(string text, out string problem)
    {
        problem = "";
        if (ReadRows(text) is not { Count: > 0 } rows)
        {
            problem = "The table is empty, or a quote in it is not closed.";
            return null;
        }

        var heads = rows[0];
        var table = new List<Dictionary<string, string>>();
        foreach (var row in rows.Skip(1).Where(row => row is not [""]))
        {
            if (row.Count != heads.Count)
            {
                problem = $"Row {table.Count + 1} has {row.Count} cells, but there are {heads.Count} columns.";
                return null;
            }

            var cells = new Dictionary<string, string>(StringComparer.Ordinal);
            for (var i = 0; i < heads.Count; i++)
            {
                cells[heads[i]] = row[i];
            }

            table.Add(cells);
        }

        return table;
    }

    public static void WriteRow(StringBuilder text, IEnumerable<string> cells) => text.AppendJoin(',', cells.Select(Quoted)).Append("\r\n");

    private static string Quoted(string cell) =>
        cell.AsSpan().ContainsAny(",\"\r\n") ? $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : cell;

    private static List<List<string>>? ReadRows(string text)
    {
        var rows = new List<List<string>>();
        var row = new List<string>();
        var position = text.StartsWith('\uFEFF') ? 1 : 0;
        while (position < text.Length)
        {
            if (ReadCell(text, ref position) is not { } cell)
            {
                return null;
            }

            row.Add(cell);
            if (position < text.Length && text[position] == ',')
            {
                position++;
                if (position < text.Length)
                {
                    continue;
                }

                row.Add("");
            }

            position += text.AsSpan(position).StartsWith("\r\n") ? 2 : 1;
            rows.Add(row);
            row = [];
        }

        return rows;
    }

    private static string? ReadCell(string text, ref int position)
    {
        if (text[position] != '"')
        {
            var length = text.AsSpan(position).IndexOfAny(",\r\n");
            var plain = length < 0 ? text[position..] : text.Substring(position, length);
            position += plain.Length;
            return plain;
        }

        var cell = new StringBuilder();
        for (position++; position < text.Length; position++)
        {
            if (text[position] != '"')
            {
                cell.Append(text[position]);
            }
            else if (position + 1 < text.Length && text[position + 1] == '"')
            {
                cell.Append('"');
                position++;
            }
            else
            {
                position++;
                return cell.ToString();
            }
        }

        return null;
    }
}
