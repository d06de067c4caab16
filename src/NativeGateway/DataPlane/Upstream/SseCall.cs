using System.Diagnostics.CodeAnalysis;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>One request in flight on an HTTP+SSE session.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A POST may outlive the call; the source has a handle only when it is waited for.")]
internal sealed class SseCall(SseSession session, long id, long? progressToken, McpMethod method) : QueuedReply(id, progressToken, method)
{
    private static readonly TimeSpan LateAnswer = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _left = new();
    private Task _posting = Task.CompletedTask;

    /// <summary>Sends the request. What has not been sent when nobody waits for the call any more shall not be.</summary>
    public void Post(Func<SseCall, CancellationToken, Task> post) => _posting = post(this, _left.Token);

    protected override void Leave()
    {
        if (session.Leave(this))
        {
            _left.Cancel();
        }
        else if (!_posting.IsCompleted)
        {
            // Some upstreams answer the POST after the call; others never do.
            _left.CancelAfter(LateAnswer);
        }
    }

    protected override GatewayError Gone() => session.Gone();
}
