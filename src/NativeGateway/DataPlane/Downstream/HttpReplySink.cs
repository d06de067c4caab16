using NativeGateway.DataPlane.Proxy;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>
/// A reply over HTTP: one JSON body when the response comes first, an event stream from the moment another message precedes it. The status is
/// decided as late as that, because some errors must be told by it. Where the client has a session, a wait for an upstream lasts 10 s at most
/// before the stream begins: only a stream tells the client how to come back for its answer.
/// </summary>
internal sealed class HttpReplySink(IClientResponse response, RequestHead head) : IReplySink, IAsyncDisposable
{
    /// <summary>How long a client waits for the first byte before the reply becomes a stream that it can resume.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private Session? _session;
    private ITimer? _silence;
    private SseWriter? _stream;
    private ReplayStream? _replay;
    private EventReader? _reader;
    private Task _begun = Task.CompletedTask;
    private bool _isJson;
    private RequestHead _head = head;

    public ReplyHeaders Headers { get; } = new();

    public bool CanStream => _head.AcceptsEventStream;

    /// <summary>Nothing of it is left in other hands, so that it may carry another reply once it is disposed.</summary>
    public bool MayRestart => _session is null;

    /// <summary>Makes it the reply to the next request of the same connection.</summary>
    public void Restart(RequestHead head)
    {
        _head = head;
        (_stream, _replay, _reader, _begun, _isJson) = (null, null, null, Task.CompletedTask, false);
        Headers.Clear();
    }

    public void AwaitUpstream(Session? session)
    {
        if (session is null || !_head.AcceptsEventStream)
        {
            return;
        }

        lock (_gate)
        {
            _session = session;
            _silence ??= TimeProvider.System.CreateTimer(static sink => ((HttpReplySink)sink!).Begin(), this, Silence, Timeout.InfiniteTimeSpan);
        }
    }

    public ValueTask SendAsync(MessageEditor message)
    {
        Begin();
        return WriteAsync(message, holds: false);
    }

    public ValueTask HoldAsync(MessageEditor message)
    {
        Begin();
        return WriteAsync(message, holds: true);
    }

    public ValueTask FlushAsync() => _stream?.FlushAsync() ?? ValueTask.CompletedTask;

    public ValueTask CompleteAsync(int status, MessageEditor message)
    {
        if (!_head.AcceptsJson && _head.AcceptsEventStream && status == 200)
        {
            Begin();
        }

        if (!TryBeginJson())
        {
            // The end of the response, which follows at once, sends it.
            return WriteAsync(message, holds: true);
        }

        return response.SendAsync(new ResponseHead(status, ResponseContent.Json, message.Length, _head.Number, Headers), message);
    }

    public ValueTask CompleteEmptyAsync(int status)
    {
        if (TryBeginJson())
        {
            response.Begin(new ResponseHead(status, ResponseContent.None, 0, _head.Number, Headers));
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Nothing is written after this.</summary>
    public ValueTask DisposeAsync()
    {
        // After this no late timer begins a stream any more, where none was set.
        return _silence is null && TryBeginJson() ? ValueTask.CompletedTask : EndAsync();
    }

    private async ValueTask EndAsync()
    {
        if (_silence is not null)
        {
            await _silence.DisposeAsync().ConfigureAwait(false);
        }

        // After this no late timer begins a stream any more.
        TryBeginJson();
        await _begun.ConfigureAwait(false);
        _replay?.End();
        _reader?.Dispose();
        if (_stream is not null)
        {
            await _stream.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>False when the reply is a stream.</summary>
    private bool TryBeginJson()
    {
        lock (_gate)
        {
            _isJson |= _stream is null;
            return _isJson;
        }
    }

    /// <summary>Makes the reply a stream, if it is nothing yet. Also called by the timer.</summary>
    private void Begin()
    {
        lock (_gate)
        {
            if (_isJson || _stream is not null)
            {
                return;
            }

            _stream = SseWriter.Begin(response, _head.Number, Headers);
            _begun = BeginAsync(_stream);
        }
    }

    private async Task BeginAsync(SseWriter stream)
    {
        if (_session is null)
        {
            return;
        }

        _replay = _session.Replay.Begin();
        _reader = _replay.Attach(stream.WriteAsync, response.ClientGone);
        await _replay.StartAsync(_reader, null).ConfigureAwait(false);
        if (!_session.Replay.Primes)
        {
            await stream.WriteCommentAsync().ConfigureAwait(false);
        }
    }

    private ValueTask WriteAsync(MessageEditor message, bool holds) =>
        _begun.IsCompletedSuccessfully && _replay is null ? _stream!.WriteAsync(message, holds) : WriteBehindAsync(message, holds);

    /// <summary>Writes behind what began the stream, and where the client may come back, so that it may be read again.</summary>
    private async ValueTask WriteBehindAsync(MessageEditor message, bool holds)
    {
        await _begun.ConfigureAwait(false);
        if (_replay is null)
        {
            await _stream!.WriteAsync(message, holds).ConfigureAwait(false);
        }
        else
        {
            await _replay.SendAsync(message).ConfigureAwait(false);
        }
    }
}
