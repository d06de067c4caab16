using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace NativeGateway.DataPlane.Transport;

/// <summary>The result of one run of a method of <see cref="PooledMethodBuilder{TResult}"/>, and how it goes on.</summary>
internal class PooledMethodState<TResult> : IValueTaskSource<TResult>, IValueTaskSource
{
    /// <summary>Nothing below the pipeline's door asks for a context or a scheduler, and looking for one costs.</summary>
    private const ValueTaskSourceOnCompletedFlags Flags = ValueTaskSourceOnCompletedFlags.None;

    private ManualResetValueTaskSourceCore<TResult> _core;

    public Action MoveNext { get; protected init; } = static () => { };

    public short Version => _core.Version;

    /// <summary>Takes a state from the pool at the method's first wait, with the method's variables. Returns how it goes on.</summary>
    /// <param name="state">Where the builder within the method keeps it.</param>
    public static Action Suspend<TStateMachine>(ref PooledMethodState<TResult>? state, ref TStateMachine machine)
        where TStateMachine : IAsyncStateMachine
    {
        if (state is null)
        {
            var rented = MethodStatePool<TStateMachine>.TryRent() is { } free
                ? Unsafe.As<PooledMethodState<TStateMachine, TResult>>(free)
                : new PooledMethodState<TStateMachine, TResult>();
            state = rented;

            // A copy that holds the builder, with the state that was just set.
            rented.Machine = machine;
        }

        return state.MoveNext;
    }

    public void SetResult(TResult result) => _core.SetResult(result);

    public void SetException(Exception exception) => _core.SetException(exception);

    public TResult GetResult(short token)
    {
        if (_core.GetStatus(token) != ValueTaskSourceStatus.Succeeded)
        {
            return Throw(token);
        }

        var result = _core.GetResult(token);
        _core.Reset();
        Return();
        return result;
    }

    void IValueTaskSource.GetResult(short token) => GetResult(token);

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, Flags);

    protected virtual void Return()
    {
    }

    private TResult Throw(short token)
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
}

/// <summary>The same, with the method's variables.</summary>
internal sealed class PooledMethodState<TStateMachine, TResult> : PooledMethodState<TResult>
    where TStateMachine : IAsyncStateMachine
{
    public TStateMachine? Machine;

    public PooledMethodState() => MoveNext = () => Machine!.MoveNext();

    protected override void Return()
    {
        Machine = default;
        MethodStatePool<TStateMachine>.Return(this);
    }
}

/// <summary>
/// The states of one method that are free, for the thread that asks. A type of its own, because one that also depended on the type of the result
/// would be looked up at run time on every use.
/// </summary>
internal static class MethodStatePool<TStateMachine>
{
    private const int Kept = 512;

    [ThreadStatic]
    private static object[]? _free;

    [ThreadStatic]
    private static int _count;

    public static object? TryRent()
    {
        if (_count == 0)
        {
            return null;
        }

        var free = _free!;
        return free[--_count];
    }

    public static void Return(object state)
    {
        var free = _free ??= new object[Kept];
        if (_count < Kept)
        {
            free[_count++] = state;
        }
    }
}
