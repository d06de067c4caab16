using System.Buffers;
using System.Threading.Tasks.Sources;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// One request in flight on a connection that carries the messages of many, and the reply to it. The connection's reading loop puts messages in
/// and never waits: when the reader is slow, notifications are dropped and counted; the response always gets in. Filled by one thread, read by
/// another.
/// </summary>
internal abstract class QueuedReply(long id, long? progressToken, McpMethod method) : UpstreamReply, IValueTaskSource
{
    private const int MaxHeld = 64;
    private const int MaxHeldBytes = 1024 * 1024;

    /// <summary>What the endpoint's health is told of this call. A field, because it is changed in place.</summary>
    public EndpointCall Stay;

    private readonly Lock _gate = new();
    private ManualResetValueTaskSourceCore<bool> _signal = new() { RunContinuationsAsynchronously = true };
    private Queue<Held>? _notifications;
    private int _heldBytes;
    private Held _response;
    private GatewayError? _failure;
    private byte[]? _current;
    private bool _waiting;
    private bool _disposed;

    private readonly record struct Held(byte[]? Buffer, int Length, RpcMessage Message);

    public long Id { get; } = id;

    public long? ProgressToken { get; } = progressToken;

    /// <summary>Open until the client leaves it; messages that belong to no subscription are not for it.</summary>
    public bool IsListen { get; } = method == McpMethod.SubscriptionsListen;

    public long Dropped { get; private set; }

    /// <summary>Completes with the first message, or with why there will be none.</summary>
    public async ValueTask<GatewayError?> BegunAsync(CancellationToken cancellationToken)
    {
        await WaitAsync(cancellationToken);
        lock (_gate)
        {
            return _notifications is not { Count: > 0 } && _response.Buffer is null ? _failure : null;
        }
    }

    public override async ValueTask<UpstreamReceived> ReadAsync(CancellationToken cancellationToken)
    {
        Free(ref _current);
        await WaitAsync(cancellationToken);
        lock (_gate)
        {
            Held held;
            if (_notifications is { Count: > 0 })
            {
                held = _notifications.Dequeue();
                _heldBytes -= held.Length;
            }
            else if (_response.Buffer is not null)
            {
                held = _response;
                _response = default;
            }
            else
            {
                return new UpstreamReceived(default, default, _failure ?? Gone());
            }

            _current = held.Buffer;
            Tell(held.Message.Kind);
            return new UpstreamReceived(held.Buffer.AsMemory(0, held.Length), held.Message, null);
        }
    }

    public override ValueTask DisposeAsync()
    {
        Leave();
        lock (_gate)
        {
            _disposed = true;
            Free(ref _current);
            var response = _response.Buffer;
            Free(ref response);
            _response = default;
            while (_notifications is not null && _notifications.TryDequeue(out var held))
            {
                ArrayPool<byte>.Shared.Return(held.Buffer!);
            }
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Takes a message that precedes the response. False when there is no room for it.</summary>
    public bool Notify(ReadOnlySpan<byte> bytes, in RpcMessage message)
    {
        var held = Copy(bytes, message);
        bool wake;
        lock (_gate)
        {
            var isFull = _notifications is { Count: > 0 } && (_notifications.Count >= MaxHeld || _heldBytes + held.Length > MaxHeldBytes);
            if (_disposed || isFull)
            {
                Dropped += isFull ? 1 : 0;
                ArrayPool<byte>.Shared.Return(held.Buffer!);
                return false;
            }

            (_notifications ??= new Queue<Held>()).Enqueue(held);
            _heldBytes += held.Length;
            wake = TakeWaiting();
        }

        Wake(wake);
        return true;
    }

    public void Respond(ReadOnlySpan<byte> bytes, in RpcMessage message)
    {
        var held = Copy(bytes, message);
        bool wake;
        lock (_gate)
        {
            if (_disposed || _failure is not null)
            {
                ArrayPool<byte>.Shared.Return(held.Buffer!);
                return;
            }

            _response = held;
            wake = TakeWaiting();
        }

        Wake(wake);
    }

    /// <summary>Nobody waits for it any more, or it was answered: lets the endpoint's health know.</summary>
    /// <param name="isOpen">It was not answered.</param>
    /// <param name="isConnected">Otherwise its end was that of the connection, which is told as a whole.</param>
    /// <param name="limit">How long the endpoint may be silent.</param>
    public void EndStay(bool isOpen, bool isConnected, TimeSpan limit)
    {
        if (isOpen)
        {
            Stay.Abandoned(limit);
        }
        else if (isConnected)
        {
            Stay.Answered();
        }

        Stay.Leave();
    }

    public void Fail(GatewayError error)
    {
        bool wake;
        lock (_gate)
        {
            _failure ??= error;
            wake = TakeWaiting();
        }

        Wake(wake);
    }

    void IValueTaskSource.GetResult(short token) => _signal.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _signal.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _signal.OnCompleted(continuation, state, token, flags);

    /// <summary>Its reader is done with it.</summary>
    protected abstract void Leave();

    /// <summary>Why its connection gives no more answers.</summary>
    protected abstract GatewayError Gone();

    private void Tell(RpcKind kind)
    {
        if (kind == RpcKind.Request)
        {
            Stay.Asked();
        }
        else if (kind == RpcKind.Notification)
        {
            Stay.Heard();
        }
        else
        {
            Stay.Began();
        }
    }

    /// <summary>Completes when there is something to read, synchronously if there is already.</summary>
    private ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_notifications is { Count: > 0 } || _response.Buffer is not null || _failure is not null)
            {
                return ValueTask.CompletedTask;
            }

            _signal.Reset();
            _waiting = true;
        }

        return WaitForSignalAsync(cancellationToken);
    }

    private async ValueTask WaitForSignalAsync(CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.UnsafeRegister(static (call, token) => ((QueuedReply)call!).Cancel(token), this);
        await new ValueTask(this, _signal.Version);
    }

    private void Cancel(CancellationToken token)
    {
        bool wake;
        lock (_gate)
        {
            wake = TakeWaiting();
        }

        if (wake)
        {
            _signal.SetException(new OperationCanceledException(token));
        }
    }

    private bool TakeWaiting()
    {
        var waiting = _waiting;
        _waiting = false;
        return waiting;
    }

    private void Wake(bool wake)
    {
        if (wake)
        {
            _signal.SetResult(true);
        }
    }

    private static Held Copy(ReadOnlySpan<byte> bytes, in RpcMessage message)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(bytes.Length);
        bytes.CopyTo(buffer);
        return new Held(buffer, bytes.Length, message);
    }

    private static void Free(ref byte[]? buffer)
    {
        if (buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = null;
        }
    }
}
