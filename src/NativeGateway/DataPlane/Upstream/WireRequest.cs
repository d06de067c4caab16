using System.Buffers;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>One request to an HTTP upstream, before it has the form of a transport. Used for one attempt.</summary>
internal sealed class WireRequest
{
    private readonly MessageEditor? _message;
    private readonly ReadOnlyMemory<byte> _bytes;

    /// <summary>Without a body.</summary>
    public WireRequest(HttpMethod method, HttpSessionHead head) => (Method, Head) = (method, head);

    /// <summary>A POST of a message that a client's request became.</summary>
    private WireRequest(HttpSessionHead head, UpstreamRequest request)
        : this(HttpMethod.Post, head) => (_message, Source) = (request.Message, request);

    /// <summary>A POST of a notification or a response.</summary>
    public WireRequest(HttpSessionHead head, ReadOnlyMemory<byte> bytes)
        : this(HttpMethod.Post, head) => _bytes = bytes;

    public HttpMethod Method { get; }

    public HttpSessionHead Head { get; private set; }

    /// <summary>What the headers of modern requests mirror; null when the message is no request.</summary>
    public UpstreamRequest? Source { get; }

    /// <summary><c>Last-Event-ID</c>; null for none.</summary>
    public string? LastEventId { get; init; }

    public bool HasBody => Method == HttpMethod.Post;

    public int Length => _message?.Length ?? _bytes.Length;

    /// <summary>Any of the body may have left: until then the upstream cannot have acted on it.</summary>
    public bool WasStarted { get; set; }

    /// <summary>An attempt to send a request; the attempt before it is over.</summary>
    public static WireRequest Of(HttpSessionHead head, UpstreamRequest request)
    {
        var wire = request.Wire ??= new WireRequest(head, request);
        (wire.Head, wire.WasStarted) = (head, false);
        return wire;
    }

    public void WriteTo(IBufferWriter<byte> writer)
    {
        if (_message is null)
        {
            writer.Write(_bytes.Span);
        }
        else
        {
            _message.WriteTo(writer);
        }
    }

    /// <summary>The method of the message without its body's being a request.</summary>
    public McpMethod PlainMethod =>
        RpcReader.Read(_bytes.Span, out var parts) == RpcFault.None ? parts.MethodCode : McpMethod.Unknown;
}
