using System.Globalization;
using System.Text.Json;
using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>Audit entries, with all that their hashes are made of; see <see cref="AuditChain"/>.</summary>
internal static class AuditJson
{
    public static void Write(Utf8JsonWriter json, AuditRecord record)
    {
        var entry = record.Entry;
        json.WriteNumber("sequence", record.Sequence);
        json.WriteString("at", Time(entry.At));
        json.WriteString("action", entry.Action);
        json.WriteString("outcome", entry.Outcome);
        json.WriteStartObject("actor");
        json.WriteString("kind", entry.Actor.Kind);
        WriteText(json, "id", entry.Actor.Id);
        WriteText(json, "address", entry.Actor.Address);
        json.WriteEndObject();
        if (entry.ResourceType is { } type)
        {
            json.WriteStartObject("resource");
            json.WriteString("type", type);
            WriteText(json, "id", entry.ResourceId);
            json.WriteEndObject();
        }

        json.WriteTexts("fields", entry.Fields);
        WriteText(json, "organizationId", entry.OrganizationId?.ToString());
        WriteText(json, "requestId", entry.RequestId);
        json.WriteNumber("count", entry.Count);
        WriteText(json, "until", entry.Until is { } until ? Time(until) : null);
        json.WriteString("hash", Convert.ToHexStringLower(record.Hash));
    }

    public static void Write(Utf8JsonWriter json, AuditVerdict verdict)
    {
        json.WriteBoolean("ok", verdict.Faults.Count == 0);
        json.WriteNumber("first", verdict.First);
        json.WriteNumber("last", verdict.Last);
        json.WriteString("head", Convert.ToHexStringLower(verdict.Head));
        json.WriteStartArray("faults");
        foreach (var fault in verdict.Faults)
        {
            json.WriteStartObject();
            json.WriteNumber("sequence", fault.Sequence);
            json.WriteString("what", fault.What);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>To the microsecond, which is what the hash is made of.</summary>
    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    private static void WriteText(Utf8JsonWriter json, string name, string? text)
    {
        if (text is not null)
        {
            json.WriteString(name, text);
        }
    }
}
