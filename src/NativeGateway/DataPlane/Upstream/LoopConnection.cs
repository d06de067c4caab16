using System.Buffers.Text;
using System.Runtime.CompilerServices;
using NativeGateway.DataPlane.Transport;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// A connection to an upstream on an event loop: one request and its response at a time, for which it is the response itself. While it waits in
/// its pool it holds no buffer.
/// </summary>
internal sealed class LoopConnection : Deadlined, IWireResponse
{
    private static readonly TimeSpan LongestLife = TimeSpan.FromMinutes(15);

    private const int MaxHead = 64 * 1024;

    /// <summary>Interim responses (1xx) that are skipped before the real one.</summary>
    private const int MaxInterim = 16;

    private readonly LoopPool _pool;
    private readonly LoopSocket _socket;
    private readonly LoopInput _input;
    private readonly Http1Body _body = new();
    private readonly Http1ResponseHead _head = new();
    private readonly long _openedAt;
    private bool _isIdle;
    private bool _isClosed;

    public LoopConnection(LoopPool pool, LoopSocket socket)
    {
        (_pool, _socket, _openedAt) = (pool, socket, pool.Loop.Now);
        _input = new LoopInput(socket, MaxHead);
        socket.OnPeerLeft = OnPeerLeft;
    }

    public int Status => _head.Status;

    public WireContent Content => _head.Content;

    public long? ContentLength => _body.Announced;

    public string? SessionId => _head.SessionId;

    public TimeSpan? RetryAfter(TimeProvider time) => _head.WaitOf(time);

    /// <summary>Sends a request in one piece and waits for the head of the response. Returns its status.</summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    public async ValueTask<int> SendAsync(WireRequest request, byte[] prefix, CancellationToken cancellationToken)
    {
        using (var output = new WireBuffer())
        {
            Write(output, request, prefix);
            var bytes = output.Written;
            var sent = _socket.TrySend(bytes.Span);
            request.WasStarted = true;
            if (sent < bytes.Length)
            {
                await _socket.SendAsync(bytes[sent..], cancellationToken).ConfigureAwait(false);
            }
        }

        for (var interim = 0; interim < MaxInterim; interim++)
        {
            await ReadHeadAsync(cancellationToken).ConfigureAwait(false);
            if (_head.Status >= 200)
            {
                _body.Begin(_head);
                return _head.Status;
            }
        }

        throw new IOException("The upstream sent interim responses without end.");
    }

    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (_pool.Loop.IsCurrent && TryRead(buffer.Span, out var count))
        {
            return ValueTask.FromResult(count);
        }

        return ReadSlowlyAsync(buffer, cancellationToken);
    }

    public ValueTask AbortAsync(Memory<byte> scratch)
    {
        if (_pool.Loop.IsCurrent)
        {
            Close();
        }
        else
        {
            _pool.Loop.Post(static connection => ((LoopConnection)connection!).Close(), this);
        }

        return ValueTask.CompletedTask;
    }

    public void Dispose()
    {
        if (_pool.Loop.IsCurrent)
        {
            Leave();
        }
        else
        {
            _pool.Loop.Post(static connection => ((LoopConnection)connection!).Leave(), this);
        }
    }

    public void Close()
    {
        _isClosed = true;
        Deadlines?.Clear(this);
        _socket.Dispose();
        _input.Release();
    }

    /// <summary>False when it is of no more use: closed by the upstream, or something came that nobody had asked for.</summary>
    public bool TryLeaveIdle()
    {
        _isIdle = false;
        Deadlines?.Clear(this);
        return !_socket.PeerHasLeft && !_socket.HasInput;
    }

    /// <summary>It waited too long, or the rest of a response did not come.</summary>
    public override void OnDeadline()
    {
        if (_isIdle)
        {
            _pool.Remove(this);
        }

        Close();
    }

    private static void Write(WireBuffer output, WireRequest request, byte[] prefix)
    {
        var length = request.Length;
        prefix.CopyTo(output.GetSpan(prefix.Length));
        output.Advance(prefix.Length);
        WireHeaders.WriteVarying(request, new Lines(output));
        output.WriteAscii("Content-Length: ");
        Utf8Formatter.TryFormat(length, output.GetSpan(11), out var digits);
        output.Advance(digits);
        output.WriteAscii("\r\n\r\n");
        request.WriteTo(output);
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<int> ReadHeadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var used = _head.Read(_input.Span);
            if (used > 0)
            {
                _input.Consume(used);
                return used;
            }

            if (_input.IsFull)
            {
                throw new IOException("The head of the upstream's response is too long.");
            }

            int count;
            while ((count = _input.TryFill()) < 0)
            {
                await _socket.WaitReadableAsync(cancellationToken).ConfigureAwait(false);
            }

            if (count == 0)
            {
                throw new IOException("The upstream closed the connection before it answered.");
            }
        }
    }

    /// <summary>False when it has to be waited for.</summary>
    private bool TryRead(Span<byte> buffer, out int count)
    {
        while (true)
        {
            count = _body.Take(_input.Span, buffer, out var used);
            _input.Consume(used);
            if (count > 0 || _body.IsAtEnd)
            {
                return true;
            }

            switch (_input.TryFill())
            {
                case < 0:
                    return false;
                case 0 when !_body.EndsWithConnection:
                    throw new IOException("The upstream closed the connection within its answer.");
                case 0:
                    _body.Ended();
                    break;
                default:
                    break;
            }
        }
    }

    private async ValueTask<int> ReadSlowlyAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        await _pool.Loop.Enter();
        int count;
        while (!TryRead(buffer.Span, out count))
        {
            await _socket.WaitReadableAsync(cancellationToken).ConfigureAwait(false);
        }

        return count;
    }

    /// <summary>The response is not read any further: back to the pool, when its end is here or comes soon.</summary>
    private void Leave()
    {
        if (!_isClosed)
        {
            _ = DrainAsync();
        }
    }

    private async Task DrainAsync()
    {
        try
        {
            for (var left = EventLoop.BufferSize; left > 0;)
            {
                if (!TryRead(_body.Scratch, out var count))
                {
                    _pool.Rest.Set(this, _pool.Loop.Now);
                    await _socket.WaitReadableAsync().ConfigureAwait(false);
                }
                else if (count == 0)
                {
                    BackToPool();
                    return;
                }

                left -= count;
            }

            Close();
        }
        catch (IOException)
        {
            Close();
        }
    }

    private void BackToPool()
    {
        Deadlines?.Clear(this);
        if (!_head.KeepsAlive || _body.EndsWithConnection || _input.Length > 0 || _socket.PeerHasLeft
            || _pool.Loop.Now - _openedAt > LongestLife.TotalMilliseconds)
        {
            Close();
            return;
        }

        _isIdle = true;
        _pool.Return(this);
    }

    private void OnPeerLeft()
    {
        if (_isIdle)
        {
            _pool.Remove(this);
            Close();
        }
    }

    private readonly struct Lines(WireBuffer output) : IWireHeaders
    {
        public void Add(string name, string value)
        {
            output.WriteAscii(name);
            output.WriteAscii(": ");
            output.WriteAscii(value);
            output.WriteAscii("\r\n");
        }
    }
}
