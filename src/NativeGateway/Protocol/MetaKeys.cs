namespace NativeGateway.Protocol;

/// <summary>Keys of <c>_meta</c> (revision 2026-07-28, basic/index, "_meta") and the gateway's own.</summary>
internal static class MetaKeys
{
    public static ReadOnlySpan<byte> ProtocolVersion => "io.modelcontextprotocol/protocolVersion"u8;

    public static ReadOnlySpan<byte> ClientCapabilities => "io.modelcontextprotocol/clientCapabilities"u8;

    public static ReadOnlySpan<byte> ClientInfo => "io.modelcontextprotocol/clientInfo"u8;

    public static ReadOnlySpan<byte> LogLevel => "io.modelcontextprotocol/logLevel"u8;

    public static ReadOnlySpan<byte> ServerInfo => "io.modelcontextprotocol/serverInfo"u8;

    public static ReadOnlySpan<byte> SubscriptionId => "io.modelcontextprotocol/subscriptionId"u8;

    /// <summary>W3C trace context, without a prefix (SEP-414).</summary>
    public static ReadOnlySpan<byte> TraceParent => "traceparent"u8;

    /// <inheritdoc cref="TraceParent"/>
    public static ReadOnlySpan<byte> TraceState => "tracestate"u8;

    /// <summary>To which task of 2025-11-25 a message belongs.</summary>
    public static ReadOnlySpan<byte> RelatedTask => "io.modelcontextprotocol/related-task"u8;

    /// <summary>On list results: which upstreams the list leaves out or shows from memory, and why.</summary>
    public static ReadOnlySpan<byte> Incomplete => "io.nativegateway/incomplete"u8;
}
