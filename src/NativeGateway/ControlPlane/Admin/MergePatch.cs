using System.Buffers;
using System.Text.Json;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>JSON Merge Patch (RFC 7396): members that are given replace, null removes, what is not mentioned stays.</summary>
internal static class MergePatch
{
    /// <param name="writeTarget">Writes the members of the object that is changed.</param>
    public static JsonElement Apply(Action<Utf8JsonWriter> writeTarget, JsonElement patch)
    {
        var target = Parse(AdminAnswer.Write(writeTarget).Span);
        var merged = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(merged))
        {
            Merge(writer, target, patch);
        }

        return Parse(merged.WrittenSpan);
    }

    private static JsonElement Parse(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        return JsonElement.ParseValue(ref reader);
    }

    private static void Merge(Utf8JsonWriter writer, JsonElement target, JsonElement patch)
    {
        if (patch.ValueKind != JsonValueKind.Object)
        {
            patch.WriteTo(writer);
            return;
        }

        writer.WriteStartObject();
        var isObject = target.ValueKind == JsonValueKind.Object;
        foreach (var member in isObject ? target.EnumerateObject() : default)
        {
            if (!patch.TryGetProperty(member.Name, out var change))
            {
                member.WriteTo(writer);
            }
            else if (change.ValueKind != JsonValueKind.Null)
            {
                writer.WritePropertyName(member.Name);
                Merge(writer, member.Value, change);
            }
        }

        foreach (var member in patch.EnumerateObject())
        {
            if (member.Value.ValueKind != JsonValueKind.Null && !(isObject && target.TryGetProperty(member.Name, out _)))
            {
                writer.WritePropertyName(member.Name);
                Merge(writer, default, member.Value);
            }
        }

        writer.WriteEndObject();
    }
}
