using System.Threading.Tasks.Sources;
using NativeGateway.DataPlane.Transport;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// The wait of a request on a <see cref="LoopConnection"/> for the head of its response, one after the other. The head is read where the loop
/// reports its bytes, and whoever waits goes on from there: no method of this layer is suspended meanwhile. When it fails the connection is closed.
/// </summary>
internal sealed class LoopAnswer(LoopConnection connection, LoopSocket socket, LoopInput input, Http1ResponseHead head)
    : ILoopReader, IValueTaskSource<HttpSent>
{
    /// <summary>Interim responses (1xx) that are skipped before the real one.</summary>
    private const int MaxInterim = 16;

    private ManualResetValueTaskSourceCore<HttpSent> _core;
    private WireRequest? _request;
    private CircuitPass _pass;
    private CancellationTokenRegistration _registration;
    private CancellationToken _token;
    private int _interim;
    private bool _isWaiting;

    /// <summary>The request was sent.</summary>
    /// <exception cref="OperationCanceledException">In the task. Other faults are its result.</exception>
    public ValueTask<HttpSent> WaitAsync(WireRequest request, CircuitPass pass, CancellationToken cancellationToken)
    {
        _core.Reset();
        (_request, _pass, _token, _isWaiting, _interim) = (request, pass, cancellationToken, true, 0);
        socket.Reader = this;
        if (cancellationToken.CanBeCanceled)
        {
            _registration = cancellationToken.UnsafeRegister(static answer => ((LoopAnswer)answer!).PostCancel(), this);
        }

        if (socket.HasInput || input.Length > 0)
        {
            OnReadable();
        }

        return new ValueTask<HttpSent>(this, _core.Version);
    }

    public void OnReadable()
    {
        try
        {
            if (TryRead() && TryEnd())
            {
                connection.BeginBody();
                _core.SetResult(connection.Pool.Wire.Succeeded(connection));
            }
        }
        catch (IOException fault)
        {
            Fail(fault);
        }
    }

    public void OnClosed() => Fail(new IOException("The connection is closed."));

    HttpSent IValueTaskSource<HttpSent>.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<HttpSent>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<HttpSent>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    /// <summary>True when the head of the final response was read.</summary>
    private bool TryRead()
    {
        while (true)
        {
            var used = head.Read(input.Span);
            if (used > 0)
            {
                input.Consume(used);
                if (head.Status >= 200)
                {
                    return true;
                }

                if (++_interim == MaxInterim)
                {
                    throw new IOException("The upstream sent interim responses without end.");
                }
            }
            else if (input.IsFull)
            {
                throw new IOException("The head of the upstream's response is too long.");
            }
            else if (input.TryFill() is var count and <= 0)
            {
                return count < 0 ? false : throw new IOException("The upstream closed the connection before it answered.");
            }
        }
    }

    private void Fail(Exception fault)
    {
        var token = _token;
        if (!TryEnd())
        {
            return;
        }

        connection.Close();
        HttpSent failed;
        try
        {
            failed = connection.Pool.Wire.Failed(_pass, _request!, fault, token);
        }
        catch (Exception thrown)
        {
            _core.SetException(thrown);
            return;
        }

        _core.SetResult(failed);
    }

    private bool TryEnd()
    {
        if (!_isWaiting)
        {
            return false;
        }

        _isWaiting = false;
        socket.Reader = null;
        _registration.Unregister();
        (_registration, _token) = (default, default);
        return true;
    }

    /// <summary>By the time it is looked at another wait may be on, whose token decides.</summary>
    private void PostCancel() => socket.Loop.Post(
        static state =>
        {
            var answer = (LoopAnswer)state!;
            if (answer._isWaiting && answer._token.IsCancellationRequested)
            {
                answer.Fail(new OperationCanceledException(answer._token));
            }
        },
        this);
}
