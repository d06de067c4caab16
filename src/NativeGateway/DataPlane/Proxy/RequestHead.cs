using System.Net;
using NativeGateway.DataPlane.Policy;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// What a front knows of a request before its body: the few headers that decide something. Absent ones are null or empty. Where the next request
/// of a connection begins alike, the same head serves it with another number and length.
/// </summary>
internal sealed record RequestHead
{
    /// <summary>Sent back as <c>X-Request-Id</c> and written to every log line of the exchange.</summary>
    public required RequestNumber Number { get; set; }

    /// <summary>The text of <see cref="Number"/>.</summary>
    public string RequestId => Number.ToString();

    /// <summary>The caller, with <c>X-Forwarded-For</c> of trusted proxies already applied.</summary>
    public required IPAddress RemoteAddress { get; init; }

    public string? Host { get; init; }

    /// <summary>All <c>Origin</c> values joined by a comma, so that a repeated header matches nothing.</summary>
    public string? Origin { get; init; }

    /// <summary>True when the listener that took the request is bound to a loopback address.</summary>
    public bool OnLoopback { get; init; }

    /// <summary>The presented key, ASCII; empty when there is none.</summary>
    public ReadOnlyMemory<byte> Credential { get; init; }

    /// <summary>Who was found to present <see cref="Credential"/> from <see cref="RemoteAddress"/>; null while that was not looked up.</summary>
    public CallerProof? Proof { get; set; }

    /// <summary>The <c>{server}</c> of <c>/mcp/{server}</c>; empty on the aggregate endpoint.</summary>
    public ReadOnlyMemory<byte> UpstreamName { get; init; }

    public long? ContentLength { get; set; }

    public bool IsJson { get; init; }

    public bool AcceptsJson { get; init; }

    public bool AcceptsEventStream { get; init; }

    /// <summary><c>MCP-Protocol-Version</c>.</summary>
    public string? ProtocolVersion { get; init; }

    /// <summary><c>Mcp-Session-Id</c>.</summary>
    public string? SessionId { get; init; }

    /// <summary><c>Last-Event-ID</c>: the last event that the client has seen of the stream that it takes up again.</summary>
    public string? LastEventId { get; init; }

    /// <summary>The transport is that of 2024-11-05, which modern revisions do not know.</summary>
    public bool IsLegacyTransport { get; init; }

    /// <summary>
    /// False where a message travels alone, over stdio: all that describes it stands in its body then, and no status tells what an error that
    /// bears no id is about.
    /// </summary>
    public bool HasHeaders { get; init; } = true;

    /// <summary><c>Mcp-Method</c>.</summary>
    public string? MirroredMethod { get; init; }

    /// <summary><c>Mcp-Name</c>, as sent (maybe in its base64 form).</summary>
    public string? MirroredName { get; init; }

    /// <summary>Any other header by its name; null when it is absent.</summary>
    public Func<string, string?> FindHeader { get; init; } = static _ => null;

    /// <summary><c>traceparent</c> (W3C).</summary>
    public string? TraceParent { get; init; }

    /// <summary><c>tracestate</c> (W3C): may come in several headers, which make one list.</summary>
    public string? TraceState { get; init; }
}
