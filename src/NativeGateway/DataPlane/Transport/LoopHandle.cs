namespace NativeGateway.DataPlane.Transport;

/// <summary>A descriptor that an <see cref="EventLoop"/> watches. Everything about it happens on the loop's thread.</summary>
internal abstract class LoopHandle(int descriptor)
{
    public int Descriptor { get; } = descriptor;

    /// <summary>Tells this use of the descriptor's number from an earlier one, whose events may still be under way.</summary>
    public uint Generation { get; set; }

    /// <summary>The descriptor became ready; <paramref name="events"/> as epoll reports them.</summary>
    public abstract void OnReady(uint events);
}
