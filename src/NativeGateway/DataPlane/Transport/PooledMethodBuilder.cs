using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

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

    public readonly ValueTask<TResult> Task =>
        _state is { } state ? new ValueTask<TResult>(state, state.Version) : new ValueTask<TResult>(_result);

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
        where TStateMachine : IAsyncStateMachine => awaiter.OnCompleted(Suspend(ref stateMachine));

    public void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine => awaiter.UnsafeOnCompleted(Suspend(ref stateMachine));

    private Action Suspend<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine
    {
        if (_state is null)
        {
            var state = PooledMethodState<TStateMachine, TResult>.Rent();
            _state = state;

            // A copy that holds this builder, with the state that was just set.
            state.Machine = stateMachine;
        }

        return _state.MoveNext;
    }
}

/// <summary>The result of one run of a method, and how it goes on.</summary>
internal class PooledMethodState<TResult> : IValueTaskSource<TResult>
{
    private ManualResetValueTaskSourceCore<TResult> _core;

    public Action MoveNext { get; protected init; } = static () => { };

    public short Version => _core.Version;

    public void SetResult(TResult result) => _core.SetResult(result);

    public void SetException(Exception exception) => _core.SetException(exception);

    public TResult GetResult(short token)
    {
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            _core.Reset();
            Return();
        }
    }

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags & ~ValueTaskSourceOnCompletedFlags.FlowExecutionContext);

    protected virtual void Return()
    {
    }
}

/// <summary>The same, with the method's variables.</summary>
internal sealed class PooledMethodState<TStateMachine, TResult> : PooledMethodState<TResult>
    where TStateMachine : IAsyncStateMachine
{
    private const int Kept = 512;

    [ThreadStatic]
    private static Stack<PooledMethodState<TStateMachine, TResult>>? _pool;

    private TStateMachine? _machine;

    private PooledMethodState() => MoveNext = () => _machine!.MoveNext();

    public TStateMachine Machine
    {
        set => _machine = value;
    }

    public static PooledMethodState<TStateMachine, TResult> Rent() =>
        _pool is { } pool && pool.TryPop(out var state) ? state : new PooledMethodState<TStateMachine, TResult>();

    protected override void Return()
    {
        _machine = default;
        var pool = _pool ??= new Stack<PooledMethodState<TStateMachine, TResult>>();
        if (pool.Count < Kept)
        {
            pool.Push(this);
        }
    }
}
