using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Text;
using NativeGateway.DataPlane.Proxy;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>
/// Writes server-sent events, each flushed at once: one message per event on one <c>data</c> line (WHATWG HTML, 9.2; MCP wants it so, because
/// simple clients read line by line). A comment keeps a silent stream alive. Writes come from any thread, one after the other; those that come
/// after the end of the response are dropped, for the connection may carry another response by then.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The semaphore's wait handle is never used, and a late write may still meet it.")]
internal sealed class SseWriter : IAsyncDisposable
{
    /// <summary>A client that does not read must slow its upstream down before much waits for it.</summary>
    private const int MaxHeld = 16 * 1024;

    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    private readonly PipeWriter _output;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private ITimer? _keepAlive;
    private bool _closed;

    private SseWriter(PipeWriter output) => _output = output;

    /// <summary>What comes before the data line of a message, beside its id: HTTP+SSE wants the type of every event said.</summary>
    public ReadOnlyMemory<byte> Prefix { get; init; }

    /// <summary>Makes the response an event stream. Headers leave with the first event.</summary>
    /// <param name="prefix">See <see cref="Prefix"/>.</param>
    public static SseWriter Begin(IClientResponse response, RequestNumber number, ReplyHeaders headers, ReadOnlyMemory<byte> prefix = default)
    {
        response.Begin(new ResponseHead(200, ResponseContent.EventStream, 0, number, headers));
        return new SseWriter(response.Body) { Prefix = prefix };
    }

    /// <param name="holds">It may leave with the next message, at the next flush or with the end of the response, as long as not much is held.</param>
    public ValueTask WriteAsync(MessageEditor message, bool holds = false) =>
        !holds || !TryHold(message) ? WriteAsync(static (writer, editor) => writer.WriteMessage(editor), message, CancellationToken.None)
        : _output.UnflushedBytes > MaxHeld ? FlushAsync()
        : ValueTask.CompletedTask;

    /// <summary>What is held leaves, and silence begins.</summary>
    public ValueTask FlushAsync() => _output.UnflushedBytes > 0 ? WriteAsync(static (_, _) => { }, 0, CancellationToken.None) : ValueTask.CompletedTask;

    /// <summary>Writes an event with an id. Without data it says only where the stream stands, and how long to wait before coming back.</summary>
    public ValueTask WriteAsync(string id, ReadOnlyMemory<byte> data, CancellationToken cancellationToken) =>
        WriteAsync(static (writer, item) => writer.WriteEvent(item.Id, item.Data.Span), (Id: id, Data: data), cancellationToken);

    /// <summary>Writes an event of another type than <c>message</c>.</summary>
    public ValueTask WriteEventAsync(string type, string data) =>
        WriteAsync(static (writer, item) => writer.WriteText($"event: {item.Type}\ndata: {item.Data}\n\n"), (Type: type, Data: data), CancellationToken.None);

    public ValueTask WriteCommentAsync() => WriteAsync(static (writer, _) => writer._output.Write(":\n\n"u8), 0, CancellationToken.None);

    /// <summary>From here on nothing is written any more. Must have completed before the request ends.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_keepAlive is not null)
        {
            await _keepAlive.DisposeAsync().ConfigureAwait(false);
        }

        await _writing.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        _closed = true;
        _writing.Release();
    }

    /// <summary>False while somebody else writes.</summary>
    private bool TryHold(MessageEditor message)
    {
        if (!_writing.Wait(0))
        {
            return false;
        }

        try
        {
            if (!_closed)
            {
                WriteMessage(message);
            }

            return true;
        }
        finally
        {
            _writing.Release();
        }
    }

    private async ValueTask WriteAsync<T>(Action<SseWriter, T> write, T item, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!_closed)
            {
                write(this, item);

                // A stream whose messages all come at once is held to its end, which is before it could be silent.
                _keepAlive ??= TimeProvider.System.CreateTimer(static writer => ((SseWriter)writer!).TryKeepAlive(), this, KeepAlive, KeepAlive);
                await _output.FlushAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>A comment, unless a message is under way: then the connection is visibly alive anyway.</summary>
    private void TryKeepAlive()
    {
        if (_writing.Wait(0))
        {
            _ = KeepAliveAsync();
        }
    }

    private async Task KeepAliveAsync()
    {
        try
        {
            if (!_closed)
            {
                _output.Write(":\n\n"u8);
                await _output.FlushAsync().ConfigureAwait(false);
            }
        }
        catch (Exception closed) when (closed is InvalidOperationException or ObjectDisposedException or IOException)
        {
            // The connection broke at this moment; whoever writes next sees it.
        }
        finally
        {
            _writing.Release();
        }
    }

    private void WriteMessage(MessageEditor message)
    {
        _output.Write(Prefix.Span);
        _output.Write("data: "u8);
        message.WriteLineTo(_output);
        _output.Write("\n\n"u8);
    }

    private void WriteEvent(string id, ReadOnlySpan<byte> data)
    {
        WriteText($"id: {id}\n");
        if (data.IsEmpty)
        {
            _output.Write("retry: 1000\ndata: \n\n"u8);
            return;
        }

        _output.Write("data: "u8);
        JsonText.WriteLine(_output, data);
        _output.Write("\n\n"u8);
    }

    private void WriteText(string text) => Encoding.UTF8.GetBytes(text, _output);
}
