namespace NativeGateway.DataPlane.Transport;

/// <summary>Who is told at once, on the loop's thread, what becomes of the receiving side of a <see cref="LoopSocket"/>. Does not throw.</summary>
internal interface ILoopReader
{
    /// <summary>There may be something to receive; what comes first may be the end.</summary>
    void OnReadable();

    /// <summary>The socket was closed on this side.</summary>
    void OnClosed();
}
