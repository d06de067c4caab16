using System.Buffers;
using System.Text.Json;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>What the gateway itself says to upstreams. Ids are raw JSON tokens.</summary>
internal static class HandshakeMessages
{
    public static readonly string Version = typeof(HandshakeMessages).Assembly.GetName().Version?.ToString(3) ?? "0";

    public static readonly ReadOnlyMemory<byte> Initialized = """{"jsonrpc":"2.0","method":"notifications/initialized"}"""u8.ToArray();

    /// <summary>Declares exactly those capabilities, because a legacy upstream learns them only here (2025-11-25, basic/lifecycle).</summary>
    public static byte[] Initialize(ReadOnlySpan<byte> id, ClientCapabilities capabilities) =>
        Request(id, McpMethod.Initialize, writer =>
        {
            writer.WriteString("protocolVersion"u8, ProtocolRevision.NewestLegacy.Text);
            writer.WritePropertyName("capabilities"u8);
            ClientCapabilityWriter.Write(writer, capabilities);
            WriteClientInfo(writer, "clientInfo"u8);
        });

    public static byte[] Discover(ReadOnlySpan<byte> id) => Request(id, McpMethod.ServerDiscover, WriteMeta);

    /// <summary>Asks for the notifications of those lists whose upstream capabilities say that they may change; null when none do.</summary>
    public static byte[]? Listen(ReadOnlySpan<byte> id, ReadOnlyMemory<byte> serverCapabilities)
    {
        var tools = Advertises(serverCapabilities.Span, "tools"u8);
        var prompts = Advertises(serverCapabilities.Span, "prompts"u8);
        var resources = Advertises(serverCapabilities.Span, "resources"u8);
        return !tools && !prompts && !resources ? null : Request(id, McpMethod.SubscriptionsListen, writer =>
        {
            WriteMeta(writer);
            writer.WriteStartObject("notifications"u8);
            WriteIf(writer, "toolsListChanged"u8, tools);
            WriteIf(writer, "promptsListChanged"u8, prompts);
            WriteIf(writer, "resourcesListChanged"u8, resources);
            writer.WriteEndObject();
        });
    }

    /// <summary>Asks a modern upstream for the updates of one resource.</summary>
    public static byte[] ListenTo(ReadOnlySpan<byte> id, string uri) => Request(id, McpMethod.SubscriptionsListen, writer =>
    {
        WriteMeta(writer);
        writer.WriteStartObject("notifications"u8);
        writer.WriteStartArray("resourceSubscriptions"u8);
        writer.WriteStringValue(uri);
        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    /// <summary>Asks a legacy upstream for the updates of one resource, or to end them.</summary>
    /// <param name="method"><c>resources/subscribe</c> or <c>resources/unsubscribe</c>.</param>
    public static byte[] Subscription(ReadOnlySpan<byte> id, McpMethod method, string uri) =>
        Request(id, method, writer => writer.WriteString("uri"u8, uri));

    public static byte[] SetLevel(ReadOnlySpan<byte> id, LogLevelName level) => Request(id, McpMethod.LoggingSetLevel, writer =>
    {
        writer.WritePropertyName("level"u8);
        writer.WriteRawValue(LogLevelNames.Token(level));
    });

    public static byte[] Ping(ReadOnlySpan<byte> id) => [.. "{\"jsonrpc\":\"2.0\",\"id\":"u8, .. id, .. ",\"method\":\"ping\"}"u8];

    public static byte[] EmptyResult(ReadOnlySpan<byte> id) => [.. "{\"jsonrpc\":\"2.0\",\"id\":"u8, .. id, .. ",\"result\":{}}"u8];

    public static byte[] MethodNotFound(ReadOnlySpan<byte> id) =>
        [.. "{\"jsonrpc\":\"2.0\",\"id\":"u8, .. id, .. ",\"error\":{\"code\":-32601,\"message\":\"Method not found\"}}"u8];

    private static byte[] Request(ReadOnlySpan<byte> id, McpMethod method, Action<Utf8JsonWriter> writeParams)
    {
        var bytes = new ArrayBufferWriter<byte>(512);
        using var writer = new Utf8JsonWriter(bytes);
        writer.WriteStartObject();
        writer.WriteString("jsonrpc"u8, "2.0"u8);
        writer.WritePropertyName("id"u8);
        writer.WriteRawValue(id);
        writer.WriteString("method"u8, McpMethods.Text(method));
        writer.WriteStartObject("params"u8);
        writeParams(writer);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.Flush();
        return bytes.WrittenSpan.ToArray();
    }

    private static void WriteMeta(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("_meta"u8);
        writer.WriteString(MetaKeys.ProtocolVersion, ProtocolRevision.NewestModern.Text);
        WriteClientInfo(writer, MetaKeys.ClientInfo);
        writer.WriteStartObject(MetaKeys.ClientCapabilities);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteClientInfo(Utf8JsonWriter writer, ReadOnlySpan<byte> name)
    {
        writer.WriteStartObject(name);
        writer.WriteString("name"u8, "NativeGateway"u8);
        writer.WriteString("version"u8, Version);
        writer.WriteEndObject();
    }

    private static void WriteIf(Utf8JsonWriter writer, ReadOnlySpan<byte> name, bool condition)
    {
        if (condition)
        {
            writer.WriteBoolean(name, true);
        }
    }

    private static bool Advertises(ReadOnlySpan<byte> capabilities, ReadOnlySpan<byte> list)
    {
        var place = JsonMembers.Find(capabilities, new ByteRange(0, capabilities.Length), list);
        var changes = JsonMembers.Find(capabilities, place, "listChanged"u8);
        return changes.Of(capabilities).SequenceEqual("true"u8);
    }
}
