using System.Buffers.Text;
using Microsoft.Extensions.Logging;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// Gives every message of a connection that carries many calls to whom it belongs. Never waits. Used by the connection's one reading loop.
/// </summary>
/// <param name="canAsk">
/// The upstream was told what the clients behind this connection can be asked for. What it asks names no call, so it goes to the only one in
/// flight, if there is but one.
/// </param>
/// <param name="answer">Sends the answer to a request of the upstream, best effort.</param>
internal sealed class CallRouter(
    UpstreamConfig config, PendingCalls calls, IUpstreamEvents events, bool canAsk, Action<byte[]> answer, ILogger logger)
{
    /// <summary>Takes a response to what is no call: its id and its error's code (0 for a result). False when it belongs to nothing there either.</summary>
    public Func<long, int, bool> TakeUnclaimed { get; init; } = static (_, _) => false;

    /// <summary>What is wrong with the message, if it is none.</summary>
    public RpcFault Take(ReadOnlyMemory<byte> bytes)
    {
        var fault = RpcReader.Read(bytes.Span, out var message);
        if (fault != RpcFault.None)
        {
            return fault;
        }

        if (message.IsResponse)
        {
            Respond(bytes.Span, message);
        }
        else if (message.Kind == RpcKind.Request)
        {
            Answer(bytes.Span, message);
        }
        else
        {
            Notify(bytes, message);
        }

        return RpcFault.None;
    }

    /// <summary>Ids and tokens of a session are numbers that it minted itself; nothing else is one of them.</summary>
    public static long? ReadNumber(ReadOnlySpan<byte> token) =>
        Utf8Parser.TryParse(token, out long number, out var used) && used == token.Length ? number : null;

    private void Respond(ReadOnlySpan<byte> bytes, in RpcMessage message)
    {
        var id = ReadNumber(message.Id.Of(bytes));
        if (id is { } own && calls.TryTake(own, out var call))
        {
            call!.Respond(bytes, message);
        }
        else if (id is not { } other || !TakeUnclaimed(other, message.ErrorCode))
        {
            logger.ResponseIgnored(config.Key);
        }
    }

    private void Answer(ReadOnlySpan<byte> bytes, in RpcMessage message)
    {
        var id = message.Id.Of(bytes);
        if (message.MethodCode == McpMethod.Ping)
        {
            answer(HandshakeMessages.EmptyResult(id));
            return;
        }

        if (!canAsk || calls.FindOnly() is not { } call || !call.Notify(bytes, message))
        {
            logger.ProcessRequestRefused(config.Key);
            answer(HandshakeMessages.MethodNotFound(id));
        }
    }

    private void Notify(ReadOnlyMemory<byte> bytes, in RpcMessage message)
    {
        switch (message.MethodCode)
        {
            case McpMethod.NotifyProgress:
                if (ReadNumber(message.NotifiedProgressToken.Of(bytes.Span)) is { } token)
                {
                    calls.FindByToken(token)?.Notify(bytes.Span, message);
                }

                break;
            case McpMethod.NotifyMessage:
                calls.FindOnly()?.Notify(bytes.Span, message);
                break;
            case McpMethod.NotifyToolsListChanged or McpMethod.NotifyPromptsListChanged or McpMethod.NotifyResourcesListChanged:
                events.ListChanged(config.Id, message.MethodCode);
                break;
            case McpMethod.NotifyResourceUpdated:
                events.ResourceUpdated(config.Id, bytes.ToArray());
                break;
            case McpMethod.NotifyCancelled:
                Cancel(bytes.Span, message);
                break;
            case McpMethod.NotifyElicitationComplete:
                events.ElicitationCompleted(config.Id, bytes);
                break;
            default:
                NotifySubscription(bytes.Span, message);
                break;
        }
    }

    /// <summary>
    /// A modern upstream may end a subscription so (2026-07-28, basic/utilities/cancellation); a legacy one withdraws a question, which went to the
    /// only call in flight.
    /// </summary>
    private void Cancel(ReadOnlySpan<byte> bytes, in RpcMessage message)
    {
        if (ReadNumber(message.RequestId.Of(bytes)) is { } id && calls.Find(id) is { IsListen: true })
        {
            calls.TryTake(id, out var listen);
            listen?.Fail(new GatewayError(ErrorKind.UpstreamUnavailable, $"Upstream '{config.Key}' has ended the subscription."));
        }
        else if (canAsk)
        {
            calls.FindOnly()?.Notify(bytes, message);
        }
    }

    /// <summary>
    /// What is said of a subscription itself shares the connection with everything else and names it (2026-07-28, basic/transports/stdio).
    /// </summary>
    private void NotifySubscription(ReadOnlySpan<byte> bytes, in RpcMessage message)
    {
        var subscription = JsonMembers.Find(bytes, message.Meta, MetaKeys.SubscriptionId);
        if (ReadNumber(subscription.Of(bytes)) is { } id)
        {
            calls.Find(id)?.Notify(bytes, message);
        }
    }
}
