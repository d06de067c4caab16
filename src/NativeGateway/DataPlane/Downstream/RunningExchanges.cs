namespace NativeGateway.DataPlane.Downstream;

/// <summary>How many exchanges a connection is busy with, for whoever must not end it before they do. Any thread.</summary>
internal sealed class RunningExchanges
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _idle;
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>One begins. Each is ended by one <see cref="Leave"/>.</summary>
    public void Enter()
    {
        lock (_gate)
        {
            _count++;
        }
    }

    public void Leave()
    {
        lock (_gate)
        {
            if (--_count == 0)
            {
                _idle?.TrySetResult();
                _idle = null;
            }
        }
    }

    /// <summary>Completes when none is running.</summary>
    public Task IdleAsync()
    {
        lock (_gate)
        {
            if (_count == 0)
            {
                return Task.CompletedTask;
            }

            _idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _idle.Task;
        }
    }
}
