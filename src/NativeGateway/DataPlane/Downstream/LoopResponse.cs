using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using Microsoft.AspNetCore.WebUtilities;
using NativeGateway.DataPlane.Transport;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>
/// The responses of one connection of the lean door, one after the other. Head and body gather in one buffer, and a flush is one send: a JSON
/// answer leaves whole, each event of a stream as one chunk (RFC 9112, 7.1). Any thread may write; sending happens on the loop.
/// </summary>
internal sealed class LoopResponse(LoopSocket socket, HttpDate date, Action<bool> stalled) : PipeWriter, IClientResponse
{
    private const int ChunkHead = 10;

    /// <summary>From this length on a piece of a message is sent from where it stands; below it copying is cheaper.</summary>
    private const int LargePiece = 4 * 1024;

    private readonly SendBuffer _buffer = new();
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

    public override long UnflushedBytes => _isChunked && _buffer.Length == _chunk + ChunkHead ? _chunk : _buffer.Length;

    /// <summary>Before each response.</summary>
    public void Reset(bool closes, CancellationToken gone)
    {
        (_gone, Closes) = (gone, closes);
        (_buffer.Length, _hasBegun, _isChunked, _missing) = (0, false, false, 0);
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
        _buffer.Write("HTTP/1.1 "u8);
        _buffer.Write(head.Status);
        _buffer.Write(" "u8);
        _buffer.WriteAscii(ReasonPhrases.GetReasonPhrase(head.Status));
        _buffer.Write("\r\nDate: "u8);
        _buffer.Write(date.Now);
        _buffer.Write("\r\n"u8);
        if (_isChunked)
        {
            lines.Add("Transfer-Encoding"u8, "chunked"u8);
        }
        else if (head.Status != 204)
        {
            _buffer.Write("Content-Length: "u8);
            _buffer.Write(head.Length);
            _buffer.Write("\r\n"u8);
        }

        if (Closes)
        {
            lines.Add("Connection"u8, "close"u8);
        }

        ReplyHeaderLines.Write(head, ref lines);
        _buffer.Write("\r\n"u8);
        BeginChunk();
    }

    public ValueTask SendAsync(in ResponseHead head, MessageEditor message)
    {
        Begin(head);
        var (large, split) = (ReadOnlyMemory<byte>.Empty, 0);
        foreach (var piece in message)
        {
            _missing -= piece.Length;
            if (piece.Length >= LargePiece && large.IsEmpty && socket.Loop.IsCurrent)
            {
                (large, split) = (piece, _buffer.Length);
            }
            else
            {
                _buffer.Write(piece.Span);
            }
        }

        return large.IsEmpty ? SendAsync() : SendAroundAsync(split, large);
    }

    /// <summary>Ends the response. False when the client did not get all of it, so that the connection is of no more use.</summary>
    public ValueTask<bool> EndAsync()
    {
        if (_isChunked)
        {
            EndChunk();
            _buffer.Write("0\r\n\r\n"u8);
        }

        var sending = SendAsync();
        return sending.IsCompletedSuccessfully ? new(End()) : AwaitEndAsync(sending);
    }

    public override void Advance(int bytes)
    {
        _buffer.Advance(bytes);
        _missing -= _isChunked ? 0 : bytes;
    }

    public override Memory<byte> GetMemory(int sizeHint = 0) => _buffer.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => _buffer.GetSpan(sizeHint);

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

    private bool End()
    {
        _buffer.Release();
        return _hasBegun && _missing == 0 && !_isBroken;
    }

    private async ValueTask<bool> AwaitEndAsync(ValueTask sending)
    {
        await sending.ConfigureAwait(false);
        return End();
    }

    private async ValueTask<FlushResult> AwaitAsync(ValueTask sending)
    {
        await sending.ConfigureAwait(false);
        BeginChunk();
        return new FlushResult(isCanceled: false, isCompleted: _isBroken);
    }

    private ValueTask SendAsync()
    {
        if (_isBroken || _buffer.Length == 0)
        {
            _buffer.Length = 0;
            return ValueTask.CompletedTask;
        }

        if (!socket.Loop.IsCurrent)
        {
            return SendSlowlyAsync(0);
        }

        try
        {
            var sent = socket.TrySend(_buffer.Written.Span);
            if (sent < _buffer.Length)
            {
                return SendSlowlyAsync(sent);
            }
        }
        catch (IOException)
        {
            _isBroken = true;
        }

        _buffer.Length = 0;
        return ValueTask.CompletedTask;
    }

    /// <summary>Sends what is in the buffer with something else at a place within it. What is not taken at once is copied, so that it may go.</summary>
    private ValueTask SendAroundAsync(int split, ReadOnlyMemory<byte> large)
    {
        var sent = 0;
        try
        {
            sent = socket.TrySend(_buffer.Span[..split], large.Span, _buffer.Written.Span[split..]);
        }
        catch (IOException)
        {
            _isBroken = true;
        }

        if (_isBroken || sent == _buffer.Length + large.Length)
        {
            _buffer.Length = 0;
            return ValueTask.CompletedTask;
        }

        _buffer.Reserve(large.Length);
        _buffer.Written.Span[split..].CopyTo(_buffer.Span[(split + large.Length)..]);
        large.Span.CopyTo(_buffer.Span[split..]);
        _buffer.Length += large.Length;
        return SendSlowlyAsync(sent);
    }

    /// <summary>From another thread, or to a client that is slower than the gateway.</summary>
    private async ValueTask SendSlowlyAsync(int sent)
    {
        await socket.Loop.Enter();
        try
        {
            while ((sent += socket.TrySend(_buffer.Written.Span[sent..])) < _buffer.Length)
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

        _buffer.Length = 0;
    }

    /// <summary>Leaves room for the size of a chunk before the bytes whose number is not known yet.</summary>
    private void BeginChunk()
    {
        if (_isChunked)
        {
            _buffer.Reserve(ChunkHead);
            _chunk = _buffer.Length;
            _buffer.Length += ChunkHead;
        }
    }

    private void EndChunk()
    {
        if (!_isChunked)
        {
            return;
        }

        var length = _buffer.Length - _chunk - ChunkHead;
        if (length == 0)
        {
            _buffer.Length = _chunk;
            return;
        }

        Utf8Formatter.TryFormat(length, _buffer.Span[_chunk..], out _, new StandardFormat('X', 8));
        "\r\n"u8.CopyTo(_buffer.Span[(_chunk + 8)..]);
        _buffer.Write("\r\n"u8);
    }

    private readonly struct Lines(LoopResponse response) : IHeaderLines
    {
        public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
        {
            response._buffer.Write(name);
            response._buffer.Write(": "u8);
            response._buffer.Write(value);
            response._buffer.Write("\r\n"u8);
        }
    }
}
