using NativeGateway.Model;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>The requests in flight on one connection that carries many, by id and by progress token. Closed once, with the session. Any thread.</summary>
internal sealed class PendingCalls
{
    private readonly Lock _gate = new();
    private readonly Dictionary<long, QueuedReply> _byId = [];
    private readonly Dictionary<long, QueuedReply> _byToken = [];
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

    public bool TryTake(long id, out QueuedReply? call)
    {
        lock (_gate)
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
}
