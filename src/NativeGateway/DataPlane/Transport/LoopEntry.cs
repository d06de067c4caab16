using System.Runtime.CompilerServices;

namespace NativeGateway.DataPlane.Transport;

/// <summary>Continues on a loop's thread. See <see cref="EventLoop.Enter"/>.</summary>
internal readonly struct LoopEntry(EventLoop loop, bool isYield) : ICriticalNotifyCompletion
{
    public bool IsCompleted => !isYield && loop.IsCurrent;

    public LoopEntry GetAwaiter() => this;

    public void GetResult()
    {
    }

    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    public void UnsafeOnCompleted(Action continuation) => loop.Post(static state => ((Action)state!)(), continuation);
}
