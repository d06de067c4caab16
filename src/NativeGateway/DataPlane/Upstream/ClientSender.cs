using System.Net;
using System.Net.Sockets;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>Sends requests by <see cref="SocketsHttpHandler"/>: for TLS and HTTP/2, and for whoever is on no event loop.</summary>
internal sealed class ClientSender(Uri url, WireHeaders headers, HttpMessageInvoker invoker)
{
    private readonly bool _isTls = url.Scheme == Uri.UriSchemeHttps;

    public async ValueTask<IWireResponse> SendAsync(WireRequest request, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(request.Method, url)
        {
            Version = _isTls ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        var target = new Headers(message);
        headers.WriteFixed(request.Method, request.Head, target);
        WireHeaders.WriteVarying(request, target);
        if (request.HasBody)
        {
            message.Content = new RpcContent(request);
        }

        try
        {
            return new ClientWireResponse(await invoker.SendAsync(message, cancellationToken).ConfigureAwait(false));
        }
        catch (SocketException fault)
        {
            // The handler asks a new connection for the peer's address, and does not expect that it was reset by then. Nothing was sent yet.
            throw new HttpRequestException(HttpRequestError.ConnectionError, null, fault);
        }
    }

    private readonly struct Headers(HttpRequestMessage message) : IWireHeaders
    {
        public void Add(string name, string value) => message.Headers.TryAddWithoutValidation(name, value);
    }
}
