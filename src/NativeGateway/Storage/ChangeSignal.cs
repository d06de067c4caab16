namespace NativeGateway.Storage;

/// <summary>Wakes everybody who waits for the next change. Any thread may wait and raise.</summary>
internal sealed class ChangeSignal
{
    private volatile TaskCompletionSource _next = Create();

    /// <summary>Completes with the next <see cref="Raise"/>. Take it before looking at the state that is waited for, so that no change falls between.</summary>
    public Task Next => _next.Task;

    public void Raise() => Interlocked.Exchange(ref _next, Create()).TrySetResult();

    private static TaskCompletionSource Create() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
