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

    public ReplyHeaders Headers { get; } = new();

    public bool CanStream => head.AcceptsEventStream;

    public void AwaitUpstream(Session? session)
    {
        if (session is null || !head.AcceptsEventStream)
        {
            return;
        }

        lock (_gate)
        {
            _session = session;
            _silence ??= TimeProvider.System.CreateTimer(static sink => ((HttpReplySink)sink!).Begin(), this, Silence, Timeout.InfiniteTimeSpan);
        }
    }

    public async ValueTask SendAsync(MessageEditor message)
    {
        Begin();
        await WriteAsync(message, holds: false).ConfigureAwait(false);
    }

    public async ValueTask HoldAsync(MessageEditor message)
    {
        Begin();
        await WriteAsync(message, holds: true).ConfigureAwait(false);
    }

    public ValueTask FlushAsync() => _stream?.FlushAsync() ?? ValueTask.CompletedTask;

    public async ValueTask CompleteAsync(int status, MessageEditor message)
    {
        if (!head.AcceptsJson && head.AcceptsEventStream && status == 200)
        {
            Begin();
        }

        if (!TryBeginJson())
        {
            // The end of the response, which follows at once, sends it.
            await WriteAsync(message, holds: true).ConfigureAwait(false);
            return;
        }

        response.Begin(new ResponseHead(status, ResponseContent.Json, message.Length, head.RequestId, Headers));
        message.WriteTo(response.Body);
        await response.Body.FlushAsync().ConfigureAwait(false);
    }

    public ValueTask CompleteEmptyAsync(int status)
    {
        if (TryBeginJson())
        {
            response.Begin(new ResponseHead(status, ResponseContent.None, 0, head.RequestId, Headers));
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Nothing is written after this.</summary>
    public async ValueTask DisposeAsync()
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

            _stream = SseWriter.Begin(response, head.RequestId, Headers);
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

    private async ValueTask WriteAsync(MessageEditor message, bool holds)
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
