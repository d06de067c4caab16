using System.Runtime.CompilerServices;
using NativeGateway.DataPlane.Transport;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>How an upstream took a request. Exactly one of reply, refusal and error is set.</summary>
/// <param name="SessionId">The id of the session that the response opened.</param>
internal readonly record struct HttpCallResult(UpstreamReply? Reply, HttpRefusal? Refusal, GatewayError? Error, string? SessionId = null);

/// <summary>Sends one request once, looks at how the response begins, and lets the endpoint's health know.</summary>
internal static class HttpCall
{
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    public static async ValueTask<HttpCallResult> SendAsync(
        HttpWire wire, HttpSessionHead head, UpstreamRequest request, CancellationToken cancellationToken)
    {
        // A stream that is meant to stay open is no call.
        var call = request.Method == McpMethod.SubscriptionsListen ? default : wire.Health.Enter(request.IsHandshake);
        try
        {
            var sent = await wire.PostAsync(head, request, cancellationToken);
            if (sent.Response is not { } response)
            {
                call.Leave();
                return new HttpCallResult(null, null, sent.Error);
            }

            if (!response.IsSuccess)
            {
                var refusal = await HttpRefusal.ReadAsync(response, wire.Time, cancellationToken);
                call.Refused(refusal, request.Id.Span);
                return new HttpCallResult(null, refusal, null);
            }

            var sessionId = head.Revision is null ? response.SessionId : null;
            if (HttpFrames.TryOpen(response, head.Revision) is { } frames)
            {
                call.Began();
                return new HttpCallResult(new HttpReply(wire, head, frames, request.Id, call), null, null, sessionId);
            }

            var error = HttpFailures.Status(wire.Key, response.Status);
            response.Dispose();
            call.Failed(error.Detail!);
            return new HttpCallResult(null, null, error);
        }
        catch
        {
            call.Abandoned(wire.Config.Timeout);
            throw;
        }
    }
}
