using NativeGateway.DataPlane.Proxy;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>
/// A reply over HTTP+SSE: the POST was answered with 202 long before, so every message, also every error, goes to the connection's event stream.
/// </summary>
internal sealed class SseReplySink(SseConnection connection) : IReplySink
{
    public ReplyHeaders Headers { get; } = new();

    public bool CanStream => true;

    public ValueTask SendAsync(MessageEditor message) => connection.WriteAsync(message);

    public ValueTask CompleteAsync(int status, MessageEditor message)
    {
        if (Headers.IssuedSession is { } session)
        {
            connection.Open(session);
        }

        // An error that answers no request (a notification was refused) would be a message that clients cannot place.
        return status == 200 || AnswersRequest(message) ? connection.WriteAsync(message) : ValueTask.CompletedTask;
    }

    public ValueTask CompleteEmptyAsync(int status) => ValueTask.CompletedTask;

    private static bool AnswersRequest(MessageEditor message) =>
        RpcReader.Read(message.Source.Span, out var parts) == RpcFault.None && parts.Id.IsPresent;
}
