using System.IO.Pipelines;
using NativeGateway.DataPlane.Proxy;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>What the body of a response is.</summary>
internal enum ResponseContent : byte
{
    None,
    Json,
    EventStream,
}

/// <summary>Everything that a response says before its body.</summary>
/// <param name="Length">Of a JSON body, in bytes; an event stream has none.</param>
internal readonly record struct ResponseHead(int Status, ResponseContent Content, int Length, RequestNumber Number, ReplyHeaders Headers);

/// <summary>The HTTP response that a reply is written to: one of Kestrel's or one of an event loop's. Written by one thread at a time, of any kind.</summary>
internal interface IClientResponse
{
    /// <summary>Cancelled when the connection to the client is gone.</summary>
    CancellationToken ClientGone { get; }

    /// <summary>Takes the body; may be used from <see cref="Begin"/> to the end of the request. A flush to a client that is gone does nothing.</summary>
    PipeWriter Body { get; }

    /// <summary>Settles the head; it leaves with the first flush, or at the end of the request.</summary>
    void Begin(in ResponseHead head);

    /// <summary>Sends a response whose body is one message.</summary>
    ValueTask SendAsync(in ResponseHead head, MessageEditor message);
}
