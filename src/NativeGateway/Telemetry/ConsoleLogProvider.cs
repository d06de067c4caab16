using System.Buffers;
using Microsoft.Extensions.Logging;

namespace NativeGateway.Telemetry;

/// <summary>Structured logs to a stream (stderr), as text or JSON lines. Lines are made on the thread that logs and written on one of their own.</summary>
internal sealed class ConsoleLogProvider : ILoggerProvider
{
    private const int Capacity = 4096;

    private readonly ConsoleLogFormat _format;
    private readonly TimeProvider _time;
    private readonly ConsoleLogQueue _queue;

    public ConsoleLogProvider(Stream stream, ConsoleLogFormat format, TimeProvider time, int capacity = Capacity)
    {
        _format = format;
        _time = time;
        _queue = new ConsoleLogQueue(stream, capacity, DropNotice);
    }

    public long Dropped => _queue.Dropped;

    /// <summary>A factory for the whole process. Framework categories are kept at warnings: below, Kestrel quotes request heads.</summary>
    public static LoggerFactory CreateFactory(ConsoleLogProvider provider, LogLevel level)
    {
        var options = new LoggerFilterOptions { MinLevel = level };
        var frameworkLevel = level > LogLevel.Warning ? level : LogLevel.Warning;
        options.Rules.Add(new LoggerFilterRule(null, "Microsoft", frameworkLevel, null));
        options.Rules.Add(new LoggerFilterRule(null, "System", frameworkLevel, null));
        // Says again, with a stack, what the host frame tells the operator itself: that an address is taken.
        options.Rules.Add(new LoggerFilterRule(null, "Microsoft.Extensions.Hosting", LogLevel.None, null));
        return new LoggerFactory([provider], options);
    }

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName[(categoryName.LastIndexOf('.') + 1)..]);

    public void Dispose() => _queue.Dispose();

    private void Log(ConsoleLogEntry entry) => _queue.Add(entry.Level, Format(entry));

    private byte[] Format(ConsoleLogEntry entry)
    {
        var line = new ArrayBufferWriter<byte>(512);
        ConsoleLogLine.Write(line, _format, entry);
        return line.WrittenSpan.ToArray();
    }

    private byte[] DropNotice(long count) => Format(new ConsoleLogEntry(
        _time.GetUtcNow(),
        LogLevel.Warning,
        nameof(ConsoleLogProvider),
        new EventId(1000, "LogEntriesDropped"),
        $"{count} log entries were dropped because the output did not take them fast enough",
        null,
        [new("Count", count)]));

    private sealed class Logger(ConsoleLogProvider provider, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel != LogLevel.None)
            {
                var values = state as IReadOnlyList<KeyValuePair<string, object?>>;
                provider.Log(new ConsoleLogEntry(provider._time.GetUtcNow(), logLevel, category, eventId, formatter(state, exception), exception, values));
            }
        }
    }
}
