using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using NativeGateway.DataPlane.Transport;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>
/// The responses of one connection of the lean door, one after the other. Head and body gather in one buffer, and a flush is one send: a JSON
/// answer leaves whole, each event of a stream as one chunk (RFC 9112, 7.1). Any thread may write; sending happens on the loop.
/// </summary>
internal sealed class LoopResponse(LoopSocket socket, HttpDate date, Action<bool> stalled) : PipeWriter, IClientResponse
{
    private const int FirstBuffer = 4 * 1024;
    private const int ChunkHead = 10;

    private byte[] _buffer = [];
    private int _end;
    private int _chunk;
    private bool _hasBegun;
    private bool _isChunked;
    private bool _isBroken;
    private long _missing;
    private CancellationToken _gone;

    public CancellationToken ClientGone => _gone;

    public PipeWriter Body => this;

    /// <summary>The connection is closed after this response, and says so.</summary>
    public bool Closes { get; set; }

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _isChunked && _end == _chunk + ChunkHead ? _chunk : _end;

    /// <summary>Before each response.</summary>
    public void Reset(bool closes, CancellationToken gone)
    {
        (_gone, Closes) = (gone, closes);
        (_end, _hasBegun, _isChunked, _missing) = (0, false, false, 0);
    }

    public void Begin(in ResponseHead head)
    {
        if (_hasBegun)
        {
            throw new InvalidOperationException("The response has begun.");
        }

        _hasBegun = true;
        _isChunked = head.Content == ResponseContent.EventStream;
        _missing = _isChunked ? 0 : head.Length;
        var lines = new Lines(this);
        Write("HTTP/1.1 "u8);
        Write(head.Status);
        Write(" "u8);
        Write(ReasonPhrases.GetReasonPhrase(head.Status));
        Write("\r\nDate: "u8);
        Write(date.Now);
        Write("\r\n"u8);
        if (_isChunked)
        {
            lines.Add("Transfer-Encoding"u8, "chunked"u8);
        }
        else if (head.Status != 204)
        {
            Write("Content-Length: "u8);
            Write(head.Length);
            Write("\r\n"u8);
        }

        if (Closes)
        {
            lines.Add("Connection"u8, "close"u8);
        }

        ReplyHeaderLines.Write(head, ref lines);
        Write("\r\n"u8);
        BeginChunk();
    }

    /// <summary>Ends the response. False when the client did not get all of it, so that the connection is of no more use.</summary>
    public async ValueTask<bool> EndAsync()
    {
        if (_isChunked)
        {
            EndChunk();
            Write("0\r\n\r\n"u8);
        }

        await SendAsync().ConfigureAwait(false);
        Return();
        return _hasBegun && _missing == 0 && !_isBroken;
    }

    public override void Advance(int bytes)
    {
        _end += bytes;
        _missing -= _isChunked ? 0 : bytes;
    }

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(1, sizeHint));
        return _buffer.AsMemory(_end);
    }

    public override Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(Math.Max(1, sizeHint));
        return _buffer.AsSpan(_end);
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        EndChunk();
        var sending = SendAsync();
        if (sending.IsCompletedSuccessfully)
        {
            BeginChunk();
            return ValueTask.FromResult(new FlushResult(isCanceled: false, isCompleted: _isBroken));
        }

        return AwaitAsync(sending);
    }

    public override void CancelPendingFlush() => throw new NotSupportedException();

    public override void Complete(Exception? exception = null) => throw new NotSupportedException();

    private async ValueTask<FlushResult> AwaitAsync(ValueTask sending)
    {
        await sending.ConfigureAwait(false);
        BeginChunk();
        return new FlushResult(isCanceled: false, isCompleted: _isBroken);
    }

    private ValueTask SendAsync()
    {
        if (_isBroken || _end == 0)
        {
            _end = 0;
            return ValueTask.CompletedTask;
        }

        if (!socket.Loop.IsCurrent)
        {
            return SendSlowlyAsync(0);
        }

        try
        {
            var sent = socket.TrySend(_buffer.AsSpan(0, _end));
            if (sent < _end)
            {
                return SendSlowlyAsync(sent);
            }
        }
        catch (IOException)
        {
            _isBroken = true;
        }

        _end = 0;
        return ValueTask.CompletedTask;
    }

    /// <summary>From another thread, or to a client that is slower than the gateway.</summary>
    private async ValueTask SendSlowlyAsync(int sent)
    {
        await socket.Loop.Enter();
        try
        {
            while ((sent += socket.TrySend(_buffer.AsSpan(sent, _end - sent))) < _end)
            {
                // A stream may have a slow reader for as long as it likes; back-pressure bounds what waits.
                stalled(!_isChunked);
                await socket.WaitWritableAsync(CancellationToken.None).ConfigureAwait(false);
            }

            stalled(false);
        }
        catch (IOException)
        {
            _isBroken = true;
        }

        _end = 0;
    }

    /// <summary>Leaves room for the size of a chunk before the bytes whose number is not known yet.</summary>
    private void BeginChunk()
    {
        if (_isChunked)
        {
            Reserve(ChunkHead);
            _chunk = _end;
            _end += ChunkHead;
        }
    }

    private void EndChunk()
    {
        if (!_isChunked)
        {
            return;
        }

        var length = _end - _chunk - ChunkHead;
        if (length == 0)
        {
            _end = _chunk;
            return;
        }

        Utf8Formatter.TryFormat(length, _buffer.AsSpan(_chunk), out _, new StandardFormat('X', 8));
        "\r\n"u8.CopyTo(_buffer.AsSpan(_chunk + 8));
        Write("\r\n"u8);
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(_end));
        _end += bytes.Length;
    }

    private void Write(string text)
    {
        Reserve(text.Length);
        _end += Encoding.ASCII.GetBytes(text, _buffer.AsSpan(_end));
    }

    private void Write(int number)
    {
        Reserve(11);
        Utf8Formatter.TryFormat(number, _buffer.AsSpan(_end), out var length);
        _end += length;
    }

    private void Reserve(int count)
    {
        if (_buffer.Length - _end >= count)
        {
            return;
        }

        var next = ArrayPool<byte>.Shared.Rent(Math.Max(_end + count, Math.Max(FirstBuffer, 2 * _buffer.Length)));
        _buffer.AsSpan(0, _end).CopyTo(next);
        Return();
        _buffer = next;
    }

    private void Return()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }

    private readonly struct Lines(LoopResponse response) : IHeaderLines
    {
        public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
        {
            response.Write(name);
            response.Write(": "u8);
            response.Write(value);
            response.Write("\r\n"u8);
        }
    }
}
