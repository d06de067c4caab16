using System.Net;
using NativeGateway.DataPlane.Upstream;

namespace NativeGateway.DataPlane.Bridge;

/// <summary>How messages present themselves to the remote endpoint.</summary>
/// <param name="Revision">For <c>MCP-Protocol-Version</c>; null before it is known, and for revisions without that header.</param>
/// <param name="SessionId">What a legacy endpoint gave on <c>initialize</c>; null when it gave none.</param>
internal sealed record BridgeHead(string? Revision, string? SessionId)
{
    public static readonly BridgeHead None = new(null, null);
}

/// <summary>The remote endpoint as an HTTP peer: puts the headers around a client's own bytes that MCP asks for. Safe for many threads.</summary>
/// <param name="apiKey">Sent with every request, and told to nobody else; null for none.</param>
internal sealed class BridgeWire(Uri url, string? apiKey, HttpMessageInvoker invoker)
{
    /// <summary>For messages to the person who has configured it.</summary>
    public string Place => url.Authority;

    public bool HasKey => apiKey is not null;

    public ValueTask<HttpSent> PostAsync(
        BridgeHead head, ReadOnlyMemory<byte> message, IReadOnlyList<KeyValuePair<string, string>> mirrored, CancellationToken cancellationToken)
    {
        var request = Create(HttpMethod.Post, head);
        request.Content = new RpcContent(new WireRequest(HttpSessionHead.None, message));
        foreach (var (name, value) in mirrored)
        {
            AddIfPlain(request, name, value);
        }

        return SendAsync(request, cancellationToken);
    }

    /// <summary>Opens the long stream of a session, or takes a broken stream up again.</summary>
    public ValueTask<HttpSent> GetAsync(BridgeHead head, string? lastEventId, CancellationToken cancellationToken)
    {
        var request = Create(HttpMethod.Get, head);
        AddIfPlain(request, "Last-Event-ID", lastEventId);
        return SendAsync(request, cancellationToken);
    }

    public ValueTask<HttpSent> DeleteAsync(BridgeHead head, CancellationToken cancellationToken) =>
        SendAsync(Create(HttpMethod.Delete, head), cancellationToken);

    private HttpRequestMessage Create(HttpMethod method, BridgeHead head)
    {
        var request = new HttpRequestMessage(method, url)
        {
            Version = url.Scheme == Uri.UriSchemeHttps ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        AddIfPlain(request, "Accept", method == HttpMethod.Get ? "text/event-stream" : "application/json, text/event-stream");
        AddIfPlain(request, "User-Agent", $"NativeGateway/{HandshakeMessages.Version}");
        AddIfPlain(request, "Authorization", apiKey is null ? null : $"Bearer {apiKey}");
        AddIfPlain(request, "MCP-Protocol-Version", head.Revision);
        AddIfPlain(request, "Mcp-Session-Id", head.SessionId);
        return request;
    }

    /// <summary>Some values come from messages; what no header can hold is left out, for the endpoint to say what it misses.</summary>
    private static void AddIfPlain(HttpRequestMessage request, string name, string? value)
    {
        if (value is not null && value.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
    }

    private async ValueTask<HttpSent> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using (request)
        {
            try
            {
                return new HttpSent(new ClientWireResponse(await invoker.SendAsync(request, cancellationToken).ConfigureAwait(false)), null);
            }
            catch (Exception fault) when (fault is HttpRequestException or IOException
                || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                return new HttpSent(null, BridgeFailures.Transport(Place, fault, wasSent: request.Content is RpcContent { WasStarted: true }));
            }
        }
    }
}
