using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>How an upstream took a request. Exactly one of reply, refusal and error is set.</summary>
/// <param name="SessionId">The id of the session that the response opened.</param>
internal readonly record struct HttpCallResult(UpstreamReply? Reply, HttpRefusal? Refusal, GatewayError? Error, string? SessionId = null);

/// <summary>Sends one request once, looks at how the response begins, and lets the endpoint's health know.</summary>
internal static class HttpCall
{
    public static async ValueTask<HttpCallResult> SendAsync(
        HttpWire wire, HttpSessionHead head, UpstreamRequest request, CancellationToken cancellationToken)
    {
        var call = Begin(wire, request);
        HttpSent sent;
        try
        {
            sent = await wire.PostAsync(head, request, cancellationToken);
        }
        catch
        {
            call.Abandoned(wire.Config.Timeout);
            throw;
        }

        return await ReadAsync(wire, head, request, sent, call, cancellationToken);
    }

    /// <summary>A request is about to be sent. A stream that is meant to stay open is no call.</summary>
    public static EndpointCall Begin(HttpWire wire, UpstreamRequest request) =>
        request.Method == McpMethod.SubscriptionsListen ? default : wire.Health.Enter(request.IsHandshake);

    /// <summary>Looks at what came of it.</summary>
    /// <param name="call">Goes into other hands with that.</param>
    public static ValueTask<HttpCallResult> ReadAsync(
        HttpWire wire, HttpSessionHead head, UpstreamRequest request, in HttpSent sent, EndpointCall call, CancellationToken cancellationToken)
    {
        if (sent.Response is not { } response)
        {
            call.Leave();
            return new(new HttpCallResult(null, null, sent.Error));
        }

        if (!response.IsSuccess)
        {
            return RefuseAsync(wire, request, response, call, cancellationToken);
        }

        if (response.Content != WireContent.Other)
        {
            call.Began();
            var reply = request.Reply ??= new HttpReply();
            reply.Begin(wire, head, response, request.Id, call);
            return new(new HttpCallResult(reply, null, null, head.Revision is null ? response.SessionId : null));
        }

        var error = HttpFailures.Status(wire.Key, response.Status);
        response.Dispose();
        call.Failed(error.Detail!);
        return new(new HttpCallResult(null, null, error));
    }

    private static async ValueTask<HttpCallResult> RefuseAsync(
        HttpWire wire, UpstreamRequest request, IWireResponse response, EndpointCall call, CancellationToken cancellationToken)
    {
        try
        {
            var refusal = await HttpRefusal.ReadAsync(response, wire.Time, cancellationToken);
            call.Refused(refusal, request.Id.Span);
            return new HttpCallResult(null, refusal, null);
        }
        catch
        {
            call.Abandoned(wire.Config.Timeout);
            throw;
        }
    }
}
