using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace NativeGateway.DataPlane.Transport;

/// <summary>
/// A listening socket that deals the connections it accepts out to several loops in turn. One socket, not one per loop (SO_REUSEPORT): a second
/// gateway on the same port is refused instead of silently sharing it, and no connection is lost with the queue of a loop that ends first.
/// </summary>
internal sealed class LoopListener : LoopHandle
{
    private readonly EventLoop[] _loops;
    private readonly Socket _socket;
    private readonly Action<EventLoop, int> _accepted;
    private int _next;
    private bool _isClosed;

    /// <param name="loops">The first one accepts.</param>
    /// <param name="socket">Listens already.</param>
    /// <param name="accepted">Told on the loop that the descriptor shall belong to.</param>
    public LoopListener(EventLoop[] loops, Socket socket, Action<EventLoop, int> accepted)
        : base((int)socket.Handle)
    {
        _loops = loops;
        _socket = socket;
        _accepted = accepted;
        socket.Blocking = false;
        loops[0].Post(static listener => ((LoopListener)listener!).Open(), this);
    }

    /// <summary>Accepts who has connected already, and nobody afterwards.</summary>
    public async Task CloseAsync()
    {
        await _loops[0].Enter();
        if (!_isClosed)
        {
            _isClosed = true;
            AcceptAll();
            _loops[0].Remove(this);
            _socket.Dispose();
        }
    }

    public override void OnReady(uint events) => AcceptAll();

    private void Open() => _loops[0].Add(this, LoopLibc.Readable);

    private unsafe void AcceptAll()
    {
        for (var i = 0; i < 64; i++)
        {
            var descriptor = LoopLibc.Accept(Descriptor, null, null, LoopLibc.NonBlocking | LoopLibc.CloseOnExec);
            if (descriptor < 0)
            {
                // Level-triggered: whoever still waits is reported again. Out of descriptors means trying again as fast as the loop turns, so it
                // pauses for a moment instead.
                if (Marshal.GetLastPInvokeError() is not (LoopLibc.TryAgain or LoopLibc.Interrupted))
                {
                    Thread.Sleep(1);
                }

                return;
            }

            _next = (_next + 1) % _loops.Length;
            _loops[_next].Post(Hand, (this, _loops[_next], descriptor));
        }
    }

    private static void Hand(object? state)
    {
        var (listener, loop, descriptor) = ((LoopListener, EventLoop, int))state!;
        listener._accepted(loop, descriptor);
    }
}
