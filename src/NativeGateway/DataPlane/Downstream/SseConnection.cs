using NativeGateway.DataPlane.Sessions;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>
/// One event stream of the transport of 2024-11-05: everything that the gateway says to its client goes here, from many exchanges at once.
/// Bound to the key that opened it.
/// </summary>
/// <param name="gone">Cancelled when the client has left.</param>
internal sealed class SseConnection(string id, string keyId, ReadOnlyMemory<byte> upstreamName, SseWriter writer, CancellationToken gone)
{
    private readonly TaskCompletionSource<Session> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private TaskCompletionSource? _idle;
    private int _running;
    private int _isInitializing;

    public string Id => id;

    public string KeyId => keyId;

    /// <summary>The <c>{server}</c> of <c>/sse/{server}</c>; empty for the aggregate.</summary>
    public ReadOnlyMemory<byte> UpstreamName => upstreamName;

    public CancellationToken Gone => gone;

    /// <summary>Completes when <c>initialize</c> has opened the session of this connection.</summary>
    public Task<Session> Opened => _opened.Task;

    /// <summary>The session, once there is one.</summary>
    public Session? Session => _opened.Task.IsCompletedSuccessfully ? _opened.Task.Result : null;

    public ValueTask WriteAsync(MessageEditor message) => writer.WriteAsync(message);

    /// <summary>False when the connection has a session, or is about to get one.</summary>
    public bool TryBeginInitialize() => Session is null && Interlocked.Exchange(ref _isInitializing, 1) == 0;

    /// <summary>Another attempt may follow one that opened no session.</summary>
    public void EndInitialize() => Volatile.Write(ref _isInitializing, 0);

    public void Open(Session session) => _opened.TrySetResult(session);

    /// <summary>An exchange begins whose reply goes to this connection. Each is ended by one <see cref="Leave"/>.</summary>
    public void Enter()
    {
        lock (_gate)
        {
            _running++;
        }
    }

    public void Leave()
    {
        lock (_gate)
        {
            if (--_running == 0)
            {
                _idle?.TrySetResult();
            }
        }
    }

    /// <summary>Completes when no exchange is running.</summary>
    public Task IdleAsync()
    {
        lock (_gate)
        {
            if (_running == 0)
            {
                return Task.CompletedTask;
            }

            _idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _idle.Task;
        }
    }
}
