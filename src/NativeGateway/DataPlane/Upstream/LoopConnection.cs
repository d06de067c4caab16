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

    private readonly LoopPool _pool;
    private readonly LoopSocket _socket;
    private readonly LoopInput _input;
    private readonly Http1Body _body = new();
    private readonly Http1ResponseHead _head = new();
    private readonly LoopAnswer _answer;
    private readonly long _openedAt;
    private byte[] _unsent = [];
    private bool _isIdle;
    private bool _isClosed;

    public LoopConnection(LoopPool pool, LoopSocket socket)
    {
        (_pool, _socket, _openedAt) = (pool, socket, pool.Loop.Now);
        _input = new LoopInput(socket, MaxHead);
        _answer = new LoopAnswer(this, socket, _input, _head);
        socket.OnPeerLeft = OnPeerLeft;
    }

    public LoopPool Pool => _pool;

    public int Status => _head.Status;

    public WireContent Content => _head.Content;

    public long? ContentLength => _body.Announced;

    public string? SessionId => _head.SessionId;

    public TimeSpan? RetryAfter(TimeProvider time) => _head.WaitOf(time);

    /// <summary>Sends a request in one piece; what is not taken at once goes with <see cref="AnswerAsync"/>.</summary>
    /// <exception cref="IOException">The connection took nothing.</exception>
    public void Start(WireRequest request, byte[] prefix)
    {
        var output = _pool.Output;
        Write(output, request, prefix);
        try
        {
            var sent = _socket.TrySend(output.Written.Span);
            request.WasStarted = true;
            _unsent = sent == output.Length ? [] : output.Written.Span[sent..].ToArray();
        }
        finally
        {
            output.Release();
        }
    }

    /// <summary>Completes, with this connection as the response, when its head has arrived. What goes wrong is in the result.</summary>
    /// <exception cref="OperationCanceledException">In the task.</exception>
    public ValueTask<HttpSent> AnswerAsync(WireRequest request, CircuitPass pass, CancellationToken cancellationToken) =>
        _unsent.Length == 0 ? _answer.WaitAsync(request, pass, cancellationToken) : SendRestAsync(request, pass, cancellationToken);

    /// <summary>The head has arrived; what follows is the body.</summary>
    public void BeginBody() => _body.Begin(_head);

    public bool TryPeekBody(out ReadOnlyMemory<byte> body)
    {
        body = default;
        if (!_pool.Loop.IsCurrent || _body.Rest is not { } rest || rest > MaxHead / 2)
        {
            return false;
        }

        while (_input.Length < rest)
        {
            if (_input.TryFill() <= 0)
            {
                return false;
            }
        }

        body = _input.Memory[..(int)rest];
        return true;
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

    private static void Write(SendBuffer output, WireRequest request, byte[] prefix)
    {
        var length = request.Length;
        output.Write(prefix);
        WireHeaders.WriteVarying(request, new Lines(output));
        output.Write("Content-Length: "u8);
        output.Write(length);
        output.Write("\r\n\r\n"u8);
        request.WriteTo(output);
    }

    private async ValueTask<HttpSent> SendRestAsync(WireRequest request, CircuitPass pass, CancellationToken cancellationToken)
    {
        try
        {
            await _socket.SendAsync(_unsent, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            Close();
            return _pool.Wire.Failed(pass, request, fault, cancellationToken);
        }

        return await _answer.WaitAsync(request, pass, cancellationToken).ConfigureAwait(false);
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
            if (_body.Rest is { } rest && rest <= _input.Length)
            {
                _input.Consume((int)rest);
                _body.Ended();
            }

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

    private readonly struct Lines(SendBuffer output) : IWireHeaders
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
