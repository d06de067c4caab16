using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>How an upstream answered a question of the gateway's own. One of the three is set.</summary>
/// <param name="ErrorCode">Of a JSON-RPC error; 0 without one.</param>
internal readonly record struct OwnAnswer(byte[]? Result, int ErrorCode, GatewayError? Error);

/// <summary>
/// A request of the gateway's own, whose reply nobody relays: part of a handshake, over a session that is not ready for others yet, or what the
/// gateway wants of an upstream on its own account.
/// </summary>
internal static class OwnCall
{
    public delegate byte[] MessageOf(ReadOnlySpan<byte> id);

    public static async Task<OwnAnswer> AskAsync(IUpstreamSession session, McpMethod method, MessageOf message, CancellationToken cancellationToken)
    {
        var id = NextId(session);
        var request = new UpstreamRequest { Method = method, Id = id, IsHandshake = method is McpMethod.Initialize or McpMethod.ServerDiscover };
        request.Message.Reset(message(id));
        var sending = await session.SendAsync(request, cancellationToken);
        if (sending.Reply is not { } reply)
        {
            return new OwnAnswer(null, 0, sending.Error);
        }

        await using (reply)
        {
            while (true)
            {
                var received = await reply.ReadAsync(cancellationToken);
                if (received.Error is not null)
                {
                    return new OwnAnswer(null, 0, received.Error);
                }

                if (received.Message.IsResponse)
                {
                    return received.Message.Kind == RpcKind.Result
                        ? new OwnAnswer(received.Message.Result.Of(received.Bytes.Span).ToArray(), 0, null)
                        : new OwnAnswer(null, received.Message.ErrorCode, null);
                }
            }
        }
    }

    public static byte[] NextId(IUpstreamSession session)
    {
        Span<byte> digits = stackalloc byte[20];
        return digits[..session.NextId(digits)].ToArray();
    }
}
