using NativeGateway.Model;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>The requests in flight on one connection that carries many, by id and by progress token. Closed once, with the session. Any thread.</summary>
internal sealed class PendingCalls(TimeProvider time)
{
    private const int MaxLeft = 256;
    private const long AllFurther = -1;

    /// <summary>For so long an upstream may be at work on a call that nobody waits for any more.</summary>
    public static readonly TimeSpan Aftermath = TimeSpan.FromMinutes(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<long, QueuedReply> _byId = [];
    private readonly Dictionary<long, QueuedReply> _byToken = [];

    /// <summary>When calls were left without an answer, by id; one entry stands for all that there is no room for.</summary>
    private readonly Dictionary<long, long> _left = [];
    private bool _closed;

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _byId.Count;
            }
        }
    }

    /// <summary>False when the session is closed, or has such a request in flight.</summary>
    public bool TryAdd(QueuedReply call)
    {
        lock (_gate)
        {
            if (_closed || !_byId.TryAdd(call.Id, call))
            {
                return false;
            }

            if (call.ProgressToken is { } token)
            {
                _byToken[token] = call;
            }

            return true;
        }
    }

    /// <summary>Ends a call whose answer has come, or which the upstream has certainly not got.</summary>
    public bool TryTake(long id, out QueuedReply? call)
    {
        lock (_gate)
        {
            _left.Remove(id);
            return Remove(id, out call);
        }
    }

    /// <summary>
    /// Ends a call that was sent and whose answer nobody waits for. The upstream may go on with it, so until its answer comes, or for 10 min, what
    /// bears no mark may belong to it. False when it was answered already.
    /// </summary>
    public bool TryLeave(long id)
    {
        lock (_gate)
        {
            if (!Remove(id, out var call))
            {
                return false;
            }

            if (!call!.IsListen)
            {
                _left[_left.Count < MaxLeft ? id : AllFurther] = time.GetTimestamp();
            }

            return true;
        }
    }

    public QueuedReply? Find(long id)
    {
        lock (_gate)
        {
            return _byId.GetValueOrDefault(id);
        }
    }

    public QueuedReply? FindByToken(long token)
    {
        lock (_gate)
        {
            return _byToken.GetValueOrDefault(token);
        }
    }

    /// <summary>The only call that a message without any mark can belong to; null when there are several, or none.</summary>
    public QueuedReply? FindOnly()
    {
        lock (_gate)
        {
            if (IsAnyLeft())
            {
                return null;
            }

            QueuedReply? only = null;
            foreach (var call in _byId.Values)
            {
                if (call.IsListen)
                {
                    continue;
                }

                if (only is not null)
                {
                    return null;
                }

                only = call;
            }

            return only;
        }
    }

    /// <summary>True when there was none in flight; then there will be none.</summary>
    public bool TryCloseEmpty()
    {
        lock (_gate)
        {
            _closed |= _byId.Count == 0;
            return _closed;
        }
    }

    public void Close(GatewayError error)
    {
        QueuedReply[] calls;
        lock (_gate)
        {
            _closed = true;
            calls = [.. _byId.Values];
            _byId.Clear();
            _byToken.Clear();
        }

        foreach (var call in calls)
        {
            call.Fail(error);
        }
    }

    private bool IsAnyLeft()
    {
        foreach (var (id, since) in _left)
        {
            if (time.GetElapsedTime(since) > Aftermath)
            {
                _left.Remove(id);
            }
        }

        return _left.Count > 0;
    }

    private bool Remove(long id, out QueuedReply? call)
    {
        if (!_byId.Remove(id, out call))
        {
            return false;
        }

        if (call.ProgressToken is { } token)
        {
            _byToken.Remove(token);
        }

        return true;
    }
}
