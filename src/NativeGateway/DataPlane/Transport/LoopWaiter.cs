using System.Threading.Tasks.Sources;

namespace NativeGateway.DataPlane.Transport;

/// <summary>
/// One thing of a loop that is waited for, again and again, by one waiter at a time. Completes on the loop's thread and continues inline.
/// A token may be cancelled on any thread.
/// </summary>
internal sealed class LoopWaiter(EventLoop loop) : IValueTaskSource<int>
{
    private ManualResetValueTaskSourceCore<int> _core;
    private CancellationTokenRegistration _registration;
    private CancellationToken _token;
    private bool _isWaiting;

    public ValueTask<int> WaitAsync(CancellationToken cancellationToken)
    {
        if (_isWaiting)
        {
            throw new InvalidOperationException("Only one may wait.");
        }

        _core.Reset();
        _isWaiting = true;
        if (cancellationToken.CanBeCanceled)
        {
            _token = cancellationToken;
            _registration = cancellationToken.UnsafeRegister(static waiter => ((LoopWaiter)waiter!).PostCancel(), this);
        }

        return new ValueTask<int>(this, _core.Version);
    }

    public void Complete()
    {
        if (TryEnd())
        {
            _core.SetResult(0);
        }
    }

    public void Fail(Exception exception)
    {
        if (TryEnd())
        {
            _core.SetException(exception);
        }
    }

    int IValueTaskSource<int>.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private bool TryEnd()
    {
        if (!_isWaiting)
        {
            return false;
        }

        _isWaiting = false;
        _registration.Unregister();
        (_registration, _token) = (default, default);
        return true;
    }

    /// <summary>By the time it is looked at another wait may be on, whose token decides.</summary>
    private void PostCancel() => loop.Post(
        static state =>
        {
            var waiter = (LoopWaiter)state!;
            if (waiter._isWaiting && waiter._token.IsCancellationRequested)
            {
                waiter.Fail(new OperationCanceledException(waiter._token));
            }
        },
        this);
}
