using System.Globalization;
using System.Text;

namespace NativeGateway.NativeTests.Wire;

/// <summary>Reads what HTTP/1.1 consists of: lines, counted bytes, chunks. Used by the scripted client and the scripted upstreams alike.</summary>
internal sealed class WireReader(Stream stream)
{
    private byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;

    /// <summary>The next line without its end; null when the peer ended the stream before it.</summary>
    public async ValueTask<string?> ReadLineAsync(CancellationToken cancellationToken)
    {
        var searched = 0;
        while (true)
        {
            var at = Array.IndexOf(_buffer, (byte)'\n', _start + searched, _end - _start - searched);
            if (at >= 0)
            {
                var length = at - _start - (at > _start && _buffer[at - 1] == '\r' ? 1 : 0);
                var line = Encoding.Latin1.GetString(_buffer, _start, length);
                _start = at + 1;
                return line;
            }

            searched = _end - _start;
            if (!await FillAsync(cancellationToken))
            {
                return null;
            }
        }
    }

    /// <summary>Exactly so many bytes; null when the stream ends before.</summary>
    public async ValueTask<byte[]?> ReadExactlyAsync(int count, CancellationToken cancellationToken)
    {
        while (_end - _start < count)
        {
            if (!await FillAsync(cancellationToken))
            {
                return null;
            }
        }

        var bytes = _buffer.AsSpan(_start, count).ToArray();
        _start += count;
        return bytes;
    }

    /// <summary>All until the peer ends the stream.</summary>
    public async ValueTask<byte[]> ReadToEndAsync(CancellationToken cancellationToken)
    {
        while (await FillAsync(cancellationToken))
        {
        }

        var bytes = _buffer.AsSpan(_start, _end - _start).ToArray();
        _start = _end;
        return bytes;
    }

    /// <summary>The next chunk of a chunked body; empty for the last one, null when the stream ends before it.</summary>
    public async ValueTask<byte[]?> ReadChunkAsync(CancellationToken cancellationToken)
    {
        if (await ReadLineAsync(cancellationToken) is not { } size)
        {
            return null;
        }

        var length = int.Parse(size.Split(';')[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        var chunk = await ReadExactlyAsync(length, cancellationToken);
        return await ReadLineAsync(cancellationToken) is null ? null : chunk;
    }

    /// <summary>A start line and its headers; null when the stream ends before they are complete.</summary>
    public async ValueTask<WireHead?> ReadHeadAsync(CancellationToken cancellationToken)
    {
        var start = await ReadLineAsync(cancellationToken);
        if (start is null)
        {
            return null;
        }

        var headers = new List<KeyValuePair<string, string>>();
        while (await ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.Length == 0)
            {
                return new WireHead(start, headers);
            }

            var colon = line.IndexOf(':', StringComparison.Ordinal);
            headers.Add(new(line[..colon], line[(colon + 1)..].Trim()));
        }

        return null;
    }

    /// <summary>The whole body that a head announces; null when the stream ends before it does.</summary>
    public async ValueTask<byte[]?> ReadBodyAsync(WireHead head, CancellationToken cancellationToken)
    {
        if (!head.IsChunked)
        {
            return await ReadExactlyAsync(int.Parse(head["Content-Length"] ?? "0", CultureInfo.InvariantCulture), cancellationToken);
        }

        using var body = new MemoryStream();
        while (await ReadChunkAsync(cancellationToken) is { } chunk)
        {
            if (chunk.Length == 0)
            {
                return body.ToArray();
            }

            body.Write(chunk);
        }

        return null;
    }

    private async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        try
        {
            var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            _end += read;
            return read > 0;
        }
        catch (IOException)
        {
            // A reset is an end, too.
            return false;
        }
    }
}
