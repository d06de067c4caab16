using System.Net.Sockets;
using System.Runtime.CompilerServices;
using NativeGateway.DataPlane.Proxy;
using NativeGateway.DataPlane.Transport;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>
/// One connection of the lean door: takes one request after the other out of its buffer and answers it, until it is closed or something comes
/// that is Kestrel's to judge. Lives on its loop's thread; while nothing is asked it holds no buffer.
/// </summary>
internal sealed class Http1Connection : Deadlined, IDisposable
{
    /// <summary>Head and body of one request; more goes to Kestrel.</summary>
    private const int MaxRequest = 64 * 1024;

    /// <summary>Answered one after the other before other connections get their turn.</summary>
    private const int MaxInARow = 16;

    private readonly Http1Front _front;
    private readonly Http1LoopState _state;
    private readonly LoopSocket _socket;
    private readonly LoopInput _input;
    private readonly LoopResponse _response;
    private readonly Action<Socket, byte[]> _handOver;
    private readonly Http1Request _request = new();
    private readonly Http1Heads _heads;
    private readonly CancellationTokenSource _gone = new();
    private bool _isOverdue;
    private bool _isAnswering;

    /// <param name="handOver">Takes the socket, and what was read from it and not used, when Kestrel is to go on.</param>
    public Http1Connection(Http1Front front, Http1LoopState state, LoopSocket socket, Action<Socket, byte[]> handOver)
    {
        (_front, _state, _socket, _handOver) = (front, state, socket, handOver);
        _input = new LoopInput(socket, MaxRequest);
        _heads = new Http1Heads(_input, _request, socket, front.TrustedProxies);
        _response = new LoopResponse(socket, state.Date, SetStalled);
        socket.OnPeerLeft = OnPeerLeft;
    }

    private enum End : byte
    {
        Close,
        HandOver,
    }

    public async Task RunAsync()
    {
        try
        {
            if (await ServeAsync().ConfigureAwait(false) == End.HandOver)
            {
                Deadlines?.Clear(this);
                _handOver(new Socket(new SafeSocketHandle(_socket.Detach(), ownsHandle: true)), _input.Span.ToArray());
                return;
            }

            await LingerAsync().ConfigureAwait(false);
        }
        catch (IOException)
        {
            // The client is gone.
        }
        catch (Exception fault)
        {
            _front.Faulted(fault);
        }
        finally
        {
            Dispose();
            _state.Leave(this);
        }
    }

    /// <summary>The gateway ends: idle connections get a last moment, running requests their answer.</summary>
    public void BeginDrain()
    {
        if (!_isAnswering)
        {
            _state.Lingering.Set(this, _socket.Loop.Now);
        }
    }

    public void Abort() => _socket.Dispose();

    public void Dispose()
    {
        Deadlines?.Clear(this);
        _socket.Dispose();
        _input.Release();
        _gone.Dispose();
    }

    /// <summary>What waits is woken, and looks why.</summary>
    public override void OnDeadline()
    {
        _isOverdue = true;
        if (_isAnswering)
        {
            _socket.Dispose();
        }
        else
        {
            _socket.Nudge();
        }
    }

    private async ValueTask<End> ServeAsync()
    {
        for (var inARow = 0; ; inARow++)
        {
            var verdict = _heads.Read();
            while (verdict == Http1Verdict.Incomplete || (verdict == Http1Verdict.Complete && IsBodyMissing))
            {
                if (verdict == Http1Verdict.Complete && _request.HeadLength + _request.ContentLength > MaxRequest)
                {
                    return End.HandOver;
                }

                inARow = 0;
                if (await ReceiveAsync().ConfigureAwait(false) is { } end)
                {
                    return end;
                }

                verdict = _heads.Read();
            }

            if (verdict == Http1Verdict.Foreign)
            {
                return End.HandOver;
            }

            if (inARow == MaxInARow)
            {
                inARow = 0;
                await _socket.Loop.Yield();
            }

            if (!await AnswerAsync().ConfigureAwait(false))
            {
                return End.Close;
            }
        }
    }

    private bool IsBodyMissing => _input.Length < _request.HeadLength + _request.ContentLength;

    /// <summary>Receives more of a request. Null when there is more.</summary>
    private async ValueTask<End?> ReceiveAsync()
    {
        var isIdle = _input.Length == 0;
        if (_input.IsFull)
        {
            return End.HandOver;
        }

        var patience = _front.IsDraining ? _state.Lingering : isIdle ? _state.Idle : _state.Reading;
        if (isIdle || Deadlines != patience)
        {
            patience.Set(this, _socket.Loop.Now);
        }

        while (true)
        {
            await _socket.WaitReadableAsync().ConfigureAwait(false);
            if (_input.TryFill() is var count and >= 0)
            {
                return count == 0 ? End.Close : null;
            }

            if (_isOverdue)
            {
                return isIdle || _front.IsDraining ? End.Close : End.HandOver;
            }
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<bool> AnswerAsync()
    {
        Deadlines?.Clear(this);
        _isAnswering = true;
        var length = _request.HeadLength + _request.ContentLength;
        _response.Reset(_request.Closes || _front.IsDraining, _gone.Token);
        var head = _heads.Next();
        await using (var reply = new HttpReplySink(_response, head))
        {
            var exchange = Exchange.InMemory(head, reply, _input.Memory.Slice(_request.HeadLength, _request.ContentLength), _gone.Token);
            await _front.Proxy.HandleAsync(exchange).ConfigureAwait(false);
            if (exchange.Failure is { Kind: ErrorKind.ClientGone } && _gone.IsCancellationRequested)
            {
                await _socket.Loop.Enter();
                _socket.Dispose();
            }
        }

        await _socket.Loop.Enter();
        var isWhole = await _response.EndAsync().ConfigureAwait(false);
        _isAnswering = false;
        _input.Consume(length);
        return isWhole && !_response.Closes;
    }

    /// <summary>Closing while bytes of the client are unread would reset the connection, and the answer might be lost with it.</summary>
    private async ValueTask LingerAsync()
    {
        if (_socket.PeerHasLeft)
        {
            return;
        }

        _socket.EndSending();
        _isOverdue = false;
        _state.Lingering.Set(this, _socket.Loop.Now);
        for (var left = MaxRequest; left > 0 && !_isOverdue;)
        {
            _input.Release();
            await _socket.WaitReadableAsync().ConfigureAwait(false);
            var count = _input.TryFill();
            if (count == 0)
            {
                return;
            }

            left -= Math.Max(count, 0);
        }
    }

    private void SetStalled(bool isStalled)
    {
        if (isStalled)
        {
            _state.Stalled.Set(this, _socket.Loop.Now);
        }
        else
        {
            Deadlines?.Clear(this);
        }
    }

    private void OnPeerLeft()
    {
        if (_isAnswering)
        {
            _gone.Cancel();
        }
    }
}
