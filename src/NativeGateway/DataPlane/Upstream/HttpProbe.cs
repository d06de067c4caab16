using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// Asks an HTTP endpoint how it is, without leaving anything behind there: on a session that exists by <c>ping</c>, of a modern one by
/// <c>server/discover</c>, else by OPTIONS. None of these opens a session, and a session that turns out to be lost is not renewed.
/// </summary>
internal static class HttpProbe
{
    public static async Task<ProbeOutcome> AskAsync(HttpWire wire, HttpSessionHead head, UpstreamIds ids, CancellationToken cancellationToken)
    {
        var id = ids.Next();
        var method = head.IsModern ? McpMethod.ServerDiscover : McpMethod.Ping;
        var request = new UpstreamRequest { Id = id, Method = method };
        request.Message.Reset(head.IsModern ? HandshakeMessages.Discover(id) : HandshakeMessages.Ping(id));
        var call = await HttpCall.SendAsync(wire, head, request, cancellationToken);
        if (call.Refusal is { } refusal)
        {
            // Even "unknown session" is a sign of life.
            return refusal.Status is 401 or 403 or >= 500 ? ProbeOutcome.Failed : Answered(wire);
        }

        if (call.Reply is not { } reply)
        {
            return ProbeOutcome.Failed;
        }

        await using (reply)
        {
            while (true)
            {
                var received = await reply.ReadAsync(cancellationToken);
                if (received.Error is not null)
                {
                    return ProbeOutcome.Failed;
                }

                if (received.Message.IsResponse)
                {
                    return Answered(wire);
                }
            }
        }
    }

    /// <summary>Any answer says that somebody is there; a gateway error of a proxy says that it is not the server.</summary>
    public static async Task<ProbeOutcome> ConnectAsync(HttpWire wire, CancellationToken cancellationToken)
    {
        using var response = (await wire.OptionsAsync(cancellationToken)).Response;
        if (response is null || response.Status >= 500)
        {
            return ProbeOutcome.Failed;
        }

        wire.Health.Reached();
        return ProbeOutcome.Answered;
    }

    private static ProbeOutcome Answered(HttpWire wire)
    {
        wire.Health.Answered();
        return ProbeOutcome.Answered;
    }
}
