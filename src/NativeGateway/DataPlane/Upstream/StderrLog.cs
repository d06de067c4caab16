using System.Text;
using Microsoft.Extensions.Logging;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// What an upstream's processes write to stderr: every line goes to the tail, and to the log as far as its rate allows. Configured variables
/// are secrets, and servers like to print them: their values are blotted out. One per upstream; outlives its processes.
/// </summary>
internal sealed class StderrLog(UpstreamConfig config, ILogger logger, TimeProvider time)
{
    private const int MaxLine = 4 * 1024;
    private const int TailLines = 50;
    private const double LinesPerSecond = 20;
    private const double Burst = 200;
    private const int ShortestSecret = 6;

    private readonly Lock _gate = new();
    private readonly Queue<string> _tail = new(TailLines);
    private readonly string[] _secrets =
        [.. (config.Command?.Environment.Values ?? []).Where(v => v.Length >= ShortestSecret).OrderByDescending(v => v.Length)];

    private double _allowance = Burst;
    private long _allowedAt = time.GetTimestamp();
    private long _suppressed;

    /// <summary>The last lines, oldest first.</summary>
    public IReadOnlyList<string> Tail
    {
        get
        {
            lock (_gate)
            {
                return [.. _tail];
            }
        }
    }

    /// <summary>Reads one process's stderr to its end. Never faults.</summary>
    public async Task RunAsync(Stream errors, CancellationToken cancellationToken)
    {
        using var lines = new LineReader(MaxLine, bufferSize: 4 * 1024);
        try
        {
            while (true)
            {
                var read = await errors.ReadAsync(lines.GetMemory(), cancellationToken);
                if (read == 0)
                {
                    break;
                }

                lines.Advance(read);
                while (lines.Next(out var line) != LineKind.None)
                {
                    Add(line.Span);
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The process is gone; what it wrote so far is kept.
        }

        Add(lines.Rest().Span);
    }

    private void Add(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return;
        }

        var line = Clean(bytes);
        bool allowed;
        long suppressed;
        lock (_gate)
        {
            if (_tail.Count == TailLines)
            {
                _tail.Dequeue();
            }

            _tail.Enqueue(line);
            allowed = TakeAllowance();
            suppressed = allowed ? _suppressed : 0;
            _suppressed = allowed ? 0 : _suppressed + 1;
        }

        if (suppressed > 0)
        {
            logger.ProcessWroteTooMuch(config.Key, suppressed);
        }

        if (allowed)
        {
            logger.ProcessWrites(config.Key, line);
        }
    }

    private bool TakeAllowance()
    {
        var now = time.GetTimestamp();
        _allowance = Math.Min(Burst, _allowance + (time.GetElapsedTime(_allowedAt, now).TotalSeconds * LinesPerSecond));
        _allowedAt = now;
        if (_allowance < 1)
        {
            return false;
        }

        _allowance--;
        return true;
    }

    /// <summary>Control characters could forge lines of the log, or colour the terminal that shows it.</summary>
    private string Clean(ReadOnlySpan<byte> bytes)
    {
        var text = Encoding.UTF8.GetString(bytes);
        foreach (var secret in _secrets)
        {
            text = text.Replace(secret, "***", StringComparison.Ordinal);
        }

        return string.Create(text.Length, text, static (cleaned, source) =>
        {
            for (var i = 0; i < cleaned.Length; i++)
            {
                cleaned[i] = char.IsControl(source[i]) ? ' ' : source[i];
            }
        });
    }
}
