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
    private int _isInitializing;

    public string Id => id;

    public string KeyId => keyId;

    /// <summary>The <c>{server}</c> of <c>/sse/{server}</c>; empty for the aggregate.</summary>
    public ReadOnlyMemory<byte> UpstreamName => upstreamName;

    public CancellationToken Gone => gone;

    /// <summary>The exchanges whose replies go to this connection.</summary>
    public RunningExchanges Running { get; } = new();

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
}
