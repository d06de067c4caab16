using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Authentication;
using NativeGateway.ControlPlane.Admin;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Notify;

/// <summary>
/// Tries one delivery: a signed POST. Follows no redirect, reads nothing of the answer but its status, and reaches public addresses over TLS only,
/// unless the operator allows private ones.
/// </summary>
internal sealed class WebhookSender(HttpUpstreamClients clients, SnapshotHolder snapshots, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>How it ended, whatever the receiver does; only <paramref name="stopping"/> is thrown.</summary>
    public async Task<DeliveryAttempt> SendAsync(DueDelivery delivery, CancellationToken stopping)
    {
        var at = time.GetUtcNow();
        var started = time.GetTimestamp();
        var (status, failure) = await TryAsync(delivery, at, stopping);
        return new DeliveryAttempt(delivery.Attempt, at, time.GetElapsedTime(started), status, failure);
    }

    private async Task<(int? Status, string? Failure)> TryAsync(DueDelivery delivery, DateTimeOffset at, CancellationToken stopping)
    {
        var isFree = snapshots.Current.Settings.AllowPrivateUpstreams;
        if (!isFree && delivery.Url.Scheme != Uri.UriSchemeHttps)
        {
            return (null, "not_https");
        }

        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, stopping);
        try
        {
            using var request = NewRequest(delivery, at);
            using var response = await (isFree ? clients.Trusted : clients.Guarded).Invoker.SendAsync(request, either.Token);
            var status = (int)response.StatusCode;
            return (status, response.IsSuccessStatusCode ? null : status is >= 300 and < 400 ? "redirect" : "refused");
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return (null, "timeout");
        }
        catch (HttpRequestException exception)
        {
            return (null, exception.InnerException switch
            {
                AddressRefusedException => "private_address",
                AuthenticationException => "tls",
                _ => exception.HttpRequestError == HttpRequestError.NameResolutionError ? "unknown_host" : "unreachable",
            });
        }
    }

    [SuppressMessage("Reliability", "CA2000", Justification = "Disposing the request disposes its content.")]
    private static HttpRequestMessage NewRequest(DueDelivery delivery, DateTimeOffset at)
    {
        var body = AdminAnswer.Write(json => AlertJson.Write(json, delivery.Alert));
        var content = new ReadOnlyMemoryContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        var request = new HttpRequestMessage(HttpMethod.Post, delivery.Url) { Content = content };
        request.Headers.TryAddWithoutValidation("User-Agent", "native-gateway");
        request.Headers.TryAddWithoutValidation("X-NativeGateway-Event", delivery.Alert.Alert.Kind.Label());
        request.Headers.TryAddWithoutValidation("X-NativeGateway-Delivery", delivery.Id.ToString(CultureInfo.InvariantCulture));
        request.Headers.TryAddWithoutValidation(WebhookSigner.Header, WebhookSigner.Sign(delivery.Secret, at, body.Span));
        return request;
    }
}
