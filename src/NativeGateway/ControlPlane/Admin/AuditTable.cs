using System.Text;
using System.Text.Json;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>Audit entries as a table, made from their JSON, which is what the command line has too.</summary>
internal static class AuditTable
{
    private static readonly string[] Columns =
    [
        "sequence", "at", "until", "count", "organizationId", "actor.kind", "actor.id", "actor.address", "action", "resource.type", "resource.id", "fields",
        "outcome", "requestId", "hash",
    ];

    public static string Head => Line(Columns);

    public static string Row(JsonElement entry) => Line(Columns.Select(column => Cell(entry, column)));

    /// <param name="path">A member, or one of a member after a dot; empty when there is none.</param>
    public static string Cell(JsonElement entry, string path)
    {
        foreach (var name in path.Split('.'))
        {
            if (!entry.TryGetProperty(name, out entry))
            {
                return "";
            }
        }

        return entry.ValueKind == JsonValueKind.Array ? string.Join(' ', entry.EnumerateArray()) : entry.ToString();
    }

    private static string Line(IEnumerable<string> cells)
    {
        var text = new StringBuilder();
        CsvTable.WriteRow(text, cells);
        return text.ToString();
    }
}
