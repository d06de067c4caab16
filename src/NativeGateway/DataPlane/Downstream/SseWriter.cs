using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>
/// Writes server-sent events, each flushed at once: one message per event on one <c>data</c> line (WHATWG HTML, 9.2; MCP wants it so, because
/// simple clients read line by line). Keep-alive comments may come from a timer while a message is being written, hence the lock.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The semaphore's wait handle is never used, and a late keep-alive may still meet it.")]
internal sealed class SseWriter
{
    private readonly PipeWriter _output;
    private readonly SemaphoreSlim _writing = new(1, 1);

    private SseWriter(PipeWriter output) => _output = output;

    /// <summary>Makes the response an event stream. Headers leave with the first event.</summary>
    public static SseWriter Begin(HttpContext context)
    {
        var response = context.Response;
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache";
        response.Headers["X-Accel-Buffering"] = "no";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
        {
            // A stream may be silent, and its reader may be slow: back-pressure bounds what waits, not a minimum rate.
            rate.MinDataRate = null;
        }

        return new SseWriter(response.BodyWriter);
    }

    public async ValueTask WriteAsync(MessageEditor message)
    {
        await _writing.WaitAsync().ConfigureAwait(false);
        try
        {
            _output.Write("data: "u8);
            WriteOneLine(message);
            _output.Write("\n\n"u8);
            await _output.FlushAsync().ConfigureAwait(false);
        }
        finally
        {
            _writing.Release();
        }
    }

    public async ValueTask WriteCommentAsync()
    {
        await _writing.WaitAsync().ConfigureAwait(false);
        try
        {
            _output.Write(":\n\n"u8);
            await _output.FlushAsync().ConfigureAwait(false);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>A comment, unless a message is under way: then the connection is visibly alive anyway.</summary>
    public void TryKeepAlive()
    {
        if (!_writing.Wait(0))
        {
            return;
        }

        _ = KeepAliveAsync();
    }

    private async Task KeepAliveAsync()
    {
        try
        {
            _output.Write(":\n\n"u8);
            await _output.FlushAsync().ConfigureAwait(false);
        }
        catch (Exception closed) when (closed is InvalidOperationException or ObjectDisposedException or IOException)
        {
            // The exchange ended between the timer and now.
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>JSON may be formatted over several lines; a line break inside an event would end its data line. Between tokens a space is the same.</summary>
    private void WriteOneLine(MessageEditor message)
    {
        if (message.Source.Span.IndexOfAny((byte)'\n', (byte)'\r') < 0)
        {
            message.WriteTo(_output);
            return;
        }

        var whole = new ArrayBufferWriter<byte>(message.Length);
        message.WriteTo(whole);
        var line = _output.GetSpan(whole.WrittenCount)[..whole.WrittenCount];
        whole.WrittenSpan.CopyTo(line);
        line.Replace((byte)'\n', (byte)' ');
        line.Replace((byte)'\r', (byte)' ');
        _output.Advance(whole.WrittenCount);
    }
}
