using System.Net;
using NativeGateway.DataPlane.Transport;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>The body of a request for <see cref="SocketsHttpHandler"/>.</summary>
internal sealed class RpcContent : HttpContent
{
    private readonly WireRequest _request;

    public RpcContent(WireRequest request)
    {
        _request = request;
        Headers.TryAddWithoutValidation("Content-Type", "application/json");
    }

    /// <summary>See <see cref="WireRequest.WasStarted"/>.</summary>
    public bool WasStarted => _request.WasStarted;

    protected override bool TryComputeLength(out long length)
    {
        length = _request.Length;
        return true;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        // A copy, because over HTTP/2 an answer may come, and the caller move on, before all of this was sent.
        _request.WasStarted = true;
        var buffer = new SendBuffer();
        _request.WriteTo(buffer);
        return WriteAsync(stream, buffer, cancellationToken);
    }

    private static async Task WriteAsync(Stream stream, SendBuffer buffer, CancellationToken cancellationToken)
    {
        try
        {
            await stream.WriteAsync(buffer.Written, cancellationToken);
        }
        finally
        {
            buffer.Release();
        }
    }
}
