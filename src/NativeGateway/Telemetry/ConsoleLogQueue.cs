using System.Buffers;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace NativeGateway.Telemetry;

/// <summary>
/// Log lines on their way to a stream that may be slow: one bounded channel, one background thread that writes. Nobody who logs ever waits.
/// When lines come faster than they are taken, trace to information are dropped first (the last quarter of the room is kept for warnings and
/// errors), then everything; a line says how many were.
/// </summary>
internal sealed class ConsoleLogQueue : IDisposable
{
    private const int BatchBytes = 64 * 1024;
    private static readonly TimeSpan FlushPatience = TimeSpan.FromSeconds(5);

    private readonly Channel<byte[]> _lines;
    private readonly int _roomForAll;
    private readonly Stream _stream;
    private readonly Func<long, byte[]> _dropNotice;
    private readonly Thread _writer;
    private long _dropped;
    private long _droppedInAll;

    /// <param name="stream">Written by the background thread alone; a failing one is given up on.</param>
    /// <param name="capacity">Lines waiting at once.</param>
    /// <param name="dropNotice">Makes the line that says how many were dropped.</param>
    public ConsoleLogQueue(Stream stream, int capacity, Func<long, byte[]> dropNotice)
    {
        _stream = stream;
        _dropNotice = dropNotice;
        _roomForAll = capacity - (capacity / 4);
        _lines = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
        _writer = new Thread(Run) { IsBackground = true, Name = "log writer" };
        _writer.Start();
    }

    /// <summary>Lines dropped since the start.</summary>
    public long Dropped => Interlocked.Read(ref _droppedInAll);

    public void Add(LogLevel level, byte[] line)
    {
        var hasRoom = level >= LogLevel.Warning || _lines.Reader.Count < _roomForAll;
        if (!hasRoom || !_lines.Writer.TryWrite(line))
        {
            Interlocked.Increment(ref _dropped);
            Interlocked.Increment(ref _droppedInAll);
        }
    }

    /// <summary>Writes what waits, as far as the stream takes it in a few seconds.</summary>
    public void Dispose()
    {
        if (_lines.Writer.TryComplete())
        {
            _writer.Join(FlushPatience);
        }
    }

    private void Run()
    {
        var batch = new ArrayBufferWriter<byte>(BatchBytes);
        var broken = false;
        while (_lines.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (batch.WrittenCount < BatchBytes && _lines.Reader.TryRead(out var line))
            {
                batch.Write(line);
            }

            AddNotice(batch);
            broken = broken || !TryFlush(batch);
            batch.ResetWrittenCount();
        }

        AddNotice(batch);
        if (!broken && batch.WrittenCount > 0)
        {
            TryFlush(batch);
        }
    }

    private void AddNotice(ArrayBufferWriter<byte> batch)
    {
        if (Interlocked.Exchange(ref _dropped, 0) is var dropped and > 0)
        {
            batch.Write(_dropNotice(dropped));
        }
    }

    private bool TryFlush(ArrayBufferWriter<byte> batch)
    {
        try
        {
            _stream.Write(batch.WrittenSpan);
            _stream.Flush();
            return true;
        }
        catch (IOException)
        {
            // Nobody reads any more (a closed pipe, a full disk), and there is no place left to say so.
            return false;
        }
    }
}
