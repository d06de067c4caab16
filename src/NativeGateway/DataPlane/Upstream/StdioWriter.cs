using System.Net.Sockets;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// Writes lines to a process's stdin, one after the other. A line that finds nobody writing goes out on its caller's own thread; others queue,
/// and nobody waits for the queue but the process itself. When it leaves its stdin full for too long, waiting requests are given back unsent and
/// new ones refused, until it reads again. Any thread.
/// </summary>
internal sealed class StdioWriter(Socket input, StdioSession session, TimeSpan deadline, TimeProvider time)
{
    private const int MaxQueued = 1024;
    private const int MaxQueuedBytes = 32 * 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly Queue<OutgoingLine> _queue = new();
    private long _queuedBytes;
    private bool _writing;
    private bool _stuck;
    private bool _closed;

    public bool IsStuck => Volatile.Read(ref _stuck);

    /// <summary>Takes over the line; null, or why it will not be sent.</summary>
    public GatewayError? Write(OutgoingLine line)
    {
        GatewayError? refusal;
        lock (_gate)
        {
            refusal = FindRefusal(line);
            if (refusal is null && _writing)
            {
                _queue.Enqueue(line);
                _queuedBytes += line.Length;
                return null;
            }

            _writing |= refusal is null;
        }

        if (refusal is null)
        {
            _ = DrainAsync(line);
        }
        else
        {
            line.Release();
        }

        return refusal;
    }

    /// <summary>What waits is dropped; what is being written ends with the socket.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            while (_queue.TryDequeue(out var line))
            {
                line.Release();
            }
        }
    }

    private GatewayError? FindRefusal(OutgoingLine line)
    {
        if (_closed)
        {
            return session.Gone();
        }

        if (_stuck)
        {
            return session.DoesNotRead();
        }

        var isFull = _queue.Count >= MaxQueued || (_queue.Count > 0 && _queuedBytes + line.Length > MaxQueuedBytes);
        return isFull ? session.DoesNotRead() : null;
    }

    private async Task DrainAsync(OutgoingLine first)
    {
        var line = first;
        try
        {
            while (line is not null)
            {
                await SendAsync(line);
                line.Release();
                var wasOurs = line == first;
                line = Next();
                if (wasOurs && line is not null)
                {
                    // The caller has sent what it came for; others' lines are not its work.
                    await Task.Yield();
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            line?.Release();
            session.InputBroke();
        }
    }

    private OutgoingLine? Next()
    {
        lock (_gate)
        {
            if (_queue.TryDequeue(out var line))
            {
                _queuedBytes -= line.Length;
                return line;
            }

            _writing = false;
            return null;
        }
    }

    private async ValueTask SendAsync(OutgoingLine line)
    {
        if (!line.TryBegin())
        {
            return;
        }

        var rest = line.Bytes;
        while (!rest.IsEmpty)
        {
            var sending = input.SendAsync(rest, SocketFlags.None, CancellationToken.None);
            var sent = sending.IsCompletedSuccessfully ? sending.Result : await SendPatientlyAsync(sending.AsTask(), line);
            rest = rest[sent..];
        }
    }

    private async Task<int> SendPatientlyAsync(Task<int> sending, OutgoingLine line)
    {
        try
        {
            return await sending.WaitAsync(deadline, time);
        }
        catch (TimeoutException)
        {
            GiveBack(line);
        }

        // Half a line cannot be taken back: whatever comes next has to wait for the process.
        var sent = await sending;
        lock (_gate)
        {
            _stuck = false;
        }

        session.InputMoves();
        return sent;
    }

    private void GiveBack(OutgoingLine current)
    {
        OutgoingLine[] waiting;
        lock (_gate)
        {
            _stuck = true;
            waiting = [.. _queue];
        }

        session.InputStopped();
        if (current.Call is { } caller)
        {
            session.Refuse(caller, session.DoesNotRead() with { Retry = RetryHint.Never }, wasBegun: true);
        }

        foreach (var line in waiting)
        {
            if (line.Call is { } call && line.Withdraw())
            {
                session.Refuse(call, session.DoesNotRead(), wasBegun: false);
            }
        }
    }
}
