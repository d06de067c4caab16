using NativeGateway.DataPlane.Proxy;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>A reply over stdio: every message is a line, among those of all other replies.</summary>
/// <param name="isAwaited">False for a notification or a response, which nothing may answer, not even an error (JSON-RPC 2.0, 4.1).</param>
/// <param name="cancelled">A request that its client has cancelled is not answered (basic/patterns/cancellation).</param>
internal sealed class StdioReplySink(LineChannel client, bool isAwaited, CancellationToken cancelled) : IReplySink
{
    public ReplyHeaders Headers { get; } = new();

    public bool CanStream => true;

    public ValueTask SendAsync(MessageEditor message) => client.WriteAsync(message);

    public ValueTask CompleteAsync(int status, MessageEditor message) =>
        isAwaited && !cancelled.IsCancellationRequested ? client.WriteAsync(message) : ValueTask.CompletedTask;

    public ValueTask CompleteEmptyAsync(int status) => ValueTask.CompletedTask;
}
