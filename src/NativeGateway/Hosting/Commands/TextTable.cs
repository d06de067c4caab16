namespace NativeGateway.Hosting.Commands;

/// <summary>Columns for people. The last one is not padded.</summary>
internal sealed class TextTable(params string[] heads)
{
    private readonly List<string[]> _rows = [heads];

    public void Add(params string[] cells) => _rows.Add(cells);

    public void Print(TextWriter output)
    {
        var widths = Enumerable.Range(0, heads.Length).Select(column => _rows.Max(row => row[column].Length)).ToArray();
        foreach (var row in _rows)
        {
            output.WriteLine(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        }
    }
}
