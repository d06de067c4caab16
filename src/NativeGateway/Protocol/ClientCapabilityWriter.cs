using System.Text.Json;

namespace NativeGateway.Protocol;

/// <summary>Writes client capabilities as the JSON object that servers read.</summary>
internal static class ClientCapabilityWriter
{
    private const ClientCapabilities Sampling =
        ClientCapabilities.Sampling | ClientCapabilities.SamplingTools | ClientCapabilities.SamplingContext;

    private const ClientCapabilities Elicitation = ClientCapabilities.ElicitationForm | ClientCapabilities.ElicitationUrl;

    /// <summary>Writes the whole object as a value.</summary>
    public static void Write(Utf8JsonWriter writer, ClientCapabilities capabilities)
    {
        writer.WriteStartObject();
        if (capabilities.HasFlag(ClientCapabilities.Roots))
        {
            writer.WriteStartObject("roots"u8);
            writer.WriteEndObject();
        }

        if ((capabilities & Sampling) != 0)
        {
            writer.WriteStartObject("sampling"u8);
            WriteIf(writer, "tools"u8, capabilities.HasFlag(ClientCapabilities.SamplingTools));
            WriteIf(writer, "context"u8, capabilities.HasFlag(ClientCapabilities.SamplingContext));
            writer.WriteEndObject();
        }

        if ((capabilities & Elicitation) != 0)
        {
            writer.WriteStartObject("elicitation"u8);
            WriteIf(writer, "form"u8, capabilities.HasFlag(ClientCapabilities.ElicitationForm));
            WriteIf(writer, "url"u8, capabilities.HasFlag(ClientCapabilities.ElicitationUrl));
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void WriteIf(Utf8JsonWriter writer, ReadOnlySpan<byte> name, bool condition)
    {
        if (condition)
        {
            writer.WriteStartObject(name);
            writer.WriteEndObject();
        }
    }
}
