using NativeGateway.Model;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>How an upstream took a request. Exactly one of reply, refusal and error is set.</summary>
/// <param name="SessionId">The id of the session that the response opened.</param>
internal readonly record struct HttpCallResult(UpstreamReply? Reply, HttpRefusal? Refusal, GatewayError? Error, string? SessionId = null);

/// <summary>Sends one request once and looks at how the response begins.</summary>
internal static class HttpCall
{
    public static async ValueTask<HttpCallResult> SendAsync(
        HttpWire wire, HttpSessionHead head, UpstreamRequest request, CancellationToken cancellationToken)
    {
        var sent = await wire.PostAsync(head, request, cancellationToken);
        if (sent.Response is not { } response)
        {
            return new HttpCallResult(null, null, sent.Error);
        }

        if (!response.IsSuccessStatusCode)
        {
            return new HttpCallResult(null, await HttpRefusal.ReadAsync(response, wire.Time, cancellationToken), null);
        }

        var sessionId = head.Revision is null && response.Headers.TryGetValues("MCP-Session-Id", out var values) ? values.First() : null;
        if (HttpFrames.TryOpen(response, head.Revision) is { } frames)
        {
            return new HttpCallResult(new HttpReply(wire, head, frames, request.Id), null, null, sessionId);
        }

        response.Dispose();
        return new HttpCallResult(null, null, HttpFailures.Status(wire.Key, (int)response.StatusCode));
    }
}
