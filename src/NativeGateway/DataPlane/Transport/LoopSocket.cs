using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;

namespace NativeGateway.DataPlane.Transport;

/// <summary>
/// A connected TCP socket of an <see cref="EventLoop"/>, accepted or opened. One receiver and one sender at a time; everything on the loop's
/// thread, where continuations run inline. What breaks is an <see cref="IOException"/>.
/// </summary>
internal sealed class LoopSocket : LoopHandle, IDisposable
{
    private const uint Watched =
        LoopLibc.Readable | LoopLibc.Writable | LoopLibc.PeerHungUp | LoopLibc.EdgeTriggered;

    private readonly LoopWaiter _reading;
    private readonly LoopWaiter _writing;
    private bool _isReadable;
    private bool _isClosed;

    /// <param name="loop">Whose thread this is.</param>
    /// <param name="descriptor">A non-blocking socket; belongs to the new object.</param>
    public LoopSocket(EventLoop loop, int descriptor)
        : base(descriptor)
    {
        Loop = loop;
        _reading = new LoopWaiter(loop);
        _writing = new LoopWaiter(loop);
        loop.Add(this, Watched);
    }

    public EventLoop Loop { get; }

    /// <summary>The peer has closed its side, or the connection broke; bytes that came before may still be read.</summary>
    public bool PeerHasLeft { get; private set; }

    /// <summary>Something was reported that has not been received: bytes, the end of the stream, or nothing after all.</summary>
    public bool HasInput => _isReadable;

    /// <summary>Told of what can be received, instead of whoever awaits that; null for none.</summary>
    public ILoopReader? Reader { get; set; }

    /// <summary>Told once when <see cref="PeerHasLeft"/> becomes true.</summary>
    public Action? OnPeerLeft { get; set; }

    /// <summary>Null when the connection broke before it could be asked for.</summary>
    public IPAddress? PeerAddress => ReadAddress(isPeer: true);

    public IPAddress? LocalAddress => ReadAddress(isPeer: false);

    /// <summary>Small messages leave at once, and a peer that vanished is missed after some minutes.</summary>
    public static void SetOptions(int descriptor)
    {
        SetOption(descriptor, LoopLibc.TcpLevel, LoopLibc.NoDelayOption, 1);
        SetOption(descriptor, LoopLibc.SocketLevel, LoopLibc.KeepAliveOption, 1);
        SetOption(descriptor, LoopLibc.TcpLevel, LoopLibc.KeepAliveIdleOption, 60);
        SetOption(descriptor, LoopLibc.TcpLevel, LoopLibc.KeepAliveIntervalOption, 15);
    }

    /// <summary>Completes when there may be something to receive; what comes first may be the end.</summary>
    public ValueTask<int> WaitReadableAsync(CancellationToken cancellationToken = default) =>
        _isReadable || _isClosed ? ValueTask.FromResult(0) : _reading.WaitAsync(cancellationToken);

    /// <summary>Wakes who waits to receive, for another reason.</summary>
    public void Nudge() => _reading.Complete();

    /// <summary>
    /// Receives what is there, without waiting: how many bytes, 0 at the end of the stream, or -1 when there is nothing at present. Less than asked
    /// for means that all was taken: another readiness is reported when more comes, so the call that would only say "not now" is saved.
    /// </summary>
    public unsafe int TryReceive(Span<byte> buffer)
    {
        ThrowIfClosed();
        if (!_isReadable)
        {
            return -1;
        }

        while (true)
        {
            nint count;
            fixed (byte* start = buffer)
            {
                count = LoopLibc.ReceiveAtOnce(Descriptor, start, (nuint)buffer.Length, 0);
                count = count >= 0 ? count : LoopLibc.Receive(Descriptor, start, (nuint)buffer.Length, 0);
            }

            if (count >= 0)
            {
                _isReadable = count == buffer.Length || PeerHasLeft;
                return (int)count;
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case LoopLibc.Interrupted:
                    continue;
                case LoopLibc.TryAgain:
                    _isReadable = false;
                    return -1;
                case var error:
                    throw Broken(error);
            }
        }
    }

    /// <summary>Waits until something is there. Returns 0 at the end of the stream.</summary>
    public async ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int count;
        while ((count = TryReceive(buffer.Span)) < 0)
        {
            await WaitReadableAsync(cancellationToken).ConfigureAwait(false);
        }

        return count;
    }

    /// <summary>Sends all of it; nearly always at once.</summary>
    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default)
    {
        var sent = TrySend(bytes.Span);
        return sent == bytes.Length ? ValueTask.CompletedTask : SendRestAsync(bytes[sent..], cancellationToken);
    }

    /// <summary>Sends as much as the system takes without waiting; returns how much.</summary>
    public unsafe int TrySend(ReadOnlySpan<byte> bytes)
    {
        ThrowIfClosed();
        var sent = 0;
        while (sent < bytes.Length)
        {
            nint count;
            fixed (byte* start = bytes)
            {
                count = LoopLibc.SendAtOnce(Descriptor, start + sent, (nuint)(bytes.Length - sent), LoopLibc.NoSignal);
                count = count >= 0 ? count : LoopLibc.Send(Descriptor, start + sent, (nuint)(bytes.Length - sent), LoopLibc.NoSignal);
            }

            if (count >= 0)
            {
                sent += (int)count;
                continue;
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case LoopLibc.Interrupted:
                    continue;
                case LoopLibc.TryAgain:
                    return sent;
                case var error:
                    throw Broken(error);
            }
        }

        return sent;
    }

    /// <summary>The same for bytes that stand in three places, in one call; what it does not take is left to the caller.</summary>
    public unsafe int TrySend(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third)
    {
        ThrowIfClosed();
        fixed (byte* one = first, two = second, three = third)
        {
            var pieces = stackalloc LoopLibc.Piece[3];
            pieces[0] = new LoopLibc.Piece { Start = one, Length = (nuint)first.Length };
            pieces[1] = new LoopLibc.Piece { Start = two, Length = (nuint)second.Length };
            pieces[2] = new LoopLibc.Piece { Start = three, Length = (nuint)third.Length };
            var message = new LoopLibc.MessageHeader { Pieces = pieces, Count = 3 };
            return (int)Math.Max(0, LoopLibc.SendPieces(Descriptor, &message, LoopLibc.NoSignal));
        }
    }

    /// <summary>Completes at the next report that something can be sent: after an attempt that could not send everything, or to connect.</summary>
    public ValueTask<int> WaitWritableAsync(CancellationToken cancellationToken = default) => _writing.WaitAsync(cancellationToken);

    /// <summary>Nothing more will be sent; the peer sees the end of the stream.</summary>
    public void EndSending()
    {
        if (!_isClosed)
        {
            _ = LoopLibc.Shutdown(Descriptor, LoopLibc.ShutdownSending);
        }
    }

    /// <summary>Gives the descriptor away: the loop does not watch it any more, and it stays open.</summary>
    public int Detach()
    {
        _isClosed = true;
        Loop.Remove(this);
        return Descriptor;
    }

    /// <summary>Closes the connection. Whoever waits for it fails.</summary>
    public void Dispose()
    {
        if (_isClosed)
        {
            return;
        }

        _isClosed = true;
        OnPeerLeft = null;
        Loop.Remove(this);
        _ = LoopLibc.Close(Descriptor);
        _reading.Fail(Closed());
        Reader?.OnClosed();
        _writing.Fail(Closed());
    }

    public override void OnReady(uint events)
    {
        if ((events & (LoopLibc.PeerHungUp | LoopLibc.HungUp | LoopLibc.Failed)) != 0 && !PeerHasLeft)
        {
            PeerHasLeft = true;
            OnPeerLeft?.Invoke();
        }

        if ((events & (LoopLibc.Readable | LoopLibc.PeerHungUp | LoopLibc.HungUp | LoopLibc.Failed)) != 0 && !_isClosed)
        {
            _isReadable = true;
            if (Reader is { } reader)
            {
                reader.OnReadable();
            }
            else
            {
                _reading.Complete();
            }
        }

        if ((events & (LoopLibc.Writable | LoopLibc.HungUp | LoopLibc.Failed)) != 0 && !_isClosed)
        {
            _writing.Complete();
        }
    }

    private async ValueTask SendRestAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            await WaitWritableAsync(cancellationToken).ConfigureAwait(false);
            bytes = bytes[TrySend(bytes.Span)..];
        }
    }

    private unsafe IPAddress? ReadAddress(bool isPeer)
    {
        // struct sockaddr_in: family, port, address; struct sockaddr_in6: family, port, flow, address, scope.
        var bytes = stackalloc byte[28];
        uint length = 28;
        var result = isPeer ? LoopLibc.PeerName(Descriptor, bytes, &length) : LoopLibc.LocalName(Descriptor, bytes, &length);
        var span = new ReadOnlySpan<byte>(bytes, 28);
        var address = result != 0 ? null
            : length >= 28 ? new IPAddress(span.Slice(8, 16), BinaryPrimitives.ReadUInt32LittleEndian(span[24..]))
            : new IPAddress(span.Slice(4, 4));
        return address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
    }

    private void ThrowIfClosed()
    {
        if (_isClosed)
        {
            throw Closed();
        }
    }

    private static IOException Closed() => new("The connection is closed.");

    private static IOException Broken(int error) => new($"The connection broke: error {error}.");

    private static unsafe void SetOption(int descriptor, int level, int name, int value) =>
        _ = LoopLibc.SetOption(descriptor, level, name, &value, sizeof(int));
}
