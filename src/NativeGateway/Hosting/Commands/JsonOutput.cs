using System.Buffers;
using System.Text;
using System.Text.Json;
using NativeGateway.Protocol;

namespace NativeGateway.Hosting.Commands;

/// <summary>Writes what <c>--json</c> asks for: indented, camelCase, times in UTC.</summary>
internal static class JsonOutput
{
    private static readonly JsonWriterOptions Options = new() { Indented = true, Encoder = JsonText.Encoder };

    public static void Print(TextWriter output, Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            write(json);
        }

        output.WriteLine(Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    public static void PrintList<T>(TextWriter output, IEnumerable<T> items, Action<Utf8JsonWriter, T> write) => Print(output, json =>
    {
        json.WriteStartArray();
        foreach (var item in items)
        {
            write(json, item);
        }

        json.WriteEndArray();
    });
}
