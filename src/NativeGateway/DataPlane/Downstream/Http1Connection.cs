using System.Net.Sockets;
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
    private HttpReplySink? _reply;
    private Exchange? _exchange;
    private bool _isOverdue;
    private bool _isAnswering;
    private bool _isResting;

    /// <param name="handOver">Takes the socket, and what was read from it and not used, when Kestrel is to go on.</param>
    public Http1Connection(Http1Front front, Http1LoopState state, LoopSocket socket, Action<Socket, byte[]> handOver)
    {
        (_front, _state, _socket, _handOver) = (front, state, socket, handOver);
        _input = new LoopInput(socket, MaxRequest);
        _heads = new Http1Heads(_input, _request, socket, front.TrustedProxies);
        _response = new LoopResponse(socket, state.Date, SetStalled);
        socket.OnPeerLeft = OnPeerLeft;
    }

    /// <summary>What a connection does next.</summary>
    private enum Turn : byte
    {
        Receive,
        Answer,
        Close,
        HandOver,
    }

    public async Task RunAsync()
    {
        try
        {
            if (await ServeAsync().ConfigureAwait(false) == Turn.HandOver)
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
            _isResting = false;
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
        if (_isResting)
        {
            Forget();
            SetPatience(isIdle: true);
            return;
        }

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

    private async ValueTask<Turn> ServeAsync()
    {
        for (var inARow = 0; ;)
        {
            var turn = Next();
            if (turn == Turn.Receive)
            {
                inARow = 0;
                await _socket.WaitReadableAsync().ConfigureAwait(false);
                continue;
            }

            if (turn != Turn.Answer)
            {
                return turn;
            }

            if (++inARow > MaxInARow)
            {
                inARow = 1;
                await _socket.Loop.Yield();
            }

            // No local keeps the exchange: it would live on in this method while the connection rests.
            await _front.Proxy.HandleAsync(BeginAnswer()).ConfigureAwait(false);
            await _reply!.DisposeAsync().ConfigureAwait(false);
            await _socket.Loop.Enter();
            if (_exchange!.Failure is { Kind: ErrorKind.ClientGone } && _gone.IsCancellationRequested)
            {
                _socket.Dispose();
            }

            var isWhole = await _response.EndAsync().ConfigureAwait(false);
            EndAnswer();
            if (!isWhole || _response.Closes)
            {
                return Turn.Close;
            }
        }
    }

    /// <summary>What is to be done now, by what has been received.</summary>
    private Turn Next()
    {
        while (true)
        {
            var verdict = _heads.Read();
            var length = verdict == Http1Verdict.Complete ? _request.HeadLength + _request.ContentLength : 0;
            if (verdict == Http1Verdict.Complete && length <= _input.Length)
            {
                return Turn.Answer;
            }

            if (verdict == Http1Verdict.Foreign || length > MaxRequest || _input.IsFull)
            {
                return Turn.HandOver;
            }

            var isIdle = _input.Length == 0;
            switch (_input.TryFill())
            {
                case 0:
                    return Turn.Close;
                case < 0 when _isOverdue:
                    return isIdle || _front.IsDraining ? Turn.Close : Turn.HandOver;
                case < 0:
                    SetPatience(isIdle);
                    return Turn.Receive;
                default:
                    break;
            }
        }
    }

    private void SetPatience(bool isIdle)
    {
        _isResting = isIdle && _exchange is not null && !_front.IsDraining;
        var patience = _front.IsDraining ? _state.Lingering : _isResting ? _state.Resting : isIdle ? _state.Idle : _state.Reading;
        if (isIdle || Deadlines != patience)
        {
            patience.Set(this, _socket.Loop.Now);
        }
    }

    /// <summary>What a request leaves for the next one holds the snapshot that it was decided by, which others may have replaced since.</summary>
    private void Forget()
    {
        (_exchange, _reply) = (null, null);
        _heads.Forget();
    }

    private Exchange BeginAnswer()
    {
        Deadlines?.Clear(this);
        (_isAnswering, _isResting) = (true, false);
        _response.Reset(_request.Closes || _front.IsDraining, _gone.Token);
        var head = _heads.Next();
        var body = _input.Memory.Slice(_request.HeadLength, _request.ContentLength);
        if (_exchange is { MayRestart: true } exchange && _reply is { MayRestart: true } reply)
        {
            reply.Restart(head);
            exchange.Restart(head, body, reply, _gone.Token);
            return exchange;
        }

        _reply = new HttpReplySink(_response, head);
        return _exchange = new Exchange(head, body, _reply, _gone.Token);
    }

    private void EndAnswer()
    {
        _isAnswering = false;
        _input.Consume(_request.HeadLength + _request.ContentLength);
    }

    /// <summary>Closing while bytes of the client are unread would reset the connection, and the answer might be lost with it.</summary>
    private async ValueTask LingerAsync()
    {
        if (_socket.PeerHasLeft)
        {
            return;
        }

        _socket.EndSending();
        (_isOverdue, _isResting) = (false, false);
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
