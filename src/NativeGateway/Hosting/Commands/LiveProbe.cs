using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace NativeGateway.Hosting.Commands;

/// <summary>Asks a running gateway for a sign of life: <c>GET /health/live</c>.</summary>
internal static class LiveProbe
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Null when it lives, else what is wrong.</summary>
    public static async Task<string?> AskAsync(Uri gateway, CancellationToken cancellationToken)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, ConnectTimeout = Patience };
        if (gateway.IsLoopback)
        {
            // A certificate is made out to the public name, and on loopback there is nobody in between.
            handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, errors) => !errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable);
        }

        using var client = new HttpClient(handler) { Timeout = Patience };
        try
        {
            using var response = await client.GetAsync(new Uri(gateway, "/health/live"), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return response.StatusCode == HttpStatusCode.OK ? null : $"answers {(int)response.StatusCode} to /health/live; is it this gateway?";
        }
        catch (HttpRequestException exception)
        {
            return exception.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused }
                ? "nobody listens there; start it with: native-gateway serve"
                : $"cannot be asked ({exception.HttpRequestError})";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"gives no answer within {Patience.TotalSeconds} s";
        }
    }

    /// <summary>Where a listener is reached from the same machine.</summary>
    public static Uri Reach(ListenAddress address)
    {
        var host = address.Address is null || address.Address.Equals(IPAddress.Any) ? "127.0.0.1"
            : address.Address.Equals(IPAddress.IPv6Any) ? "[::1]"
            : address.Host;
        return new Uri($"{(address.IsTls ? "https" : "http")}://{host}:{address.Port}/");
    }
}
