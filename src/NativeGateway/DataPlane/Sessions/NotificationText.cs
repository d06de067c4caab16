using System.Buffers;
using System.Text.Json;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Sessions;

/// <summary>The notifications that the gateway itself sends, as complete messages.</summary>
internal static class NotificationText
{
    /// <param name="subscription">Raw id token of the modern listen stream it goes out on; empty toward legacy clients.</param>
    public static ReadOnlyMemory<byte> ListChanged(McpMethod notification, ReadOnlySpan<byte> subscription)
    {
        var buffer = new ArrayBufferWriter<byte>(192);
        using var writer = new Utf8JsonWriter(buffer);
        Begin(writer, notification);
        if (!subscription.IsEmpty)
        {
            writer.WriteStartObject("params"u8);
            WriteTag(writer, subscription);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenMemory;
    }

    /// <param name="uri">As the client knows it.</param>
    /// <param name="subscription">As for <see cref="ListChanged"/>.</param>
    public static ReadOnlyMemory<byte> ResourceUpdated(string uri, ReadOnlySpan<byte> subscription)
    {
        var buffer = new ArrayBufferWriter<byte>(192);
        using var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JsonText.Encoder });
        Begin(writer, McpMethod.NotifyResourceUpdated);
        writer.WriteStartObject("params"u8);
        if (!subscription.IsEmpty)
        {
            WriteTag(writer, subscription);
        }

        writer.WriteString("uri"u8, uri);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenMemory;
    }

    /// <summary>The first message of a listen stream: what of the asked-for filter is honoured (2026-07-28, basic/patterns/subscriptions).</summary>
    /// <param name="resources">URIs as the client wrote them.</param>
    public static ReadOnlyMemory<byte> Acknowledged(IEnumerable<string> types, IReadOnlyCollection<string> resources, ReadOnlySpan<byte> subscription)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JsonText.Encoder });
        Begin(writer, McpMethod.NotifySubscriptionsAcknowledged);
        writer.WriteStartObject("params"u8);
        WriteTag(writer, subscription);
        writer.WriteStartObject("notifications"u8);
        foreach (var name in types)
        {
            writer.WriteBoolean(name, true);
        }

        if (resources.Count > 0)
        {
            writer.WriteStartArray("resourceSubscriptions"u8);
            foreach (var uri in resources)
            {
                writer.WriteStringValue(uri);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenMemory;
    }

    /// <summary>The result by which the gateway itself ends a listen stream.</summary>
    public static ReadOnlyMemory<byte> ListenEnded(ReadOnlySpan<byte> subscription)
    {
        var buffer = new ArrayBufferWriter<byte>(128);
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartObject();
        writer.WriteString("resultType"u8, "complete"u8);
        WriteTag(writer, subscription);
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenMemory;
    }

    /// <summary>Tells an upstream that nobody waits for a request any more.</summary>
    /// <param name="requestId">The raw id token of the request.</param>
    public static ReadOnlyMemory<byte> Cancelled(ReadOnlySpan<byte> requestId)
    {
        var buffer = new ArrayBufferWriter<byte>(128);
        using var writer = new Utf8JsonWriter(buffer);
        Begin(writer, McpMethod.NotifyCancelled);
        writer.WriteStartObject("params"u8);
        writer.WritePropertyName("requestId"u8);
        writer.WriteRawValue(requestId, skipInputValidation: true);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenMemory;
    }

    private static void Begin(Utf8JsonWriter writer, McpMethod notification)
    {
        writer.WriteStartObject();
        writer.WriteString("jsonrpc"u8, "2.0"u8);
        writer.WriteString("method"u8, McpMethods.Text(notification));
    }

    private static void WriteTag(Utf8JsonWriter writer, ReadOnlySpan<byte> subscription)
    {
        writer.WriteStartObject("_meta"u8);
        writer.WritePropertyName(MetaKeys.SubscriptionId);
        writer.WriteRawValue(subscription, skipInputValidation: true);
        writer.WriteEndObject();
    }
}
