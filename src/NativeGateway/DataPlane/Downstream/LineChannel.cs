using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>One line from a client; its bytes are valid until the next is read.</summary>
internal readonly record struct IncomingLine(LineKind Kind, ReadOnlyMemory<byte> Bytes);

/// <summary>
/// A client at the other end of two pipes: one message per line in both directions (basic/transports/stdio). One reader; writers from any
/// thread, one after the other. What waits to be taken by the client is bounded by the pipe: a client that does not read makes writers wait, and
/// is not read from either.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Neither wait handle is ever used, and a late write may still meet both.")]
internal sealed class LineChannel(IDuplexPipe pipe)
{
    /// <summary>Longest line that is kept whole; what a message may have is for its handler to decide.</summary>
    public const int MaxLine = 64 * 1024 * 1024;

    private readonly LineReader _lines = new(MaxLine);
    private readonly Stream _input = pipe.Input.AsStream();
    private readonly PipeWriter _output = pipe.Output;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly CancellationTokenSource _gone = new();
    private bool _isAtEnd;

    /// <summary>Cancelled when the client takes nothing more.</summary>
    public CancellationToken Gone => _gone.Token;

    /// <summary>Hands over one line after the other until the client closes its end, is gone, or this is to stop.</summary>
    /// <param name="take">Copies the line before it gives its task away; the next one follows when that has completed.</param>
    public async Task ReadToEndAsync(Func<IncomingLine, Task> take, CancellationToken stop)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop, _gone.Token);
        try
        {
            while (await ReadAsync(ending.Token).ConfigureAwait(false) is { } line)
            {
                await take(line).WaitAsync(ending.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // What the client still says is of no use.
        }
    }

    /// <summary>Copies the message before it returns. Does nothing when the client is gone.</summary>
    public async ValueTask WriteAsync(MessageEditor message)
    {
        await _turn.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            if (_gone.IsCancellationRequested)
            {
                return;
            }

            message.WriteLineTo(_output);
            _output.Write("\n"u8);
            var flushed = await _output.FlushAsync(CancellationToken.None).ConfigureAwait(false);
            if (flushed.IsCompleted || flushed.IsCanceled)
            {
                await _gone.CancelAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Gives the client up: nobody waits any longer for it to read.</summary>
    public void Abandon()
    {
        _gone.Cancel();
        _output.CancelPendingFlush();
    }

    /// <summary>The next line that is not blank; null when the client has closed its end. The last one may lack its line end.</summary>
    private async ValueTask<IncomingLine?> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_lines.Next(out var line) is var kind && kind != LineKind.None)
            {
                return new IncomingLine(kind, line);
            }

            if (_isAtEnd)
            {
                return null;
            }

            await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
            _turn.Release();
            var count = await _input.ReadAsync(_lines.GetMemory(), cancellationToken).ConfigureAwait(false);
            _lines.Advance(count);
            _isAtEnd = count == 0;
            if (_isAtEnd && _lines.Rest() is { IsEmpty: false } last)
            {
                return new IncomingLine(LineKind.Whole, last);
            }
        }
    }
}
