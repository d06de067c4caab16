using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace NativeGateway.DataPlane.Transport;

/// <summary>
/// Builds async methods of the hot path whose state is used again, for <see cref="AsyncMethodBuilderAttribute"/>. The library's own pooling builder
/// keeps one state per method and thread, but a loop has as many of each as calls are under way. Does not carry the execution context along:
/// nothing on the hot path is kept in one. Like with the library's, a result may be taken once.
/// </summary>
[SuppressMessage("Performance", "CA1822", Justification = "The compiler calls all of it on an instance.")]
[SuppressMessage("Style", "IDE0060", Justification = "The compiler passes it.")]
internal struct PooledMethodBuilder<TResult>
{
    private PooledMethodState<TResult>? _state;
    private TResult _result;

    public readonly ValueTask<TResult> Task => _state is { } state ? new(state, state.Version) : new(_result);

    public static PooledMethodBuilder<TResult> Create() => default;

    public readonly void Start<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine => stateMachine.MoveNext();

    public readonly void SetStateMachine(IAsyncStateMachine stateMachine)
    {
    }

    public void SetResult(TResult result)
    {
        if (_state is { } state)
        {
            state.SetResult(result);
        }
        else
        {
            _result = result;
        }
    }

    public void SetException(Exception exception)
    {
        // A method that fails before it first waits has no state yet.
        _state ??= new PooledMethodState<TResult>();
        _state.SetException(exception);
    }

    public void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine => awaiter.OnCompleted(PooledMethodState<TResult>.Suspend(ref _state, ref stateMachine));

    public void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine => awaiter.UnsafeOnCompleted(PooledMethodState<TResult>.Suspend(ref _state, ref stateMachine));
}

/// <summary>The same for methods without a result.</summary>
[SuppressMessage("Performance", "CA1822", Justification = "The compiler calls all of it on an instance.")]
[SuppressMessage("Style", "IDE0060", Justification = "The compiler passes it.")]
internal struct PooledMethodBuilder
{
    private PooledMethodState<bool>? _state;

    public readonly ValueTask Task => _state is { } state ? new(state, state.Version) : default;

    public static PooledMethodBuilder Create() => default;

    public readonly void Start<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine => stateMachine.MoveNext();

    public readonly void SetStateMachine(IAsyncStateMachine stateMachine)
    {
    }

    public readonly void SetResult() => _state?.SetResult(true);

    public void SetException(Exception exception)
    {
        _state ??= new PooledMethodState<bool>();
        _state.SetException(exception);
    }

    public void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine => awaiter.OnCompleted(PooledMethodState<bool>.Suspend(ref _state, ref stateMachine));

    public void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine => awaiter.UnsafeOnCompleted(PooledMethodState<bool>.Suspend(ref _state, ref stateMachine));
}
