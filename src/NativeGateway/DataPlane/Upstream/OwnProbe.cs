using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>Asks whether the other side of a connection that stays open is there, on a session that exists. The session tells its endpoint's health.</summary>
internal static class OwnProbe
{
    public static async ValueTask<ProbeOutcome> PingAsync(IUpstreamSession session, CancellationToken cancellationToken)
    {
        var id = OwnCall.NextId(session);
        var isModern = session.Peer.Revision.IsModern;
        var request = new UpstreamRequest { Method = isModern ? McpMethod.ServerDiscover : McpMethod.Ping, Id = id, IsProbe = true };
        request.Message.Reset(isModern ? HandshakeMessages.Discover(id) : HandshakeMessages.Ping(id));
        var sending = await session.SendAsync(request, cancellationToken);
        if (sending.Reply is not { } reply)
        {
            return ProbeOutcome.Failed;
        }

        await using (reply)
        {
            while (true)
            {
                var received = await reply.ReadAsync(cancellationToken);
                if (received.Error is not null || received.Message.IsResponse)
                {
                    return received.Error is null ? ProbeOutcome.Answered : ProbeOutcome.Failed;
                }
            }
        }
    }
}
