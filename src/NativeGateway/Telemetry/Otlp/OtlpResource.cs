namespace NativeGateway.Telemetry.Otlp;

/// <summary>The parts that both signals have in common: attributes, and who exports (opentelemetry/proto/common/v1, resource/v1).</summary>
internal static class OtlpResource
{
    private const string ScopeName = "native-gateway";

    /// <summary>Members of a <c>ResourceSpans</c> or <c>ResourceMetrics</c> up to its scope, which <paramref name="scope"/> fills.</summary>
    public static void Write(ProtobufWriter writer, IReadOnlyList<KeyValuePair<string, string>> attributes, Action<ProtobufWriter> scope)
    {
        var whole = writer.Begin(1);
        var resource = writer.Begin(1);
        foreach (var (name, value) in attributes)
        {
            Attribute(writer, 1, name, value);
        }

        writer.End(resource);
        var scoped = writer.Begin(2);
        var library = writer.Begin(1);
        writer.Text(1, ScopeName);
        writer.End(library);
        scope(writer);
        writer.End(scoped);
        writer.End(whole);
    }

    public static void Attribute(ProtobufWriter writer, int field, string name, ReadOnlySpan<char> value)
    {
        var (attribute, any) = BeginAttribute(writer, field, name);
        writer.Text(1, value);
        writer.End(any);
        writer.End(attribute);
    }

    public static void Attribute(ProtobufWriter writer, int field, string name, ReadOnlySpan<byte> utf8)
    {
        var (attribute, any) = BeginAttribute(writer, field, name);
        writer.Utf8(1, utf8);
        writer.End(any);
        writer.End(attribute);
    }

    public static void Attribute(ProtobufWriter writer, int field, string name, long value)
    {
        var (attribute, any) = BeginAttribute(writer, field, name);
        writer.Number(3, value);
        writer.End(any);
        writer.End(attribute);
    }

    private static (int Attribute, int Any) BeginAttribute(ProtobufWriter writer, int field, string name)
    {
        var attribute = writer.Begin(field);
        writer.Text(1, name);
        return (attribute, writer.Begin(2));
    }
}
